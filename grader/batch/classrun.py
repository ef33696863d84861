"""Grade what is new of a class, store each attempt as it is done, and survive whatever dies on the way."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from grader.batch.engine import Engine, Job, Result
from grader.batch.originals import Originals
from grader.batch.plan import Entry, Scheme
from grader.errors import CourseError, GraderFault
from grader.gradebook import HandIn, Noted
from grader.gradebook.leases import TTL, Owner
from grader.gradebook.store import Gradebook
from grader.intake import Rejected
from grader.model import Grade, Outcome, Submission

TRIES = 3  # gradings of one submission that may be lost (a judge killed, say) before it is recorded as a fault
_BEAT = TTL / 4


@dataclass(frozen=True, slots=True)
class Step:
    """Something that a class run did.

    *state* is graded, rejected or fault (stored now), unchanged (stored before), elsewhere (another run has it),
    again (it will be tried once more), or "" for nothing yet. *noted* is what was learnt of a hand-in that had been graded
    before, by this suite or another.
    """

    state: str
    entry: Entry | None = None
    grade: Grade | None = None
    noted: Noted | None = None


@dataclass
class ClassRun:
    """One run over a class. The store has the last word on what is done, so any number of runs may share the work."""

    scheme: Scheme
    book: Gradebook
    originals: Originals
    engine: Engine
    ahead: int = 16  # jobs that the engine holds at most
    _timed_out: dict[str, tuple[Job, Grade]] = field(default_factory=dict)
    _owner: Owner = field(default_factory=Owner)
    _beat: float = 0.0

    def steps(self, entries: Sequence[Entry]) -> Iterator[Step]:
        """Grade those of *entries* that the store lacks; yield what happens as it happens. An attempt is stored before it is told of."""
        try:
            seen = [HandIn(e.student, e.digest, e.instant, e.stated) for e in entries]
            noted = self.book.note_hand_ins(self.scheme.setup.assignment.name, seen)
            for step in self._all(entries):
                yield step if step.entry is None else replace(step, noted=noted.get(step.entry.student))
        except (CourseError, GraderFault):
            raise  # the leases end with this process; a store that is locked or full would only fail once more
        except BaseException:
            self.engine.close()  # first of all nothing runs any more
            with contextlib.suppress(CourseError, GraderFault):
                self.book.leases.release(self._owner)
            raise
        else:
            self.book.leases.release(self._owner)
        finally:
            self.engine.close()

    def _all(self, entries: Sequence[Entry]) -> Iterator[Step]:
        waiting = {entry.work: entry for entry in entries}
        taken: dict[str, Entry] = {}
        for work in self.book.known(self.scheme.setup.assignment.name).keys() & waiting.keys():
            yield Step("unchanged", waiting.pop(work))
        yield from self._claim(waiting, taken)
        for result in self.engine.results():
            if result is None:
                self._heartbeat()
                yield Step("")
                continue
            yield from self._settle(result, taken)
            if waiting and len(taken) - len(self._timed_out) <= self.ahead // 2:
                yield from self._claim(waiting, taken)
        yield from self._alone(taken)
        yield from self._leftover(waiting)

    # what to grade

    def _claim(self, waiting: dict[str, Entry], taken: dict[str, Entry]) -> Iterator[Step]:
        """Move work from *waiting* to the engine: what nobody has graded and nobody else is grading."""
        while waiting and len(taken) - len(self._timed_out) < self.ahead:
            free = self.book.leases.claim(waiting, self._owner, self.ahead)
            if not free:
                return
            students = {waiting[work].student for work in free}
            known = self.book.known(self.scheme.setup.assignment.name, students)  # another run may have finished it just before the lease
            for work in free:
                entry = waiting.pop(work)
                if work in known:
                    self.book.leases.release(self._owner, [work])
                    yield Step("unchanged", entry)
                else:
                    yield from self._begin(entry, taken)

    def _begin(self, entry: Entry, taken: dict[str, Entry]) -> Iterator[Step]:
        if entry.refusal:
            yield self._store(entry, self.scheme.ungraded(entry.student, entry.digest, "rejected", entry.refusal))
            return
        try:
            submission = entry.load()
        except Rejected as error:  # changed since the plan was made
            yield self._store(entry, self.scheme.ungraded(entry.student, entry.digest, "rejected", error.both))
            return
        self.originals.keep(submission)
        taken[entry.work] = entry
        self.engine.submit(Job(entry.work, submission, self.scheme.seed(submission)))

    def _leftover(self, waiting: dict[str, Entry]) -> Iterator[Step]:
        """Tell what is left: graded by another run meanwhile, or still under way there."""
        known = self.book.known(self.scheme.setup.assignment.name) if waiting else {}
        for work, entry in waiting.items():
            yield Step("unchanged" if work in known else "elsewhere", entry)

    # what came back

    def _settle(self, result: Result, taken: dict[str, Entry]) -> Iterator[Step]:
        job = result.job
        entry = taken[job.work]
        if result.grade is None:
            if self.book.leases.lost(job.work) < TRIES:  # counted in the store: a run that is killed starts no new count
                self.engine.submit(job)
                yield Step("again", entry)
                return
            first = self._timed_out.pop(job.work, None)
            grade = first[1] if first else self.scheme.ungraded(entry.student, job.submission.digest, "fault", result.lost, job.seed)
            yield self._store(taken.pop(job.work), grade, job.submission)
            return
        if result.loaded and job.work not in self._timed_out and timed_out(result.grade):
            self._timed_out[job.work] = (job, result.grade)
            yield Step("again", entry)
            return
        first = self._timed_out.pop(job.work, None)
        grade = merged(first[1], result.grade) if first else result.grade
        yield self._store(taken.pop(job.work), grade, job.submission)

    def _alone(self, taken: dict[str, Entry]) -> Iterator[Step]:
        """Grade once more, one at a time with nothing beside it, what ran out of time while others were at work."""
        for job, _ in list(self._timed_out.values()):
            self.engine.submit(job)
            for result in self.engine.results():
                if result is None:
                    self._heartbeat()
                    yield Step("")
                else:
                    yield from self._settle(result, taken)

    def _store(self, entry: Entry, grade: Grade, submission: Submission | None = None) -> Step:
        handed_in = submission.instant if submission is not None else entry.instant
        number = self.book.append(grade, handed_in=handed_in, stated=entry.stated, source=entry.source, work=entry.work)
        self._heartbeat()
        return Step(grade.status, entry, replace(grade, attempt=number))

    def _heartbeat(self) -> None:
        if time.monotonic() - self._beat > _BEAT:
            self._beat = time.monotonic()
            self.book.leases.heartbeat(self._owner)


def timed_out(grade: Grade) -> bool:
    """Return whether a check of *grade* ran out of time."""
    return any(verdict.outcome is Outcome.TIMEOUT for verdict in grade.verdicts)


def merged(first: Grade, second: Grade) -> Grade:
    """Return *first* with what *second*, graded alone, says of the checks that had run out of time; nothing else is drawn twice."""
    again = {verdict.id: verdict for verdict in second.verdicts}
    verdicts = tuple(again.get(v.id, v) if v.outcome is Outcome.TIMEOUT else v for v in first.verdicts)
    fault = any(verdict.outcome is Outcome.FAULT for verdict in verdicts)
    return replace(first, verdicts=verdicts, status="fault" if fault else "graded", message=second.message if fault else first.message)
