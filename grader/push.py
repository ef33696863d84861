"""Hand in by git: a commit of exactly the submission's files, a tag, a push."""

from __future__ import annotations

import datetime as dt
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.errors import CourseError
from grader.model import Assignment


@dataclass(frozen=True, slots=True)
class Pushed:
    """What arrived: the tag, the commit, the remote, and the files."""

    tag: str
    commit: str
    remote: str
    files: tuple[str, ...]


def surprises(assignment: Assignment) -> list[str]:
    """Return the changed or staged paths of the repository that are not among the submission's files: they would not be handed in."""
    folder = assignment.folder
    changed = [line[3:] for line in _git(folder, "status", "--porcelain", "--untracked-files=no").splitlines()]
    mine = {_inside(folder, name) for name in assignment.files}
    return [path for path in changed if path.strip('"') not in mine]


def push(assignment: Assignment, now: dt.datetime | None = None) -> Pushed:
    """Commit the submission's files, tag the commit, push both. Raises CourseError with what to do; nothing of hers is lost.

    Refuses while other tracked files are changed: what is pushed should be what she sees.
    """
    folder = assignment.folder
    remote = _remote(folder)
    odd = surprises(assignment)
    if odd:
        shown = ", ".join(odd[:5])
        raise CourseError(
            f"these files are changed but not part of the submission: {shown}; commit or undo them first (git status)",
            zh=f"这些文件有改动，但不属于提交内容：{shown}；请先提交或撤销（git status）",
        )
    files = [name for name in assignment.files if (folder / name).is_file()]
    _git(folder, "add", "--force", "--", *files)
    if _git(folder, "status", "--porcelain", "--untracked-files=no", "--", *files).strip():
        _git(folder, "commit", "--quiet", "-m", f"Hand in {assignment.name}", "--", *files)
    commit = _git(folder, "rev-parse", "HEAD").strip()
    utc = (now or dt.datetime.now(dt.UTC)).strftime("%Y%m%dT%H%M%SZ")
    tag = f"submit/{assignment.name}/{utc}-{commit[:10]}"
    if tag not in _git(folder, "tag", "--list", tag):
        _git(folder, "tag", tag, commit)
    _git(folder, "push", "--quiet", remote, "HEAD", f"refs/tags/{tag}")
    if commit not in _git(folder, "ls-remote", remote, f"refs/tags/{tag}"):
        raise CourseError(f"{remote} did not take the tag {tag}; try again, or hand in the zip: grade submit {assignment.name}")
    return Pushed(tag, commit, remote, tuple(files))


def _remote(folder: Path) -> str:
    remotes = _git(folder, "remote").split()
    if not remotes:
        raise CourseError(
            "this repository has no remote to push to; hand in the zip instead (grade submit without --git)",
            zh="这个仓库没有远程地址；请改交 zip（grade submit，不带 --git）",
        )
    return "origin" if "origin" in remotes else remotes[0]


def _inside(folder: Path, name: str) -> str:
    prefix = _git(folder, "rev-parse", "--show-prefix").strip()
    return f"{prefix}{name}"


def _git(folder: Path, *arguments: str) -> str:
    command: Sequence[str] = ("git", "-C", str(folder), *arguments)
    try:
        run = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", errors="replace", check=False, timeout=120)
    except FileNotFoundError:
        raise CourseError(
            "git is not installed; hand in the zip instead (grade submit)", zh="没有安装 git；请改交 zip（grade submit）"
        ) from None
    except subprocess.TimeoutExpired:
        raise CourseError("git did not end within two minutes; is the network there? Try again") from None
    if run.returncode != 0:
        said = run.stderr.strip().splitlines()[-1:] or ["git failed"]
        raise CourseError(f"git {arguments[0]}: {said[0]}")
    return run.stdout
