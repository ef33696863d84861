"""The class in figures, from grades and journals: misconceptions, time to the first pass, hints opened, where the ramp is steep or flat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from grader.journal import HINT, Journal, first_passes, usable
from grader.model import Grade

STEEP, FLAT = 1800.0, 60.0  # seconds at the median, above and below which a step of the ramp deserves a look
BOTH = "+"  # between the names of two mistakes made at once
ENOUGH = 5  # students, below which a median says little


@dataclass(frozen=True, slots=True)
class Curve:
    """Kaplan-Meier for one check: after ``seconds[i]`` the share ``waiting[i]`` had not passed it yet.

    Who never did is censored, not lost.
    """

    check: str
    students: int
    never: int
    seconds: tuple[float, ...]
    waiting: tuple[float, ...]
    median: float | None  # None: fewer than half have passed
    censored: tuple[float, ...] = ()  # how long those who never passed were seen trying

    @property
    def verdict(self) -> str:
        """``steep``, ``flat``, ``good``, or nothing where too few students say so."""
        if self.students < ENOUGH:
            return ""
        if self.median is None or self.median > STEEP:
            return "steep"
        return "flat" if self.median < FLAT else "good"


@dataclass(frozen=True, slots=True)
class Figures:
    """What a class shows. Counts are of students, never of runs."""

    misconceptions: tuple[tuple[str, int], ...]
    curves: tuple[Curve, ...]
    hints: tuple[tuple[str, int, float], ...]  # check, students who opened one, mean level
    journals: int = 0  # how many were handed in and not changed

    def curves_that_are(self, verdict: str) -> tuple[Curve, ...]:
        """Return the steps of the ramp that are ``steep``, or ``flat``."""
        return tuple(curve for curve in self.curves if curve.verdict == verdict)


def class_figures(grades: Mapping[str, Grade], journals: Iterable[Journal] = ()) -> Figures:
    """Return the figures of a class: *grades* by student, and the *journals* that were handed in; changed ones are left out."""
    kept = usable(journals)
    return Figures(_misconceptions(grades), tuple(_curves(kept)), _hints(kept), len(kept))


def _misconceptions(grades: Mapping[str, Grade]) -> tuple[tuple[str, int], ...]:
    counts: dict[str, int] = {}
    for grade in grades.values():
        called = {verdict.misconception for verdict in grade.verdicts if verdict.misconception}
        for name in {part for names in called for part in names.split(BOTH)}:
            counts[name] = counts.get(name, 0) + 1
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _curves(journals: Sequence[Journal]) -> Iterable[Curve]:
    times: dict[str, list[tuple[float, bool]]] = {}
    for journal in journals:
        for check, seconds, passed in first_passes(journal):
            times.setdefault(check, []).append((seconds, passed))
    for check, rows in times.items():
        yield curve(check, rows)


def curve(check: str, rows: Sequence[tuple[float, bool]]) -> Curve:
    """Return the curve of (seconds, passed) rows; a row that is not passed is censored at its time."""
    from scipy import stats  # type: ignore[import-untyped]

    passed = [seconds for seconds, good in rows if good]
    never = [seconds for seconds, good in rows if not good]
    if not passed:
        return Curve(check, len(rows), len(never), (), (), None, tuple(sorted(never)))
    survival = stats.ecdf(stats.CensoredData(uncensored=passed, right=never)).sf
    seconds = tuple(float(second) for second in survival.quantiles)
    waiting = tuple(float(share) for share in survival.probabilities)
    median = next((second for second, share in zip(seconds, waiting, strict=True) if share <= 0.5), None)
    return Curve(check, len(rows), len(never), seconds, waiting, median, tuple(sorted(never)))


def _hints(journals: Sequence[Journal]) -> tuple[tuple[str, int, float], ...]:
    levels: dict[str, list[int]] = {}
    for journal in journals:
        for check in dict.fromkeys(str(entry.data["check"]) for entry in journal.entries if entry.kind == HINT):
            levels.setdefault(check, []).append(journal.hints(check))
    rows = [(check, len(found), sum(found) / len(found)) for check, found in levels.items()]
    return tuple(sorted(rows, key=lambda row: (-row[1], row[0])))
