"""The gradebook: attempts are appended and never changed."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Collection, Iterable, Sequence
from types import TracebackType
from typing import Any

import sqlalchemy as sa

from grader.errors import GraderFault
from grader.gradebook.database import Database
from grader.gradebook.handins import HandIns, follow, instants, later
from grader.gradebook.leases import Leases
from grader.gradebook.marks import Marks
from grader.gradebook.people import People
from grader.gradebook.records import KIT, Attempt, HandIn, Key, Mark, Noted, Summary, checks_json, texts_json, verdicts_from
from grader.gradebook.schema import ATTEMPTS, COMPLETIONS, LEASES, STUDENTS, TRIES, migrate
from grader.model import Grade, Outcome, Verdict
from grader.roster import COLUMNS, Person

_KEY = ("submission", "suite_hash", "kit", "seed", "device")
_SUMMARY = ("row", "assignment", "number", "submission", "suite_hash", "status", "max_score", "handed_in", "graded_at")
# What each append asks, built once: to build it again takes longer than SQLite needs to answer.
_STUDENT = sa.select(STUDENTS.c.key).where(STUDENTS.c.id == sa.bindparam("student")).with_for_update()
_ATTEMPTS = (
    sa.select(*(ATTEMPTS.c[name] for name in ("number", "status", "handed_in", "stated", *_KEY)))
    .where(ATTEMPTS.c.assignment == sa.bindparam("assignment"), ATTEMPTS.c.student_key == sa.bindparam("student"))
    .order_by(ATTEMPTS.c.number)
)
_LEASE = LEASES.delete().where(LEASES.c.work == sa.bindparam("work"))
_LOSSES = TRIES.delete().where(TRIES.c.work == sa.bindparam("work"))
_CHUNK = 500  # rows asked for at once; SQLite allows 999 parameters and more


class Gradebook:
    """One store. Use it as a context manager; every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.leases = Leases(database)
        self._people = People(database)
        self._marks = Marks(database)
        self._hand_ins = HandIns(database)

    @classmethod
    def open(cls, url: str, *, wait: float, to_read: bool = False) -> Gradebook:
        """Connect, and make or migrate the tables."""
        database = Database(url, wait=wait, to_read=to_read)
        try:
            migrate(database, _now())
        except BaseException:
            database.close()
            raise
        return cls(database)

    def __enter__(self) -> Gradebook:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._database.close()

    @property
    def label(self) -> str:
        """The store's name for messages, without a password."""
        return self._database.label

    def count_statements(self, on_statement: Callable[[str], None]) -> None:
        """Call *on_statement* with each SQL statement from now on."""
        self._database.listen(on_statement)

    # -- attempts

    def append(self, grade: Grade, *, handed_in: str = "", stated: bool = False, source: str = "", work: str | None = None) -> int:
        """Store *grade* and return its attempt's number; on disk when this returns.

        The same key again changes nothing and returns the first number, unless another suite graded the submission since: then today's
        counts again. A submission graded before keeps its first hand-in's instant; ``note_hand_ins`` knows better ones. *stated* says
        that *handed_in* is no guess. *work* is a lease to give back in the same transaction; a fault ends its count of losses, too.
        """
        now = _now()
        with self._database.write() as connection:
            student = self._student_key(connection, grade.student)
            rows = connection.execute(_ATTEMPTS, {"assignment": grade.assignment, "student": student}).all()
            known = _standing_number(grade, rows)
            number = known or max((row.number for row in rows), default=0) + 1
            if known is None:
                first = next((row for row in rows if row.submission == grade.submission), None)
                when, said = (first.handed_in, first.stated) if first else (handed_in or now, int(stated))
                about = {"number": number, "student_key": student, "source": _storable(source)}
                times = {"handed_in": when, "stated": said, "graded_at": now}
                connection.execute(ATTEMPTS.insert(), {**_row(grade), **about, **times})
                if stated and first is None:
                    follow(connection, grade.assignment, HandIn(grade.student, grade.submission, handed_in, stated), now)
            if work is not None:
                connection.execute(_LEASE, {"work": work})
                if grade.status == "fault":  # the next run tries it anew
                    connection.execute(_LOSSES, {"work": work})
        return number

    def note_hand_ins(self, assignment: str, seen: Iterable[HandIn]) -> dict[str, Noted]:
        """Append what *seen* says of work that was graded before: it came again, or at another time. Return that by student."""
        return self._hand_ins.note(assignment, list(seen), _now())

    def _student_key(self, connection: sa.Connection, student: str) -> int:
        """Return the student's key, and hold her row, so that two runs never give one number twice."""
        key = connection.execute(_STUDENT, {"student": student}).scalar_one_or_none()
        if key is None:
            connection.execute(self._database.insert(STUDENTS).on_conflict_do_nothing(), {"id": student})
            key = connection.execute(_STUDENT, {"student": student}).scalar_one()
        return int(key)

    def known(self, assignment: str, students: Collection[str] | None = None) -> dict[str, int]:
        """Return work -> attempt's number of everything graded (of *students* alone), to see in one query what is new."""
        columns = [ATTEMPTS.c[name] for name in ("number", *_KEY)]
        query = sa.select(STUDENTS.c.id, *columns).join(STUDENTS, STUDENTS.c.key == ATTEMPTS.c.student_key)
        query = query.where(ATTEMPTS.c.assignment == assignment, ATTEMPTS.c.status != "fault", STUDENTS.c.id.is_not(None))
        query = query.order_by(ATTEMPTS.c.number)
        if students is not None and len(students) <= _CHUNK:
            query = query.where(STUDENTS.c.id.in_(students))
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return {Key(assignment, r.id, r.submission, r.suite_hash, r.kit, r.seed, r.device).work: r.number for r in rows}

    def attempts(self, assignment: str, student: str | None = None) -> list[Attempt]:
        """Return all attempts, by student and number."""
        query = _full().where(ATTEMPTS.c.assignment == assignment)
        if student is not None:
            query = query.where(STUDENTS.c.id == student)
        return self._load(query.order_by(STUDENTS.c.id, ATTEMPTS.c.number))

    def summaries(self, assignment: str | None = None) -> list[Summary]:
        """Return all attempts without their checks, by student and number; cheap for a whole class."""
        late = sa.select(COMPLETIONS.c.attempt, sa.func.sum(COMPLETIONS.c.points).label("points"), sa.func.count().label("done")).group_by(
            COMPLETIONS.c.attempt
        )
        done = late.subquery()
        score = (ATTEMPTS.c.score + sa.func.coalesce(done.c.points, 0.0)).label("score")
        pending = (ATTEMPTS.c.pending - sa.func.coalesce(done.c.done, 0)).label("pending")
        query = sa.select(STUDENTS.c.id.label("student"), ATTEMPTS.c.student_key, score, pending, *(ATTEMPTS.c[name] for name in _SUMMARY))
        query = query.join(STUDENTS, STUDENTS.c.key == ATTEMPTS.c.student_key).outerjoin(done, done.c.attempt == ATTEMPTS.c.row)
        query = query.where(STUDENTS.c.id.is_not(None)).order_by(ATTEMPTS.c.assignment, STUDENTS.c.id, ATTEMPTS.c.number)
        if assignment is not None:
            query = query.where(ATTEMPTS.c.assignment == assignment)
        with self._database.read() as connection:
            rows, noted = connection.execute(query).mappings().all(), later(connection, assignment)
        return [_summary(dict(row), noted) for row in rows]

    def load(self, rows: Iterable[int]) -> list[Attempt]:
        """Return the attempts of these rows, by student and number."""
        wanted, found = list(rows), []
        for start in range(0, len(wanted), _CHUNK):
            found += self._load(_full().where(ATTEMPTS.c.row.in_(wanted[start : start + _CHUNK])))
        return sorted(found, key=lambda attempt: (attempt.grade.student, attempt.number))

    # -- checks that waited for a device

    def pending(self, assignment: str | None = None) -> list[Attempt]:
        """Return the attempts with a check that still waits for a device."""
        rows = [summary.row for summary in self.summaries(assignment) if summary.pending > 0]
        return self.load(rows)

    def complete(self, assignment: str, student: str, number: int, verdicts: Iterable[Verdict], *, device: str) -> int:
        """Add the results of checks that were PENDING; return how many were. What is complete is never changed."""
        with self._database.write() as connection:
            query = _full().where(ATTEMPTS.c.assignment == assignment, STUDENTS.c.id == student, ATTEMPTS.c.number == number)
            row = connection.execute(query).mappings().one_or_none()
            if row is None:
                raise GraderFault(f"{self.label}: no attempt {number} of {student!r} at {assignment} to complete")
            before = _attempt(dict(row), _completions(connection, [row["row"]])).grade.verdicts
            waiting = {verdict.id for verdict in before if verdict.outcome is Outcome.PENDING}
            done = [v for v in verdicts if v.id in waiting and v.outcome not in (Outcome.PENDING, Outcome.FAULT)]
            for verdict in done:
                values = {"attempt": row["row"], "check_id": verdict.id, "device": device, "points": verdict.points, "graded_at": _now()}
                texts = {"texts": texts_json("", [verdict]), "checks": checks_json([verdict])}
                connection.execute(self._database.insert(COMPLETIONS).values(**values, **texts).on_conflict_do_nothing())
        return len(done)

    # -- people and their marks

    def import_roster(self, people: Iterable[Person], columns: Collection[str] = COLUMNS) -> int:
        """Add students, or update what *columns* names; nobody is removed."""
        return self._people.import_roster(people, columns)

    def roster(self) -> tuple[Person, ...]:
        """Return every student, by id."""
        return self._people.roster()

    def listed(self) -> frozenset[str]:
        """Return the ids that a roster named."""
        return self._people.listed()

    def export_student(self, student: str) -> dict[str, Any]:
        """Return everything that the store holds of *student*."""
        return self._people.export(student)

    def erase_student(self, student: str) -> int:
        """Forget who *student* was; return how many attempts stay, nameless."""
        return self._people.erase(student, _now())

    def add_marks(self, marks: Iterable[Mark]) -> int:
        """Append manual marks that say something new; return how many."""
        return self._marks.add(marks, _now())

    def marks(self, assignment: str) -> dict[tuple[str, str], Mark]:
        """Return (student, item) -> the manual mark that counts."""
        return self._marks.current(assignment)

    def mark_history(self, assignment: str) -> list[Mark]:
        """Return all manual marks, oldest first."""
        return self._marks.history(assignment)

    def _load(self, query: sa.Select[Any]) -> list[Attempt]:
        with self._database.read() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
            completions = _completions(connection, [row["row"] for row in rows if row["pending"]])
        return [_attempt(row, completions) for row in rows if row["student"] is not None]


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _full() -> sa.Select[Any]:
    return sa.select(ATTEMPTS, STUDENTS.c.id.label("student")).join(STUDENTS, STUDENTS.c.key == ATTEMPTS.c.student_key)


def _standing_number(grade: Grade, rows: Sequence[Any]) -> int | None:
    """Return the number of the attempt that is *grade* already; None where there is none, or another suite graded the submission since."""
    sound = [row for row in rows if row.status != "fault" and row.submission == grade.submission]
    if not sound or (sound[-1].suite_hash != grade.suite_hash and grade.status != "fault"):
        return None
    key = Key.of(grade)
    return next((int(row.number) for row in reversed(sound) if all(getattr(row, name) == getattr(key, name) for name in _KEY)), None)


def _summary(row: dict[str, Any], noted: dict[tuple[str, int, str], list[Any]]) -> Summary:
    first, *again = instants(row["handed_in"], noted.get((row["assignment"], row.pop("student_key"), row["submission"]), ()))
    return Summary(**{**row, "handed_in": first}, again=tuple(again))


def _storable(text: str) -> str | None:
    """Return *text* without what a database refuses: a path may hold bytes that are no text."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "") or None


def _row(grade: Grade) -> dict[str, Any]:
    names = ("assignment", "submission", "suite_hash", "seed", "device", "status", "tier", "seconds", "score", "max_score")
    return {
        **{name: getattr(grade, name) for name in names},
        "suites": json.dumps(grade.suites),
        "kit": grade.versions.get(KIT, ""),
        "pending": sum(verdict.outcome is Outcome.PENDING for verdict in grade.verdicts),
        "versions": json.dumps(grade.versions, ensure_ascii=True),
        "texts": texts_json(grade.message, grade.verdicts),
        "checks": checks_json(grade.verdicts),
    }


def _completions(connection: sa.Connection, rows: list[int]) -> dict[tuple[int, str], Verdict]:
    found = {}
    for start in range(0, len(rows), _CHUNK):
        query = sa.select(COMPLETIONS).where(COMPLETIONS.c.attempt.in_(rows[start : start + _CHUNK]))
        for row in connection.execute(query):
            found[row.attempt, row.check_id] = verdicts_from(row.checks, row.texts)[0][0]
    return found


def _attempt(row: dict[str, Any], completions: dict[tuple[int, str], Verdict]) -> Attempt:
    verdicts, message = verdicts_from(row["checks"], row["texts"])
    grade = Grade(
        **{
            name: row[name] for name in ("assignment", "student", "submission", "suite_hash", "status", "tier", "device", "seed", "seconds")
        },
        suites=tuple(json.loads(row["suites"])),
        verdicts=tuple(completions.get((row["row"], verdict.id), verdict) for verdict in verdicts),
        message=message,
        attempt=row["number"],
        versions=json.loads(row["versions"]),
    )
    return Attempt(row["row"], row["number"], row["handed_in"], row["graded_at"], row["source"] or "", grade)
