"""When work was handed in: an attempt's own instant, and what was learnt since: that it came again, or at another time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from grader.gradebook.database import Database
from grader.gradebook.records import HandIn, Noted
from grader.gradebook.schema import ATTEMPTS, HAND_INS, STUDENTS

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class _Came:
    """One hand-in as it is known by now."""

    submission: str
    instant: str
    stated: bool
    was: str = ""  # the instant that this one took the place of


class HandIns:
    """A hand-in is an event, a grading is of a content: the same content may be handed in twice, and is graded once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, assignment: str, seen: Collection[HandIn], now: str) -> dict[str, Noted]:
        """Append what *seen* says that is new, and return it by student; of work that no attempt holds yet, its attempt will tell."""
        with self._database.read() as connection:
            if not _news(connection, assignment, seen):
                return {}
        with self._database.write() as connection:
            students = [one.student for one in seen]
            for start in range(0, len(students), _CHUNK):  # another run may be about to note the same
                hers = sa.select(STUDENTS.c.key).where(STUDENTS.c.id.in_(students[start : start + _CHUNK]))
                connection.execute(hers.order_by(STUDENTS.c.key).with_for_update())  # in one order, or two runs wait for each other
            news = _news(connection, assignment, seen)
            rows = [{**row, "assignment": assignment, "noted_at": now} for found in news.values() for row in found]
            if rows:  # the other run may have been first
                connection.execute(HAND_INS.insert(), rows)
        return {student: Noted(found[0]["handed_in"], found[0]["replaces"] or "") for student, found in news.items()}


def later(connection: sa.Connection, assignment: str | None) -> dict[tuple[str, int, str], list[Any]]:
    """Return (assignment, student's key, submission) -> what was noted after its first attempt, oldest first."""
    query = sa.select(HAND_INS).order_by(HAND_INS.c.row)
    found: dict[tuple[str, int, str], list[Any]] = {}
    for row in connection.execute(query if assignment is None else query.where(HAND_INS.c.assignment == assignment)):
        found.setdefault((row.assignment, row.student_key, row.submission), []).append(row)
    return found


def instants(first: str, noted: Iterable[Any]) -> tuple[str, ...]:
    """Return every instant at which one submission was handed in."""
    return tuple(one.instant for one in _came("", first, False, noted))


def _came(submission: str, first: str, stated: bool, noted: Iterable[Any]) -> list[_Came]:
    found = [_Came(submission, first, stated)]
    for row in noted:
        now = _Came(submission, row.handed_in, bool(row.stated), row.replaces or "")
        found = [now if one.instant == row.replaces else one for one in found] if row.replaces else [*found, now]
    return found


def follow(connection: sa.Connection, assignment: str, one: HandIn, now: str) -> None:
    """Let no guess stand after new work with a stated instant: what was graded before came before, and its file told of a download."""
    keys, known = _known(connection, assignment, STUDENTS.c.id == one.student)
    for student, came in known.items():
        rows = [{**row, "student_key": keys[student], "assignment": assignment, "noted_at": now} for row in _pulled(one, came)]
        if rows:
            connection.execute(HAND_INS.insert(), rows)


def _news(connection: sa.Connection, assignment: str, seen: Collection[HandIn]) -> dict[str, list[dict[str, Any]]]:
    keys, known = _known(connection, assignment, STUDENTS.c.id.is_not(None))
    found = {one.student: _new(one, known.get(one.student, ())) for one in seen if one.instant}
    return {student: [{**row, "student_key": keys[student]} for row in rows] for student, rows in found.items() if rows}


def _known(connection: sa.Connection, assignment: str, whose: sa.ColumnElement[bool]) -> tuple[dict[str, int], dict[str, list[_Came]]]:
    """Return student -> her key, and student -> what she handed in."""
    columns = (ATTEMPTS.c.student_key, ATTEMPTS.c.submission, ATTEMPTS.c.handed_in, ATTEMPTS.c.stated)
    query = sa.select(STUDENTS.c.id, *columns).join(STUDENTS, STUDENTS.c.key == ATTEMPTS.c.student_key)
    noted = later(connection, assignment)
    keys: dict[str, int] = {}
    known: dict[str, list[_Came]] = {}
    for row in connection.execute(query.where(ATTEMPTS.c.assignment == assignment, whose).distinct()):
        keys[row.id] = row.student_key
        came = _came(row.submission, row.handed_in, bool(row.stated), noted.get((assignment, row.student_key, row.submission), ()))
        known.setdefault(row.id, []).extend(came)
    return keys, known


def _new(one: HandIn, known: Sequence[_Came]) -> list[dict[str, Any]]:
    """Work that is known, and lies there again after other work with a later instant, was handed in again.

    A stated instant takes the place of the one that is known; one guessed from a file's time never does, so that a copied file is not late.
    What was guessed to come before, and later than what is stated now, moves with it: its file's time was that of a download, too. A folder
    of an earlier week that is graded again brings nothing new: neither what is known, nor a guess that was replaced.
    """
    mine = [came for came in known if came.submission == one.submission]
    if not mine or one.instant in {came.instant for came in mine} or (not one.stated and one.instant in {came.was for came in mine}):
        return []
    newest, last = (max(some, key=lambda came: came.instant) for some in (known, mine))
    if newest.submission != one.submission and one.instant > newest.instant:
        return [_row(one.submission, one.instant, one.stated, None)]
    if not one.stated:
        return []
    before = [came for came in known if came.instant <= last.instant and came is not last]
    return [_row(one.submission, one.instant, True, last.instant), *_pulled(one, before)]


def _pulled(one: HandIn, before: Iterable[_Came]) -> list[dict[str, Any]]:
    late = [came for came in before if not came.stated and came.instant > one.instant]
    return [_row(came.submission, one.instant, False, came.instant) for came in late]


def _row(submission: str, instant: str, stated: bool, replaces: str | None) -> dict[str, Any]:
    return {"submission": submission, "handed_in": instant, "stated": int(stated), "replaces": replaces}
