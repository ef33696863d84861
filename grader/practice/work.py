"""One run: her folder, the public suite, a grade with what the tutor asks."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from grader import intake, manifest, wall
from grader.errors import CourseError
from grader.model import Assignment, Grade, Outcome, Submission
from grader.phrases import grade_in
from grader.student.process import Starter, mentioned, starter

if TYPE_CHECKING:
    from grader.judge import Bench
    from grader.tutor import Known, Seen

SEED = 0  # of a student's own runs: the public suite's inputs are no secret


def my_work(assignment: Assignment) -> Submission:
    """Read the student's files from the handout's folder. Raises CourseError with what is wrong and how to get the starter back."""
    source = assignment.folder / assignment.source_name
    if not source.is_file() and not any((assignment.folder / name).is_file() for name in assignment.notebook_names):
        state, zh = ("is a folder; move it away, and", "是文件夹；请把它移走，再") if source.is_dir() else ("is not there;", "不存在；")
        again = _reset(assignment)
        raise CourseError(f"{source} {state} {again} brings the starter back", zh=f"{source} {zh}用 {again} 可以取回初始文件")
    name = os.environ.get("USER") or os.environ.get("USERNAME") or "me"
    submission = intake.admit(assignment.folder, assignment, name)
    manifest.need_packages(assignment)
    _needs_names(assignment, submission)
    return submission


def _needs_names(assignment: Assignment, submission: Submission) -> None:
    """Refuse a file without what every check would ask for: one line says more than twenty failures."""
    try:
        starter_text = (assignment.folder / ".kit" / "starter" / assignment.source_name).read_text(encoding="utf-8")
    except OSError:
        return  # not a handout of ours: the checks will tell
    hers = submission.files[assignment.source_name].decode("utf-8", "replace")
    suite = "".join(path.read_text(encoding="utf-8") for path in sorted((assignment.folder / "tests").glob("*.py")))
    asked = [name for name in re.findall(r"^(?:class|def) (\w+)", starter_text, re.MULTILINE) if f"student.{name}" in suite]
    words = set(re.findall(r"\w+", hers))
    missing = [name for name in asked if name not in words]
    if missing:
        names = ", ".join(missing)
        again = _reset(assignment)
        raise CourseError(
            f"{assignment.source_name} has no {names}; {again} brings the starter back and keeps your file as a backup",
            zh=f"{assignment.source_name} 里没有 {names}；初始文件里有：{again} 可以取回，你的文件会留作备份",
        )


def _reset(assignment: Assignment) -> str:
    """Return what to type for the starter of the module, or of the notebook in its place, and of no other file of hers."""
    from grader.handout import STARTER

    kept = assignment.folder / STARTER
    name = next((name for name in assignment.notebook_names if (kept / name).is_file()), assignment.source_name)
    return f"`grade reset {assignment.name} {name}`"


def open_starter(assignment: Assignment, submission: Submission, tier: int | None = None) -> Starter:
    """Start what will run the student's program; at once, so that it warms up while the judge is imported."""
    return starter(wall.probe(tier), assignment.packages, imported_ahead(assignment, submission))


def imported_ahead(assignment: Assignment, submission: Submission) -> tuple[str, ...]:
    """Return the packages that her program speaks of: what forks its workers imports them once."""
    return mentioned(assignment.packages, submission.files)


def asked(grade: Grade, known: Known | None, lang: str, witness: Callable[[], Seen] | None = None) -> Grade:
    """Return *grade* with the tutor's questions, and every message in *lang*. The *witness* is asked only if a check failed."""
    if known is not None:
        from grader.tutor import annotate

        grade = annotate(grade, known, lang, witness)
    return grade_in(grade, lang)


def what_is_known(assignment: Assignment, suite_hash: str) -> Known | None:
    """Return what the handout's trace file says of the public suite; None if it is missing, or of another suite."""
    from grader.tutor import load_known, trace_paths

    return load_known([trace_paths(assignment)["public"]], [suite_hash])


def is_changed(assignment: Assignment) -> bool:
    """Return whether the public suite is not the one that the handout's traces were made with: then no mistake can be recognised."""
    from grader import seeds
    from grader.tutor import trace_paths

    there = trace_paths(assignment)["public"].is_file()
    return there and what_is_known(assignment, seeds.suite_hash(assignment, ["public"])) is None


def witness(bench: Bench, workers: Starter, submission: Submission) -> Callable[[], Seen]:
    """Return what asks the assignment's witness of her program, when it is needed."""
    from grader.tutor import caller

    return caller(bench.assignment, lambda: workers, bench.program(submission.files))


def check(assignment: Assignment, submission: Submission, stage: str | None = None, lang: str = "en") -> Grade:
    """Grade *submission* with the public suite (one *stage* of it, if named)."""
    workers = open_starter(assignment, submission)
    try:
        from grader import judge

        return judge.with_suite(assignment, ["public"], lambda: workers, lambda bench: graded(bench, workers, submission, stage, lang))
    finally:
        workers.close()


def graded(bench: Bench, workers: Starter, submission: Submission, stage: str | None, lang: str) -> Grade:
    """Grade *submission* on a suite that is collected, and let the tutor ask about what failed."""
    from grader import judge

    grade = bench.grade(submission, SEED, judge.stage_only(bench, stage) if stage else None)
    if all(verdict.outcome is Outcome.PASS for verdict in grade.verdicts):
        return grade  # nothing to be asked: the traces stay unread
    return asked(grade, what_is_known(bench.assignment, bench.suite_hash), lang, witness(bench, workers, submission))


def pdb_command(assignment: Assignment, folder: Path, stage: str | None) -> list[str]:
    """Return the pytest command line that runs the public suite in-process, with the debugger."""
    import sys

    only = ["--stage", stage] if stage else []
    plain = ["-q", "-c", os.devnull, f"--rootdir={folder}", "-p", "no:cacheprovider", "-p", "no:randomly"]
    return [sys.executable, "-m", "pytest", "-p", "grader.inprocess", "--pdb", *plain, *only, str(folder / "tests")]
