"""Run the checks that waited for a device, those alone, and complete the attempts that they belong to."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from grader.batch.classrun import TRIES
from grader.batch.engine import Engine, Job
from grader.batch.originals import Originals
from grader.batch.plan import Scheme
from grader.gradebook import Attempt
from grader.gradebook.leases import TTL, Owner
from grader.gradebook.store import Gradebook
from grader.model import Outcome, Submission

DEVICE = "cuda"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One attempt with checks that wait, and its original."""

    attempt: Attempt
    submission: Submission
    checks: tuple[str, ...]

    @property
    def work(self) -> str:
        return json.dumps(["pending", self.attempt.grade.student, self.attempt.row])  # in the form of Key.work: whose it is stands second


@dataclass(frozen=True, slots=True)
class Completed:
    """What came of one: how many of its checks are done now, or, with ``lost``, why none is; they go on waiting."""

    waiting: Waiting
    checks: int
    lost: str = ""


def waiting(book: Gradebook, originals: Originals, scheme: Scheme) -> tuple[list[Waiting], list[tuple[Attempt, str]]]:
    """Return what can be completed today, and the attempts that cannot, each with the reason: another suite, or no original."""
    found, left = [], []
    for attempt in book.pending(scheme.setup.assignment.name):
        grade = attempt.grade
        checks = tuple(verdict.id for verdict in grade.verdicts if verdict.outcome is Outcome.PENDING)
        submission = originals.load(grade.submission, grade.student, attempt.handed_in)
        if grade.suite_hash != scheme.suite_hash:
            left.append((attempt, "graded by another version of the suite; --regrade takes today's"))
        elif submission is None:
            left.append((attempt, "the original was not kept here"))
        else:
            found.append(Waiting(attempt, submission, checks))
    return found, left


@dataclass
class PendingRun:
    """One run over what waits. Several may share the work: each takes a lease first, and a check is completed once."""

    book: Gradebook
    engine: Engine
    ahead: int = 16
    _owner: Owner = field(default_factory=Owner)
    _lost: dict[str, int] = field(default_factory=dict)
    _beat: float = 0.0

    def steps(self, found: Sequence[Waiting]) -> Iterator[Completed | None]:
        """Yield what is completed, as it happens, None about once a second meanwhile; it stands in the store before it is told."""
        try:
            by_work = {one.work: one for one in found}
            mine = iter([by_work[work] for work in self.book.leases.claim(by_work, self._owner)])
            for one in itertools.islice(mine, self.ahead):
                self._submit(one)
            for result in self.engine.results():
                if result is None:
                    self._heartbeat()
                    yield None
                    continue
                self._heartbeat()
                one = by_work[result.job.work]
                if result.grade is None and self._lost.get(one.work, 0) < TRIES - 1:
                    self._lost[one.work] = self._lost.get(one.work, 0) + 1
                    self.engine.submit(result.job)
                    continue
                for following in itertools.islice(mine, 1):
                    self._submit(following)
                if result.grade is None:
                    yield Completed(one, 0, result.lost)
                else:
                    grade = one.attempt.grade
                    done = self.book.complete(grade.assignment, grade.student, one.attempt.number, result.grade.verdicts, device=DEVICE)
                    yield Completed(one, done)
        finally:
            self.engine.close()
            self.book.leases.release(self._owner)

    def _heartbeat(self) -> None:
        if time.monotonic() - self._beat > TTL / 4:
            self._beat = time.monotonic()
            self.book.leases.heartbeat(self._owner)

    def _submit(self, one: Waiting) -> None:
        self.engine.submit(Job(one.work, one.submission, one.attempt.grade.seed, one.checks))
