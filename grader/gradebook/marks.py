"""Marks that people gave: appended, never changed, never overwritten by a grading."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from grader.gradebook.database import Database
from grader.gradebook.records import Mark
from grader.gradebook.schema import MARKS, STUDENTS

_FIELDS = ("assignment", "item", "points", "max_points", "basis", "given_at")


class Marks:
    """The history of manual marks; the newest of an item counts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, marks: Iterable[Mark], now: str) -> int:
        """Append those of *marks* that differ from the newest of the same item; return how many."""
        added = 0
        with self._database.write() as connection:
            for mark in marks:
                key = self._key(connection, mark.student)
                if self._same(connection, mark, key):
                    continue
                values = {name: getattr(mark, name) for name in _FIELDS}
                values |= {"student_key": key, "author": mark.author or None, "comment": mark.comment or None}
                connection.execute(MARKS.insert().values(**{**values, "given_at": mark.given_at or now}))
                added += 1
        return added

    def _key(self, connection: sa.Connection, student: str) -> int:
        connection.execute(self._database.insert(STUDENTS).values(id=student).on_conflict_do_nothing())
        return int(connection.execute(sa.select(STUDENTS.c.key).where(STUDENTS.c.id == student)).scalar_one())

    def _same(self, connection: sa.Connection, mark: Mark, key: int) -> bool:
        mine = (MARKS.c.assignment == mark.assignment) & (MARKS.c.student_key == key) & (MARKS.c.item == mark.item)
        row = connection.execute(sa.select(MARKS).where(mine).order_by(MARKS.c.row.desc()).limit(1)).one_or_none()
        said = (mark.points, mark.max_points, mark.comment, mark.basis)
        return row is not None and (row.points, row.max_points, row.comment or "", row.basis) == said

    def history(self, assignment: str) -> list[Mark]:
        """Return all marks of *assignment*, oldest first."""
        rows = sa.select(MARKS, STUDENTS.c.id).join(STUDENTS, STUDENTS.c.key == MARKS.c.student_key)
        with self._database.read() as connection:
            found = connection.execute(rows.where(MARKS.c.assignment == assignment).order_by(MARKS.c.row)).all()
        return [
            Mark(**{name: getattr(row, name) for name in _FIELDS}, student=row.id, comment=row.comment or "", author=row.author or "")
            for row in found
            if row.id is not None
        ]

    def current(self, assignment: str) -> dict[tuple[str, str], Mark]:
        """Return (student, item) -> the mark that counts."""
        return {(mark.student, mark.item): mark for mark in self.history(assignment)}
