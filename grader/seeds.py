"""The grading's seed and the suite's hash: what makes a grade repeatable."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from grader.errors import CourseError
from grader.model import SCRATCH, SEEDS, Assignment, Submission

KEY_VARIABLE = "GRADE_COURSE_KEY"


def suite_folders(assignment: Assignment, suites: Iterable[str]) -> dict[str, Path]:
    """Return the folder of each named suite. Raises CourseError for a hidden suite where only the handout is."""
    folders = {}
    for suite in suites:
        if suite == "public":
            folders[suite] = assignment.folder / "tests"
        elif assignment.private is None:
            raise CourseError(
                f"{assignment.name}: the hidden suite is the staff's; there is no solutions/{assignment.name} here",
                zh=f"{assignment.name}：隐藏测试只在教师那里；这里没有 solutions/{assignment.name}",
            )
        else:
            folders[suite] = assignment.private / "hidden"
    return folders


def is_scratch(path: Path) -> bool:
    """Return whether *path* is what tools leave behind (``__pycache__``, ``.pytest_cache``, copies kept of a file): no part of a suite."""
    return any(part.startswith(".") or any(fnmatchcase(part, pattern) for pattern in SCRATCH) for part in path.parts)


def suite_hash(assignment: Assignment, suites: Iterable[str]) -> str:
    """Return a hash over everything that a verdict depends on: suites, manifest, given files, break-it programs.

    A handout's public suite has the hash that it has in the course, wherever a student unpacked it and however her git ends lines: the
    traces beside it are known by it.
    """
    paths = [assignment.folder / "assignment.toml", *(assignment.folder / name for name in assignment.given)]
    for suite, folder in suite_folders(assignment, suites).items():
        paths += sorted(path for path in folder.rglob("*") if path.is_file() and not is_scratch(path.relative_to(folder)))
        if suite == "hidden" and assignment.private is not None:
            paths += sorted((assignment.private / "break").rglob("*.py"))
    digest = hashlib.sha256()
    roots = [(word, root) for word, root in (("solutions", assignment.private), ("assignments", assignment.folder)) if root is not None]
    for path in paths:
        name = next((f"{word}/{path.relative_to(root).as_posix()}" for word, root in roots if root in path.parents), path.name)
        data = path.read_bytes().replace(b"\r\n", b"\n") if path.is_file() else b""
        digest.update(f"{name}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()


def course_key(root: Path) -> bytes:
    """Return the course's secret: ``GRADE_COURSE_KEY``, else ``.grade/course.key``, made on first use and readable by its owner only."""
    given = os.environ.get(KEY_VARIABLE)
    if given:
        return given.encode()
    path = root / ".grade" / "course.key"
    try:
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            new = path.with_name(f"course.key.{os.getpid()}")
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32))
            try:
                os.link(new, path)  # the first of several processes wins
            except FileExistsError:
                pass
            finally:
                new.unlink()
        return path.read_bytes()
    except OSError as error:
        raise CourseError(
            f"{path}: the course's key cannot be kept: {error.strerror}; set {KEY_VARIABLE}",
            zh=f"{path}：无法保存课程密钥：{error.strerror}；请设置 {KEY_VARIABLE}",
        ) from None


def grading_seed(key: bytes, assignment: Assignment, submission: Submission) -> int:
    """Return 0..7: differs between students, repeats for a regrade, and is never shown to students."""
    text = "\0".join((assignment.name, submission.student, submission.digest)).encode()
    return int.from_bytes(hmac.new(key, text, hashlib.sha256).digest()[:8], "big") % SEEDS
