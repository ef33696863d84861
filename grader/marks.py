"""The solution marks: cut what stands between them, and know every line that must never leave.

A region is written in a reference as two comments, each alone on its line and indented like the code between them::

    ### BEGIN SOLUTION
    ...
    ### END SOLUTION

Inside a function the cut leaves ``# YOUR CODE HERE`` and ``raise NotImplementedError()``. In a module's or a class's body it
leaves the comment alone, because there the exception would be raised at import.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from grader.errors import SuiteError

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
STUB = ("# YOUR CODE HERE", "raise NotImplementedError()")
EVERYDAY = ("import", "from", "with")  # a line that begins so names a library's idiom, not the student's idea
TOKENS, SHORT = 5, 8  # a line of fewer tokens, or fewer characters without spaces, gives nothing away
WHOLE = 12  # from so many characters on, a secret line is looked for inside longer lines too

_LIKE_A_MARK = re.compile(r"\b(begin|end)[ _-]*solution\b", re.IGNORECASE)
_EMPTY = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER, tokenize.ENCODING}


class _Mark(NamedTuple):
    line: int
    column: int
    text: str


@dataclass(frozen=True, slots=True)
class Region:
    """One solution region: the line numbers (from 1) of its two marks, and the marks' column."""

    begin: int
    end: int
    column: int

    def holds(self, line: int) -> bool:
        """Return whether *line* stands between the marks."""
        return self.begin < line < self.end


def regions(source: str, name: str) -> list[Region]:
    """Return the solution regions of *source* in order. Raises SuiteError for a mark that is stray, nested, unpaired or in a string."""
    found: list[Region] = []
    opened: _Mark | None = None
    for mark in _marks(source, name):
        if opened is None and mark.text == END:
            raise SuiteError(f"{name}:{mark.line}: {END!r} without a {BEGIN!r} before it")
        if opened is None:
            opened = mark
        elif mark.text == BEGIN:
            raise SuiteError(f"{name}:{mark.line}: {BEGIN!r} inside the region that begins in line {opened.line}; end that one first")
        else:
            found.append(_region(source, name, opened, mark))
            opened = None
    if opened is not None:
        raise SuiteError(f"{name}:{opened.line}: {BEGIN!r} is never ended; add {END!r}")
    return found


def cut(source: str, name: str) -> str:
    """Return the starter: *source* with each region replaced by the stub. Raises SuiteError if that would not compile."""
    tree = _parse(source, name)
    found = regions(source, name)
    lines = io.StringIO(source).readlines()
    for region in reversed(found):
        stub = STUB if _in_function(tree, region) else STUB[:1]
        lines[region.begin - 1 : region.end] = [f"{' ' * region.column}{text}\n" for text in stub]
    starter = "".join(lines)
    try:
        compile(starter, name, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise SuiteError(
            f"{name}: the starter does not compile (line {error.lineno} of it: {error.msg}); let each region hold whole statements, "
            "and leave a docstring in a class that it empties"
        ) from None
    return starter


def solution_lines(source: str, name: str) -> frozenset[str]:
    """Return the lines between the marks that give something away, without spaces and comments.

    A line gives something away when it has five tokens or more and does not stand outside the regions as well:
    ``return out``, ``history = []`` and ``with torch.no_grad():`` say nothing, ``p.grad = 0.0`` does.
    """
    found = regions(source, name)
    codes = _codes(source, name)
    inside = {code for line, code in codes.items() if any(region.holds(line) for region in found)}
    outside = {code for line, code in codes.items() if not any(region.holds(line) for region in found)}
    return frozenset(inside - outside)


def telling_lines(source: str, name: str) -> frozenset[str]:
    """Return every line of *source* that gives something away, in the form of ``solution_lines``."""
    return frozenset(_codes(source, name).values())


def survivors(text: str, secret: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield (line number, line) for each line of *text* that shows one of the *secret* lines."""
    secret = set(secret)
    long = [line for line in secret if len(line) >= WHOLE]
    for number, line in enumerate(text.splitlines(), 1):
        bare = "".join(line.split())
        if bare in secret or any(code in bare for code in long):
            yield number, line.strip()


def _marks(source: str, name: str) -> Iterator[_Mark]:
    for token in _tokens(source, name):
        if token.type == tokenize.NAME or not _LIKE_A_MARK.search(token.string):
            continue
        line, column = token.start
        where, text = f"{name}:{line}", token.string.rstrip()
        if token.type != tokenize.COMMENT:
            raise SuiteError(f"{where}: a solution mark inside a string is not a mark; make it a comment, or reword the text")
        if text not in (BEGIN, END):
            raise SuiteError(f"{where}: {text!r} looks like a solution mark; write exactly {BEGIN!r} or {END!r}, or reword it")
        if token.line[:column].strip():
            raise SuiteError(f"{where}: a solution mark stands alone on its line, not behind code")
        if "\t" in token.line[:column]:
            raise SuiteError(f"{where}: the solution mark is indented with a tab; use spaces")
        yield _Mark(line, column, text)


def _region(source: str, name: str, begin: _Mark, end: _Mark) -> Region:
    if begin.column != end.column:
        raise SuiteError(
            f"{name}:{end.line}: {END!r} is indented by {end.column}, its {BEGIN!r} in line {begin.line} by {begin.column}; make them equal"
        )
    between = io.StringIO(source).readlines()[begin.line : end.line - 1]
    code = [line for line in between if line.strip() and not line.lstrip().startswith("#")]
    if not code:
        raise SuiteError(f"{name}:{begin.line}: this solution region holds no code")
    first = len(code[0]) - len(code[0].lstrip())
    if first != begin.column:
        raise SuiteError(
            f"{name}:{begin.line}: the marks are indented by {begin.column} and the code between them by {first}; make them equal"
        )
    return Region(begin.line, end.line, begin.column)


def _in_function(tree: ast.Module, region: Region) -> bool:
    """Return whether the innermost block around *region* is a function's (and not a class's or the module's)."""
    scopes = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, scopes) and node.lineno < region.begin <= (node.end_lineno or 0) and node.col_offset < region.column
    ]
    return bool(around) and not isinstance(max(around, key=lambda node: node.lineno), ast.ClassDef)


def _codes(source: str, name: str) -> dict[int, str]:
    """Return the telling lines by number, each as its tokens joined without spaces."""
    parts: dict[int, list[str]] = {}
    for token in _tokens(source, name):
        one_line = token.start[0] == token.end[0]
        if token.type not in _EMPTY and one_line:
            parts.setdefault(token.start[0], []).append("".join(token.string.split()))
    # a header's colon says nothing: `for p in params:` is every program's
    telling = {line: words for line, words in parts.items() if words[0] not in EVERYDAY and len(words) - (words[-1] == ":") >= TOKENS}
    return {line: "".join(words) for line, words in telling.items() if len("".join(words)) >= SHORT}


def _parse(source: str, name: str) -> ast.Module:
    try:
        return ast.parse(source, name)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise SuiteError(f"{name}:{line}: not valid Python: {getattr(error, 'msg', error)}") from None


def _tokens(source: str, name: str) -> list[tokenize.TokenInfo]:
    _parse(source, name)
    return list(tokenize.generate_tokens(io.StringIO(source).readline))
