"""After a suite was mended: grade the originals again, look at what would change, and only then write."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from grader.batch.classrun import TRIES, merged, timed_out
from grader.batch.engine import Engine, Job
from grader.batch.plan import Entry, Scheme
from grader.gradebook import Attempt, Key
from grader.gradebook.store import Gradebook
from grader.model import Grade, Verdict


@dataclass(frozen=True, slots=True)
class Change:
    """What one submission's grade was and would be; ``before`` is None where it could not be graded before."""

    entry: Entry
    before: Grade | None
    after: Grade
    handed_in: str

    @property
    def moves(self) -> bool:
        """Whether the score changes, or a fault takes its place or is mended."""
        return self.before is None or (self.before.score, self.before.status) != (self.after.score, self.after.status)

    def reasons(self) -> list[tuple[Verdict | None, Verdict | None]]:
        """Return (before, after) of each check that came out otherwise; None for a check that there was or is not."""
        old = {verdict.id: verdict for verdict in self.before.verdicts} if self.before else {}
        new = {verdict.id: verdict for verdict in self.after.verdicts}
        pairs = [(old.get(name), new.get(name)) for name in dict.fromkeys([*old, *new])]
        return [(a, b) for a, b in pairs if a is None or b is None or (a.outcome, a.points) != (b.outcome, b.points)]


def changes(entries: Sequence[Entry], attempts: Sequence[Attempt], scheme: Scheme, engine: Engine) -> Iterator[Change | None]:
    """Grade *entries* and yield each one's change as it is known, None while there is nothing new. Nothing is written."""
    before = {(attempt.grade.student, attempt.grade.submission): attempt for attempt in attempts if attempt.grade.status == "graded"}
    first: dict[tuple[str, str], str] = {}
    for attempt in attempts:
        first.setdefault((attempt.grade.student, attempt.grade.submission), attempt.handed_in)
    by_work = {entry.work: entry for entry in entries}
    for grade in graded(entries, scheme, engine):
        if grade is None:
            yield None
            continue
        work, found = grade
        entry = by_work[work]
        old = before.get((entry.student, entry.digest))
        yield Change(entry, old.grade if old else None, found, first.get((entry.student, entry.digest), ""))


def returned(entries: Sequence[Entry], attempts: Sequence[Attempt], scheme: Scheme) -> list[Change]:
    """Return the change of each of *entries* that today's suite has graded, and another suite since: it was mended, and put back."""
    sound = [attempt for attempt in attempts if attempt.grade.status != "fault"]
    newest = {(attempt.grade.student, attempt.grade.submission): attempt for attempt in sound}
    of_work = {Key.of(attempt.grade).work: attempt.grade for attempt in sound}
    found = []
    for entry in entries:
        last, today = newest.get((entry.student, entry.digest)), of_work.get(entry.work)
        if last is not None and today is not None and last.grade.suite_hash != scheme.suite_hash:
            found.append(Change(entry, last.grade, today, last.handed_in))
    return found


def graded(entries: Sequence[Entry], scheme: Scheme, engine: Engine, ahead: int = 16) -> Iterator[tuple[str, Grade] | None]:
    """Grade *entries* without a store; yield (work, grade). The same second chances as in a class run."""
    coming = iter(entries)
    lost: dict[str, int] = {}
    late: dict[str, tuple[Job, Grade]] = {}
    for entry in itertools.islice(coming, ahead):
        engine.submit(_job(entry, scheme))
    for result in engine.results():
        if result is None:
            yield None
            continue
        work = result.job.work
        if result.grade is None and lost.get(work, 0) < TRIES - 1:
            lost[work] = lost.get(work, 0) + 1
            engine.submit(result.job)
            continue
        if result.grade is not None and result.loaded and timed_out(result.grade):
            late[work] = (result.job, result.grade)
        else:
            yield work, result.grade or _fault(result.job, scheme, result.lost)
        for entry in itertools.islice(coming, 1):
            engine.submit(_job(entry, scheme))
    for work, (job, grade) in late.items():
        engine.submit(job)
        for result in engine.results():
            yield (work, merged(grade, result.grade) if result.grade else grade) if result else None


def _job(entry: Entry, scheme: Scheme) -> Job:
    submission = entry.load()
    return Job(entry.work, submission, scheme.seed(submission))


def _fault(job: Job, scheme: Scheme, why: str) -> Grade:
    return scheme.ungraded(job.submission.student, job.submission.digest, "fault", why, job.seed)


def write(changed: Sequence[Change], book: Gradebook) -> list[Grade]:
    """Append what was looked at, and return it with its attempts' numbers. Hand-in instants and manual marks stay as they are."""
    return [
        replace(change.after, attempt=book.append(change.after, handed_in=change.handed_in, source=change.entry.source))
        for change in changed
    ]
