"""A student's own run: her folder, the public suite, a grade."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from grader import intake, wall
from grader.errors import CourseError
from grader.model import Assignment, Grade, Submission
from grader.student.process import Starter, starter

if TYPE_CHECKING:
    from grader.judge import Bench

SEED = 0  # of a student's own runs: the public suite's inputs are no secret


def preload(assignment: Assignment, sources: Sequence[bytes]) -> list[str]:
    """Return the packages worth importing ahead: those that the programs mention. A hint for speed, never a permission."""
    return [name for name in assignment.packages if any(name.encode() in source for source in sources)]


def my_work(assignment: Assignment) -> Submission:
    """Read the student's files from the handout's folder. Raises CourseError with what is wrong and how to get the starter back."""
    source = assignment.folder / assignment.source_name
    if not source.is_file():
        raise CourseError(
            f"{source} is not there; `grade reset {assignment.name}` brings the starter back",
            zh=f"{source} 不存在；用 `grade reset {assignment.name}` 可以取回初始文件",
        )
    name = os.environ.get("USER") or os.environ.get("USERNAME") or "me"
    return intake.admit(assignment.folder, assignment, name)


def open_starter(assignment: Assignment, submission: Submission, tier: int | None = None) -> Starter:
    """Start what will run the student's program; at once, so that it warms up while the judge is imported."""
    sources = [data for name, data in submission.files.items() if name.endswith(".py")]
    return starter(wall.probe(tier), assignment.packages, preload(assignment, sources))


def check(assignment: Assignment, submission: Submission, stage: str | None = None, each: Callable[[Bench], None] | None = None) -> Grade:
    """Grade *submission* with the public suite (one *stage* of it, if named)."""
    workers = open_starter(assignment, submission)
    try:
        from grader import judge

        def work(bench: Bench) -> Grade:
            if each is not None:
                each(bench)
            only = judge.stage_only(bench, stage) if stage else None
            return bench.grade(submission, SEED, only)

        return judge.with_suite(assignment, ["public"], lambda: workers, work)
    finally:
        workers.close()


def pdb_command(assignment: Assignment, folder: Path, stage: str | None) -> list[str]:
    """Return the pytest command line that runs the public suite in-process, with the debugger."""
    import sys

    only = ["--stage", stage] if stage else []
    plain = ["-q", "-c", os.devnull, f"--rootdir={folder}", "-p", "no:cacheprovider", "-p", "no:randomly"]
    return [sys.executable, "-m", "pytest", "-p", "grader.inprocess", "--pdb", *plain, *only, str(folder / "tests")]
