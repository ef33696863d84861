"""What the gradebook takes and gives: frozen records, and the JSON that a row holds."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from grader.model import Grade, Outcome, Verdict

KIT = "grade"  # the entry of Grade.versions that names the kit's own version
_TEXTS = ("message", "traceback", "output", "where", "question")  # what a student's work can end up in
_PLAIN = ("id", "stage", "concept", "concept_zh", "points", "max_points", "seconds", "misconception")
_OUTCOMES = {outcome.value: outcome for outcome in Outcome}  # ten times faster than asking the enum, 40,000 times a class
_KEPT = 4096  # characters of each text
EXTRA = "extra credit "  # and an item's name: points beyond what that item can earn


@dataclass(frozen=True, slots=True)
class Key:
    """What makes two gradings the same one: grading it again would find the same."""

    assignment: str
    student: str
    submission: str
    suite_hash: str
    kit: str
    seed: int
    device: str

    @classmethod
    def of(cls, grade: Grade) -> Key:
        """Return the key of a finished grading."""
        kit = grade.versions.get(KIT, "")
        return cls(grade.assignment, grade.student, grade.submission, grade.suite_hash, kit, grade.seed, grade.device)

    @property
    def work(self) -> str:
        """The key as one string, which names a piece of work in the lease table."""
        return json.dumps(dataclasses.astuple(self), ensure_ascii=True)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One graded hand-in. Times are UTC, ISO 8601; no regrade changes ``handed_in``; a standing has that of the hand-in that counts."""

    row: int
    number: int
    handed_in: str
    graded_at: str
    source: str
    grade: Grade


@dataclass(frozen=True, slots=True)
class Summary:
    """An attempt without its checks: enough to choose which one counts, and cheap for a whole class."""

    row: int
    assignment: str
    student: str
    number: int
    submission: str
    suite_hash: str
    status: str
    score: float
    max_score: float
    handed_in: str
    graded_at: str
    pending: int = 0
    again: tuple[str, ...] = ()  # the instants at which the same work was handed in once more

    @property
    def instants(self) -> tuple[str, ...]:
        """Every instant at which it was handed in."""
        return (self.handed_in, *self.again)


@dataclass(frozen=True, slots=True)
class HandIn:
    """One hand-in as it lies in a class folder now; ``stated`` where its instant was said, and not guessed from a file's time."""

    student: str
    submission: str
    instant: str
    stated: bool = False


@dataclass(frozen=True, slots=True)
class Noted:
    """What was learnt of work that was graded before: an instant, and the one that it replaces, or "" where it was handed in again."""

    instant: str
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark that a person gave. ``item`` is a check's id, another item's name, or "" for the whole assignment.

    ``basis`` is the automatic score that the marker saw; ``points`` is None for a comment alone, and without a comment
    too it takes the mark before it back. A mark says all that counts of its item: nothing is read from those before.
    """

    assignment: str
    student: str
    item: str
    points: float | None
    max_points: float | None = None
    comment: str = ""
    author: str = ""
    basis: float | None = None
    given_at: str = ""


def checks_json(verdicts: Iterable[Verdict]) -> str:
    """Return the part of *verdicts* that says nothing about a person. Traces stay out."""
    rows = [{**{name: getattr(v, name) for name in _PLAIN}, "outcome": v.outcome.value} for v in verdicts]
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace").decode("utf-8")  # a lone surrogate becomes JSON's own escape for it


def texts_json(message: str, verdicts: Iterable[Verdict]) -> str:
    """Return the texts that a student's work could end up in, by check; "" is the attempt's own message."""
    found: dict[str, Any] = {"": _cut(message)} if message else {}
    for verdict in verdicts:
        texts = {name: _cut(getattr(verdict, name)) for name in _TEXTS if getattr(verdict, name)}
        if texts:
            found[verdict.id] = texts
    return json.dumps(found, ensure_ascii=True, separators=(",", ":"))  # ASCII: lone surrogates and NUL survive any server


def _cut(text: str) -> str:
    return text if len(text) <= _KEPT else text[: _KEPT - 1] + "…"


def verdicts_from(checks: str, texts: str | None) -> tuple[tuple[Verdict, ...], str]:
    """Return verdicts and the attempt's message as they were appended."""
    by_check = json.loads(texts) if texts else {}
    rows = json.loads(checks)
    verdicts = tuple(Verdict(**{**row, "outcome": _OUTCOMES[row["outcome"]]}, **by_check.get(row["id"], {})) for row in rows)
    return verdicts, by_check.get("", "")
