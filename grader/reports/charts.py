"""Where the lines of the class's figures go: numbers for the page's SVG, nothing else."""

from __future__ import annotations

import math
from dataclasses import dataclass

from grader.figures import Curve, Figures

WIDTH, HEIGHT = 200.0, 80.0  # of one small picture, axes left out
TICKS = ((60.0, "1 min"), (600.0, "10 min"), (3600.0, "1 h"), (86400.0, "1 d"))
FEWEST = 120.0  # seconds that an axis shows at least


@dataclass(frozen=True, slots=True)
class Steps:
    """One check's curve, drawn: who is still waiting after how long. Time runs to the right, by the logarithm."""

    curve: Curve
    path: str  # of the SVG's path
    ticks: tuple[tuple[float, str], ...]  # x and text of the axis
    censored: tuple[tuple[float, float], ...]  # x and y of a mark for each who never passed
    median: float | None  # its x


def drawn(figures: Figures) -> tuple[Steps, ...]:
    """Return every curve, all on the same axis, so that they can be compared."""
    last = max([FEWEST, *(second for curve in figures.curves for second in (*curve.seconds, *curve.censored))])
    return tuple(_steps(curve, last) for curve in figures.curves)


def _steps(curve: Curve, last: float) -> Steps:
    def across(seconds: float) -> float:
        return round(WIDTH * math.log1p(min(seconds, last)) / math.log1p(last), 1)

    def down(share: float) -> float:
        return round(HEIGHT * (1 - share), 1)

    path = "M0 0"
    for seconds, share in zip(curve.seconds, curve.waiting, strict=True):
        path += f" H{across(seconds)} V{down(share)}"
    path += f" H{WIDTH}"
    ticks = tuple((across(seconds), text) for seconds, text in TICKS if seconds <= last)
    marks = tuple((across(seconds), down(_waiting(curve, seconds))) for seconds in curve.censored)
    return Steps(curve, path, ticks, marks, None if curve.median is None else across(curve.median))


def _waiting(curve: Curve, seconds: float) -> float:
    """Return the share that waits still after *seconds*."""
    return next((share for second, share in reversed(list(zip(curve.seconds, curve.waiting, strict=True))) if second <= seconds), 1.0)
