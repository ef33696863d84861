"""Compare two traces (grader/student/trace.py makes them)."""

from __future__ import annotations

import math
from collections.abc import Sequence

Token = float | int | str | bool | None
RELATIVE, ABSOLUTE = 1e-6, 1e-11
LAST = 4  # tokens in which a failing check's own numbers stand
RARE = "!RecursionError"
UNWRITTEN = "!NotImplementedError"


def matches(one: Sequence[Token], other: Sequence[Token]) -> bool:
    """Return whether two traces are the same, floats compared with a tolerance."""
    return len(one) == len(other) and all(map(_same, one, other))


def _same(a: Token, b: Token) -> bool:
    if type(a) in (int, float) and type(b) in (int, float):
        return math.isclose(float(a), float(b), rel_tol=RELATIVE, abs_tol=ABSOLUTE)  # type: ignore[arg-type]
    return type(a) is type(b) and a == b


def is_rare(token: Token) -> bool:
    """Return whether *token* is a number that no accident gives: not 0, 1 or -1, which many mistakes show."""
    return type(token) in (int, float) and token not in (0, 1, -1)


def telling(trace: Sequence[Token]) -> bool:
    """Return whether what *trace* saw last, before the outcome, holds a text, a number other than 0, 1, -1, or an error that few raise."""
    last = trace[-1 - LAST : -1]
    return any(map(is_rare, last)) or RARE in last or any(type(token) is str and token[0] == "'" and token[1:2] != "<" for token in last)
