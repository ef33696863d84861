"""The workers of one submission: a fresh fork for each hidden check, one for all public checks as long as it behaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from grader.model import CheckRule
from grader.student.errors import StudentError, WorkerGone, WorkerLate
from grader.student.line import Budget, Program, Worker
from grader.student.process import Starter
from grader.student.session import Session

LOADING = 0.25  # seconds that loading may take, seal and all, before it counts
IMPORT_FAILURES = 3  # then the rest fails with the same words, unasked


class Asking(Protocol):
    """What is asked of a check here (judge/bench.py: Check)."""

    @property
    def id(self) -> str: ...
    @property
    def rule(self) -> CheckRule: ...
    @property
    def uses_student(self) -> bool: ...


class WorkerLateTotal(WorkerLate):
    """The submission used up its total time; the checks that are left are not asked."""


class Workers:
    """Opens a worker for each check, one check ahead, and counts the seconds that the submission has used.

    The public suite is in her hands: she can read every input, so a worker that remembers the check before learns nothing. One worker
    serves all of it, loading the module afresh for each check, until it crashes, is late or has used a check's whole time.
    """

    def __init__(self, starter: Starter, program: Program, checks: Sequence[Asking], budget: Callable[[Any], Budget], total: float) -> None:
        self._starter = starter
        self._program = program
        self._checks = checks
        self._budget = budget
        self._total = total
        self._used = 0.0
        self._failures = 0
        self._failure: Exception | None = None
        self._current: Worker | None = None
        self._ahead: tuple[Asking, Worker] | None = None
        self._shared: Worker | None = None
        self.frames = 0
        self.bytes = 0

    def open(self, check: Asking) -> tuple[Worker, frozenset[str]]:
        """Return the check's worker and the names in the module, once it has loaded. Raises StudentError or WorkerGone."""
        if self._failures >= IMPORT_FAILURES and self._failure is not None:
            raise self._failure.with_traceback(None)  # else each raising adds to it, and 70 checks take 70 times as long
        if check.rule.seconds is None and self._used >= self._total:
            raise WorkerLateTotal(f"the checks before this one used up the {self._total:g} s that a submission may take")
        shared = self._shared
        self._current = self._take(check)
        self._look_ahead(check)
        try:
            worker, names = self._loaded(self._current, check, again=self._current is shared)
        except (StudentError, WorkerGone) as error:
            self._failures += 1
            self._failure = error
            raise
        self._failures = 0
        self._charge(check, max(0.0, worker.used - LOADING))  # slow loading counts for the submission, not for the check
        worker.used = 0.0
        return worker, names

    def _loaded(self, worker: Worker, check: Asking, *, again: bool) -> tuple[Worker, frozenset[str]]:
        """Return the worker and its names; a fresh one where it could not load *again*: some things can be done once only in a process."""
        try:
            return worker, worker.names()
        except (StudentError, WorkerGone):
            if not again:
                raise
            worker.close()
            self._charge(check, worker.used)
            self._current = fresh = self._start(check)
            return fresh, fresh.names()

    def _take(self, check: Asking) -> Worker:
        shared, self._shared = self._shared, None
        if shared is not None:
            if _is_public(check) and shared.budget == self._budget(check):
                return shared
            shared.close()
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            if ahead[0] is check:
                return ahead[1]
            ahead[1].close()
        return self._start(check)

    def _start(self, check: Asking) -> Worker:
        return self._starter.start(self._program, self._budget(check), often=True)

    def _look_ahead(self, check: Asking) -> None:
        """Start the next check's worker now: it seals itself and loads while this check runs."""
        index = next(at for at, other in enumerate(self._checks) if other is check) + 1
        for following in self._checks[index : index + 1]:
            shared = _is_public(check) and _is_public(following)
            if following.uses_student and not shared and self._failures < IMPORT_FAILURES - 1:
                self._ahead = following, self._start(following)

    def done(self, check: Asking, session: Session | None) -> tuple[str, WorkerGone | None]:
        """End the check's worker, if it asked for one, or let it load afresh for the next public check.

        Return what the program printed, and how the worker went if it did.
        """
        worker, self._current = self._current, None
        if worker is None:
            return "", None
        idle = session is not None and not session.busy
        keep = idle and _is_public(check) and worker.gone is None and worker.lived < worker.budget.seconds
        self.frames += worker.channel.frames
        self.bytes += worker.channel.bytes
        if keep:
            printed, used = worker.renew()
            self._charge(check, used)
            self._shared = worker
            return printed, None
        worker.close(soon=True)
        self._charge(check, worker.used)
        return worker.output, worker.gone

    def _charge(self, check: Asking, seconds: float) -> None:
        """Count *seconds* for the submission, unless the check states a time of its own."""
        if check.rule.seconds is None:
            self._used += seconds

    def close(self) -> None:
        """End what was started ahead, and the shared one."""
        left = [self._shared, self._ahead[1] if self._ahead is not None else None]
        self._shared = self._ahead = None
        for worker in left:
            if worker is not None:
                worker.close()
        self._starter.sweep()


def _is_public(check: Asking) -> bool:
    return check.id.startswith("public/")
