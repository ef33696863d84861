"""The roster in the store, and what a student may ask for: her data, and that it be forgotten."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa

from grader.errors import CourseError
from grader.gradebook.database import Database
from grader.gradebook.schema import ATTEMPTS, COMPLETIONS, ERASURES, HAND_INS, LEASES, MARKS, STUDENTS, TRIES
from grader.roster import COLUMNS, Person


class People:
    """Students by id. Attempts point to a student's key, so that her id and name stand in one place only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def import_roster(self, people: Iterable[Person], columns: Collection[str] = COLUMNS) -> int:
        """Add students, or update what *columns* names; nobody is removed. Returns how many stand in the roster given."""
        rows = [{"id": p.id, "name": p.name or None, "email": p.email or None, "repo": p.repo or None, "listed": 1} for p in people]
        if not rows:
            return 0
        insert = self._database.insert(STUDENTS)
        fresh = {name: insert.excluded[name] for name in (*columns, "listed") if name != "id"}
        update = insert.on_conflict_do_update(index_elements=["id"], set_=fresh)
        with self._database.write() as connection:
            connection.execute(update, rows)
        return len(rows)

    def roster(self) -> tuple[Person, ...]:
        """Return every student, by id; the erased are not among them."""
        columns = (STUDENTS.c.id, STUDENTS.c.name, STUDENTS.c.email, STUDENTS.c.repo)
        with self._database.read() as connection:
            rows = connection.execute(sa.select(*columns).where(STUDENTS.c.id.is_not(None)).order_by(STUDENTS.c.id))
            return tuple(Person(row.id, row.name or "", row.email or "", row.repo or "") for row in rows)

    def listed(self) -> frozenset[str]:
        """Return the ids that a roster named; those that only hand-ins bear are not among them."""
        with self._database.read() as connection:
            return frozenset(
                connection.execute(sa.select(STUDENTS.c.id).where(STUDENTS.c.listed == 1, STUDENTS.c.id.is_not(None))).scalars()
            )

    def export(self, student: str) -> dict[str, Any]:
        """Return everything that the store holds of *student*, as plain JSON values."""
        with self._database.read() as connection:
            person = self._person(connection, student)
            key = person["key"]
            attempts = [_plain(row) for row in connection.execute(_of(ATTEMPTS, key).order_by(ATTEMPTS.c.row)).mappings()]
            rows = sa.select(COMPLETIONS).join(ATTEMPTS, ATTEMPTS.c.row == COMPLETIONS.c.attempt).where(ATTEMPTS.c.student_key == key)
            completions = [_plain(row) for row in connection.execute(rows).mappings()]
            marks = [_plain(row) for row in connection.execute(_of(MARKS, key).order_by(MARKS.c.row)).mappings()]
            again = [_plain(row) for row in connection.execute(_of(HAND_INS, key).order_by(HAND_INS.c.row)).mappings()]
        return {"student": _plain(person), "attempts": attempts, "completions": completions, "marks": marks, "hand_ins": again}

    def erase(self, student: str, now: str) -> int:
        """Forget who *student* was; return how many attempts stay, nameless. The log keeps its rows, points and order."""
        with self._database.write() as connection:
            key = self._person(connection, student)["key"]
            nameless = "erased-" + sa.cast(ATTEMPTS.c.row, sa.Text)
            mine = ATTEMPTS.c.student_key == key
            rows = sa.select(ATTEMPTS.c.row).where(mine)
            connection.execute(COMPLETIONS.update().where(COMPLETIONS.c.attempt.in_(rows)).values(texts=None))
            kept = connection.execute(ATTEMPTS.update().where(mine).values(texts=None, source=None, submission=nameless)).rowcount
            connection.execute(HAND_INS.update().where(HAND_INS.c.student_key == key).values(submission="erased"))
            connection.execute(MARKS.update().where(MARKS.c.student_key == key).values(comment=None))
            connection.execute(STUDENTS.update().where(STUDENTS.c.key == key).values(id=None, name=None, email=None, repo=None))
            for table in (LEASES, TRIES):
                works = connection.execute(sa.select(table.c.work)).scalars()
                gone = [work for work in works if work.startswith("[") and json.loads(work)[1] == student]  # others name no student
                connection.execute(table.delete().where(table.c.work.in_(gone)))
            connection.execute(ERASURES.insert().values(student_key=key, erased_at=now, attempts=kept))
        self._forget_the_log()
        return kept

    def _forget_the_log(self) -> None:
        """Empty SQLite's write-ahead log, which still holds the old pages."""
        if self._database.dialect == "sqlite":
            self._database.checkpoint()

    def _person(self, connection: sa.Connection, student: str) -> dict[str, Any]:
        row = connection.execute(sa.select(STUDENTS).where(STUDENTS.c.id == student)).mappings().one_or_none()
        if row is None:
            text = f"no student {student!r} in {self._database.label}; see the ids with: grade gradebook roster"
            raise CourseError(text, zh=f"{self._database.label} 里没有学生 {student!r}；用 grade gradebook roster 查看 id")
        return dict(row)


def _of(table: sa.Table, key: int) -> sa.Select[Any]:
    return sa.select(table).where(table.c.student_key == key)


def _plain(row: Any) -> dict[str, Any]:
    """Drop our row numbers, and open the JSON that a column holds."""
    found = {name: value for name, value in dict(row).items() if name not in ("key", "student_key")}
    for name in ("checks", "texts", "versions"):
        if isinstance(found.get(name), str):
            found[name] = json.loads(found[name])
    return found
