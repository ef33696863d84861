"""Hand in by git: a commit of exactly the submission's files, a tag, a push."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader import intake
from grader.errors import CourseError
from grader.model import Assignment

ZIP = ("hand in the zip instead (grade submit, without --git)", "改交 zip（grade submit，不带 --git）")


@dataclass(frozen=True, slots=True)
class Pushed:
    """What arrived: the tag, the commit, the remote, the files, and the named files that were not there."""

    tag: str
    commit: str
    remote: str
    files: tuple[str, ...]
    missing: tuple[str, ...]


def surprises(assignment: Assignment) -> list[str]:
    """Return the changed or staged paths of the repository that are not among the submission's files: they would not be handed in."""
    folder = assignment.folder
    changed = [line[3:] for line in _git(folder, "status", "--porcelain", "--untracked-files=no").splitlines()]
    mine = {_inside(folder, name) for name in (*assignment.files, *assignment.notebook_names)}
    return [path for path in changed if path.strip('"') not in mine]


def push(assignment: Assignment, now: dt.datetime | None = None) -> Pushed:
    """Commit the submission's files, tag the commit, push both. Raises CourseError with what to do; nothing of hers is lost.

    Read by the rules of grading first, as for the zip. A file of the submission that she took away is taken out of the commit; refused
    while other tracked files are changed: what is pushed should be what she sees.
    """
    folder = assignment.folder
    remote = _remote(folder)
    hers = intake.admit(folder, assignment, student="me").files
    odd = surprises(assignment)
    if odd:
        shown = ", ".join(odd[:5])
        raise CourseError(
            f"these files are changed but not part of the submission: {shown}; commit or undo them first (git status)",
            zh=f"这些文件有改动，但不属于提交内容：{shown}；请先提交或撤销（git status）",
        )
    files, gone = _files(assignment)
    _git(folder, "add", "--force", "--", *files)
    if _git(folder, "status", "--porcelain", "--untracked-files=no", "--", *files, *gone).strip():
        _git(folder, "commit", "--quiet", "-m", f"Hand in {assignment.name}", "--", *files, *gone)
    commit = _git(folder, "rev-parse", "HEAD").strip()
    utc = (now or dt.datetime.now(dt.UTC)).strftime("%Y%m%dT%H%M%SZ")
    tag = f"submit/{assignment.name}/{utc}-{commit[:10]}"
    if tag not in _git(folder, "tag", "--list", tag):
        _git(folder, "tag", tag, commit)
    _git(folder, "push", "--quiet", remote, "HEAD", f"refs/tags/{tag}")
    if commit not in _git(folder, "ls-remote", remote, f"refs/tags/{tag}"):
        raise CourseError(
            f"{remote} did not take the tag {tag}; try again, or {ZIP[0]}", zh=f"{remote} 没有收下标签 {tag}；请重试，或{ZIP[1]}"
        )
    return Pushed(tag, commit, remote, tuple(files), tuple(name for name in assignment.files if name not in hers))


def _files(assignment: Assignment) -> tuple[list[str], list[str]]:
    """Return the submission's files that are there (a notebook where there is no module), and those that git knows and she took away."""
    folder = assignment.folder
    there = [name for name in assignment.files if (folder / name).is_file()]
    away = [name for name in assignment.files if name not in there]
    if assignment.source_name in away:
        there += [name for name in assignment.notebook_names if (folder / name).is_file()]
    tracked = _git(folder, "ls-files", "-z", "--", *away).split("\0") if away else []
    return there, [name for name in away if name in tracked]


def _remote(folder: Path) -> str:
    if not any((place / ".git").exists() for place in (folder, *folder.parents)):
        raise CourseError(f"{folder} lies in no git repository; {ZIP[0]}", zh=f"{folder} 不在 git 仓库里；请{ZIP[1]}")
    remotes = _git(folder, "remote").split()
    if not remotes:
        raise CourseError(f"this repository has no remote to push to; {ZIP[0]}", zh=f"这个仓库没有远程地址；请{ZIP[1]}")
    return "origin" if "origin" in remotes else remotes[0]


def _inside(folder: Path, name: str) -> str:
    prefix = _git(folder, "rev-parse", "--show-prefix").strip()
    return f"{prefix}{name}"


def _git(folder: Path, *arguments: str) -> str:
    command: Sequence[str] = ("git", "-C", str(folder), *arguments)
    english = {**os.environ, "LC_ALL": "C"}  # its reasons are looked for by their English words
    try:
        run = subprocess.run(
            command, capture_output=True, text=True, encoding="utf-8", errors="replace", check=False, timeout=120, env=english
        )
    except FileNotFoundError:
        raise CourseError(f"git is not installed; {ZIP[0]}", zh=f"没有安装 git；请{ZIP[1]}") from None
    except subprocess.TimeoutExpired:
        raise CourseError(
            f"git did not end within two minutes; is the network there? Try again, or {ZIP[0]}",
            zh=f"git 两分钟内没有结束；网络通吗？请重试，或{ZIP[1]}",
        ) from None
    if run.returncode != 0:
        raise _refused(arguments[0], run.stderr)
    return run.stdout


def _refused(command: str, said: str) -> CourseError:
    """Return git's own reason in a line, and what to do about it."""
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.startswith("hint:")] or ["no message"]
    reason = next((line for line in lines if line.startswith("fatal:") or "! [" in line), lines[-1])
    remedy, zh = "mend that", "请解决这个问题"
    if "user.email" in said:
        remedy, zh = (
            "tell git who you are (git config user.name, git config user.email)",
            "请告诉 git 你是谁（git config user.name 和 user.email）",
        )
    elif command in ("push", "ls-remote"):
        remedy = "your work is committed here: try again, after git pull if the server has newer commits"
        zh = "你的作业已在本地提交：请重试；如果服务器上有更新的提交，先运行 git pull"
    return CourseError(f"git {command}: {reason}; {remedy}, or {ZIP[0]}", zh=f"git {command}：{reason}；{zh}，或{ZIP[1]}")
