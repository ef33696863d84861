"""What a class shows: distribution, difficulty and discrimination, misconceptions, lateness, changes."""

from __future__ import annotations

import datetime as dt
import itertools
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from grader.figures import BOTH
from grader.gradebook import Standing, Summary
from grader.model import Outcome, Verdict
from grader.phrases import in_language

_BINS = 10
_PAUSE = dt.timedelta(minutes=30)  # between two gradings of one run
_ENOUGH = 5  # students, below which a correlation says nothing


@dataclass(frozen=True, slots=True)
class Item:
    """One check over the class: ``share`` passed it; ``discrimination`` is None where it cannot be said."""

    id: str
    stage: str
    concept: str
    concept_zh: str
    share: float
    drop: float  # how much smaller the share is than that of the check before
    discrimination: float | None
    others: tuple[tuple[str, int], ...]  # outcome -> how often


@dataclass(frozen=True, slots=True)
class Misconception:
    """A known wrong program, and whose work behaves like it."""

    id: str
    question: str
    students: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A student whose score the last run changed; ``regraded`` tells it from new work."""

    student: str
    before: float
    now: float
    regraded: bool


@dataclass(frozen=True, slots=True)
class ClassView:
    """Everything that the class page shows."""

    assignment: str
    standings: tuple[Standing, ...]
    marks: tuple[float, ...]
    max_score: float
    bins: tuple[int, ...]
    items: tuple[Item, ...]
    misconceptions: tuple[Misconception, ...]
    changes: tuple[Change, ...]

    @property
    def counts(self) -> Counter[str]:
        return Counter(standing.status for standing in self.standings)

    @property
    def late(self) -> tuple[Standing, ...]:
        return tuple(standing for standing in self.standings if standing.days_late > 0)

    @property
    def steepest(self) -> Item | None:
        """The check at which the class falls behind most."""
        steep = max(self.items, key=lambda item: item.drop, default=None)
        return steep if steep is not None and steep.drop >= 0.1 else None

    @property
    def quartiles(self) -> tuple[float, float, float]:
        if len(self.marks) < 2:
            only = self.marks[0] if self.marks else 0.0
            return only, only, only
        low, middle, high = statistics.quantiles(self.marks, n=4, method="inclusive")
        return low, middle, high


def class_view(assignment: str, standings: Sequence[Standing], summaries: Iterable[Summary]) -> ClassView:
    """Put a class together from its standings and the list of all gradings."""
    graded = [s for s in standings if s.attempt is not None and s.status == "graded"]
    marks = tuple(s.final for s in standings if s.final is not None)
    most = max((s.max_score for s in standings if s.final is not None), default=0.0)
    bins = [0] * _BINS
    for mark in marks if most > 0 else ():
        bins[int(min(_BINS - 1, max(0, mark / most * _BINS)))] += 1
    return ClassView(
        assignment=assignment,
        standings=tuple(standings),
        marks=marks,
        max_score=most,
        bins=tuple(bins),
        items=tuple(_items(graded)),
        misconceptions=tuple(_misconceptions(graded)),
        changes=tuple(_changes(summaries)),
    )


def _items(graded: list[Standing]) -> list[Item]:
    by_check: dict[str, list[tuple[Verdict, float]]] = {}
    for standing in graded:
        assert standing.attempt is not None
        for verdict in standing.attempt.grade.verdicts:
            if verdict.outcome not in (Outcome.PENDING, Outcome.FAULT):
                by_check.setdefault(verdict.id, []).append((verdict, standing.automatic - verdict.points))
    found: list[Item] = []
    before: dict[str, float] = {}  # public checks and hidden ones are two ramps
    for name, rows in by_check.items():
        passed = [verdict.outcome is Outcome.PASS for verdict, _ in rows]
        share = sum(passed) / len(passed)
        others = Counter(verdict.outcome.value for verdict, _ in rows if verdict.outcome is not Outcome.PASS)
        one = rows[0][0]
        ramp = name.partition("/")[0]
        drop = before.get(ramp, share) - share
        before[ramp] = share
        how = _correlation([float(p) for p in passed], [rest for _, rest in rows])
        found.append(Item(name, one.stage, one.concept, one.concept_zh, share, drop, how, tuple(others.most_common())))
    return found


def _correlation(xs: list[float], ys: list[float]) -> float | None:
    if len(xs) < _ENOUGH or min(xs) == max(xs) or min(ys) == max(ys):
        return None
    return statistics.correlation(xs, ys)


def _misconceptions(graded: list[Standing]) -> list[Misconception]:
    who: dict[str, dict[str, None]] = {}
    asks: dict[str, str] = {}
    for standing in graded:
        assert standing.attempt is not None
        for verdict in standing.attempt.grade.verdicts:
            names = verdict.misconception.split(BOTH) if verdict.misconception else []
            for name, text in itertools.zip_longest(names, _questions(verdict.question or "", len(names))[: len(names)], fillvalue=""):
                who.setdefault(name, {})[standing.person.id] = None
                asks.setdefault(name, text)
    found = [Misconception(name, asks[name], tuple(students)) for name, students in who.items()]
    return sorted(found, key=lambda one: (-len(one.students), one.id))


def _questions(text: str, count: int) -> list[str]:
    """Return the question of each of *count* mistakes made at once, in as many languages as *text* holds."""
    if count < 2:
        return [text]
    english, chinese = in_language(text, "en").split(" / "), in_language(text, "zh").split(" ／ ")
    same = len(english) == len(chinese) and english != chinese
    return [f"{en} / {zh}" for en, zh in zip(english, chinese, strict=True)] if same else english


def _changes(summaries: Iterable[Summary]) -> list[Change]:
    """Return whose score the last run changed."""
    graded = [summary for summary in summaries if summary.status == "graded"]
    began = _last_run(summary.graded_at for summary in graded)
    by_student: dict[str, list[Summary]] = {}
    for summary in graded:
        by_student.setdefault(summary.student, []).append(summary)
    found = []
    for student, mine in by_student.items():
        old, new = [s for s in mine if s.graded_at < began], [s for s in mine if s.graded_at >= began]
        if new and len(mine) > 1:
            before = old[-1] if old else mine[-2]
            if abs(new[-1].score - before.score) > 1e-9:
                found.append(Change(student, before.score, new[-1].score, new[-1].submission == before.submission))
    return sorted(found, key=lambda change: change.now - change.before)


def _last_run(instants: Iterable[str]) -> str:
    """Return when the last run's first grading was made: no pause of half an hour lies between it and the newest one."""
    began = ""
    for instant in sorted(set(instants), reverse=True):
        if began and dt.datetime.fromisoformat(began) - dt.datetime.fromisoformat(instant) > _PAUSE:
            break
        began = instant
    return began
