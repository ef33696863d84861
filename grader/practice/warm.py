"""A judge and a process behind the wall that stay, for one check of her work after another."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from grader import judge
from grader.errors import GraderFault
from grader.model import Assignment, Grade, Submission
from grader.practice import work

if TYPE_CHECKING:
    from grader.judge import Bench
    from grader.student.process import Starter

T = TypeVar("T")


class Warm:
    """The public suite, collected, and what starts workers: ``check`` is ``practice.check`` without its start."""

    bench: Bench  # once it is collected, while the workers start

    def __init__(self, assignment: Assignment, submission: Submission) -> None:
        self._ahead = work.imported_ahead(assignment, submission)
        self.workers: Starter = work.open_starter(assignment, submission)

    def check(self, assignment: Assignment, submission: Submission, stage: str | None, lang: str) -> Grade:
        """Grade *submission* with the public suite (one *stage* of it, if named). Raises CourseError like ``practice.check``."""
        self.ready_for(assignment, submission)
        return work.graded(self.bench, self.workers, submission, stage, lang)

    def ready_for(self, assignment: Assignment, submission: Submission) -> None:
        """Start another process behind the wall where this one has ended, or has not imported what *submission* speaks of now."""
        wanted = work.imported_ahead(assignment, submission)
        if not set(wanted) <= set(self._ahead) or not self.workers.alive():
            self.workers.close()
            self._ahead, self.workers = wanted, work.open_starter(assignment, submission)

    def rest(self) -> None:
        """Prepare for the next check, while nobody waits."""
        with contextlib.suppress(GraderFault):  # it was killed; whoever checks next starts another
            self.workers.prepare(self.bench.budget(self.bench.checks[0]))

    def close(self) -> None:
        """End the process behind the wall."""
        self.workers.close()


def stay(assignment: Assignment, submission: Submission, serve: Callable[[Warm], T]) -> T:
    """Collect the public suite, warm up with *submission*, return ``serve(warm)``. Raises SuiteError for a suite that breaks the rules."""
    warm = Warm(assignment, submission)

    def work_(bench: Bench) -> T:
        warm.bench = bench
        return serve(warm)

    try:
        return judge.with_suite(assignment, ["public"], lambda: warm.workers, work_)
    finally:
        warm.close()
