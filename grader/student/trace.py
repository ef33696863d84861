"""Traces: what crossed the wire in a check, reduced to a short list of plain tokens that two programs can be compared by."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

HEAD, TAIL = 16, 32  # tokens kept: how a check began, and what it saw last
DIGITS = 9
_SHOWN = re.compile(r"<[\w.]+ .*>|[A-Z]\w*\(.*\)", re.DOTALL)  # an object as its repr shows it: style, and sometimes an address

Token = float | int | str | bool | None


class Long:
    """The tokens of one long value, as far as a normalised trace could ever show them: how it begins, how it ends, how many."""

    __slots__ = ("count", "head", "tail")

    def __init__(self, tokens: list[Token]) -> None:
        short = len(tokens) <= HEAD + TAIL
        self.head, self.tail, self.count = (tokens, [], len(tokens)) if short else (tokens[:HEAD], tokens[-TAIL:], len(tokens))


def kept(value: Any) -> Any:
    """Return what a trace keeps of *value*: of a long one only its two ends, so that no program can fill the judge's memory with it."""
    return Long(list(_leaves(value))) if type(value) in (list, tuple, dict) or type(value).__name__ == "ndarray" else value


def normalise(trace: Iterable[tuple[str, Any]]) -> tuple[Token, ...]:
    """Return the tokens of a trace: values in the order in which they came, without the numbers of handles.

    What her program passed to the suite's functions is left out: which points she asks for is style, what she concludes is not.
    """
    tokens: list[Token] = []
    missing = 0  # tokens in the middle of long values
    for kind, value in trace:
        if kind == "called":
            continue
        tokens += _tokens(kind, value)
        if type(value) is Long:
            missing += value.count - len(value.head) - len(value.tail)
    if len(tokens) + missing > HEAD + TAIL:
        tokens = [*tokens[:HEAD], f"...{len(tokens) + missing}", *tokens[-TAIL:]]
    return tuple(tokens)


def calls(trace: Iterable[tuple[str, Any]]) -> int:
    """Return how often her program called the suite's functions: a second witness."""
    return sum(kind == "called" for kind, _ in trace)


def _tokens(kind: str, value: Any) -> Iterator[Token]:
    if kind == "raised":
        yield f"!{value}"
        return
    if kind == "restored":
        yield "restored"
    yield from _leaves(value)


def _leaves(value: Any) -> Iterator[Token]:
    kind = type(value)
    if kind is float:
        yield _rounded(value)
    elif kind is Long:
        yield from value.head
        yield from value.tail
    elif kind in (int, bool) or value is None:
        yield value
    elif kind is str:
        yield "'<shown>" if _SHOWN.fullmatch(value) else f"'{value[:40]}"
    elif kind in (list, tuple):
        yield "["
        for item in value:
            yield from _leaves(item)
        yield "]"
    elif kind is dict:
        yield "{"
        for key, item in value.items():
            yield from _leaves(key)
            yield from _leaves(item)
        yield "}"
    elif kind.__name__ == "ndarray":
        yield f"array{tuple(value.shape)}"
        flat = value.ravel()
        picked = flat if flat.size <= HEAD + TAIL else flat[:: max(1, flat.size // 32)][:32]
        yield from (_rounded(float(item)) for item in picked)
    else:
        yield "<object>"


def _rounded(value: float) -> float | str:
    if not math.isfinite(value):
        return repr(value)
    return float(f"{value:.{DIGITS}g}")
