"""From what stopped a check to an outcome and one sentence for the student."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

import pytest

from grader.errors import CourseError, GraderFault
from grader.evidence import EvidenceError
from grader.model import Outcome
from grader.student.errors import StudentError, WorkerGone

LONGEST = 600  # characters of a message
AUTHORS = (NameError, ImportError, SyntaxError, AttributeError)  # raised by the suite's own lines: the author's slip


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a check did not pass."""

    outcome: Outcome
    message: str
    traceback: str = ""
    where: str = ""


def explain(excinfo: pytest.ExceptionInfo[BaseException], phase: str) -> Failure:  # noqa: PLR0911  # a table of causes
    """Say whose fault *excinfo* is, and what the student should read."""
    error = excinfo.value
    if isinstance(error, WorkerGone):
        return Failure(Outcome(error.outcome), _gone_words(error))
    if isinstance(error, StudentError):
        file, line = error.where
        where = f"{file}:{line}" if file else ""
        words = "this part is not written yet" if error.type_name == "NotImplementedError" and not error.message else str(error)
        return Failure(Outcome.FAIL, f"{words} ({file}, line {line})" if file else words, error.traceback, where)
    if isinstance(error, EvidenceError):
        return Failure(Outcome.FAIL, str(error))
    if isinstance(error, (CourseError, GraderFault)):
        return fault(error)
    if isinstance(error, pytest.skip.Exception):
        return Failure(Outcome.FAULT, "the suite skipped this check; a check either runs or is PENDING for a device")
    if isinstance(error, (AssertionError, pytest.fail.Exception)):
        return Failure(Outcome.FAIL, _assertion(excinfo))
    if isinstance(error, AttributeError) and ("student's program" in str(error) or _is_plain(error)):
        return Failure(Outcome.FAIL, _attribute_words(error))
    if phase != "call" or isinstance(error, AUTHORS) or not isinstance(error, Exception):
        return Failure(Outcome.FAULT, f"the suite itself failed: {type(error).__name__}: {error}")
    return Failure(Outcome.FAIL, f"an answer of an unexpected kind: {type(error).__name__}: {error}"[:LONGEST])


def fault(error: CourseError | GraderFault) -> Failure:
    """Return what is ours: its text, and whatever was noted to its cause in the place of a traceback."""
    return Failure(Outcome.FAULT, str(error), "\n".join(getattr(error, "__notes__", ())))


def _is_plain(error: AttributeError) -> bool:
    """Return whether an attribute was asked of a plain value: then an object of the student's was expected there."""
    return isinstance(error.obj, (float, int, str, list, tuple, dict, type(None))) and bool(error.name)


def _attribute_words(error: AttributeError) -> str:
    if "student's program" in str(error):
        return str(error)
    return f"an object with .{error.name} was expected here, and {_show(error.obj)} was received"


def _gone_words(error: WorkerGone) -> str:
    text = str(error)
    return text[:1].upper() + text[1:] + "."


def _assertion(excinfo: pytest.ExceptionInfo[BaseException]) -> str:
    """Return the author's own words if there are some, else ``EXPRESSION: got A, should be B``, else what pytest says."""
    text = str(excinfo.value).strip()
    first = text.split("\nassert ")[0].strip()
    if text.startswith(("assert ", "got ")) or not first:
        compared = _compared(text)
        expression = _left_side(excinfo)
        return (
            f"{expression}: {compared}" if compared and expression else (compared or text or "not as it should be / 与预期不符")[:LONGEST]
        )
    return first[:LONGEST]


def _compared(text: str) -> str:
    line = text.partition("\n")[0].removeprefix("assert ")
    return line if line.startswith("got ") else ""


def _left_side(excinfo: pytest.ExceptionInfo[BaseException]) -> str:
    """Return the source of what was compared, as the suite's author wrote it."""
    try:
        statement = ast.parse(str(excinfo.traceback[-1].statement).strip()).body[0]
    except (SyntaxError, IndexError, ValueError, AssertionError):  # pytest asserts that a frame has a source
        return ""
    if isinstance(statement, ast.Assert) and isinstance(statement.test, ast.Compare):
        return ast.unparse(statement.test.left)[:80]
    return ""


def compare_words(sign: str, left: Any, right: Any) -> list[str] | None:
    """Say a comparison in a beginner's words: what came and what should have come."""
    if sign == "==":
        return [f"got {_show(left)}, should be {_show(right)}"]
    if sign in ("<", "<=", ">", ">="):
        words = {"<": "below", "<=": "at most", ">": "above", ">=": "at least"}
        return [f"got {_show(left)}, should be {words[sign]} {_show(right)}"]
    return None


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else text[:197] + "..."
