"""The tables, and the ordered steps that bring an older store up to them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import sqlalchemy as sa

from grader.errors import CourseError
from grader.gradebook.database import Database

METADATA = sa.MetaData()
_ROW = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # only INTEGER counts up by itself there

VERSION = sa.Table("schema_version", METADATA, sa.Column("version", sa.Integer, nullable=False), sa.Column("reached_at", sa.Text))

STUDENTS = sa.Table(
    "students",
    METADATA,
    sa.Column("key", _ROW, primary_key=True),
    sa.Column("id", sa.Text, unique=True),  # this and the next three are nulled when a student is erased
    sa.Column("name", sa.Text),
    sa.Column("email", sa.Text),
    sa.Column("repo", sa.Text),
    sa.Column("listed", sa.Integer),  # 1: a roster names her; else only her hand-ins do
    sqlite_autoincrement=True,  # the key of an erased student is never given to another
)

ATTEMPTS = sa.Table(
    "attempts",
    METADATA,
    sa.Column("row", _ROW, primary_key=True),
    sa.Column("assignment", sa.Text, nullable=False),
    sa.Column("student_key", _ROW, sa.ForeignKey("students.key"), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("submission", sa.Text, nullable=False),
    sa.Column("suites", sa.Text, nullable=False),
    sa.Column("suite_hash", sa.Text, nullable=False),
    sa.Column("kit", sa.Text, nullable=False),
    sa.Column("seed", sa.Integer, nullable=False),
    sa.Column("device", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("tier", sa.Integer, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("max_score", sa.Float, nullable=False),
    sa.Column("pending", sa.Integer, nullable=False),
    sa.Column("handed_in", sa.Text, nullable=False),
    sa.Column("stated", sa.Integer),  # 1: somebody said when it was handed in; else its files did
    sa.Column("graded_at", sa.Text, nullable=False),
    sa.Column("versions", sa.Text, nullable=False),
    sa.Column("source", sa.Text),  # personal, as are the texts
    sa.Column("texts", sa.Text),
    sa.Column("checks", sa.Text, nullable=False),
    sa.UniqueConstraint("assignment", "student_key", "number"),
)
HAND_INS = sa.Table(  # what an attempt's own instant does not tell: work that came again, and instants that were known better later
    "hand_ins",
    METADATA,
    sa.Column("row", _ROW, primary_key=True),
    sa.Column("assignment", sa.Text, nullable=False, index=True),
    sa.Column("student_key", _ROW, sa.ForeignKey("students.key"), nullable=False),
    sa.Column("submission", sa.Text, nullable=False),
    sa.Column("handed_in", sa.Text, nullable=False),
    sa.Column("stated", sa.Integer, nullable=False),
    sa.Column("replaces", sa.Text),  # the instant that it corrects; none where the work was handed in again
    sa.Column("noted_at", sa.Text, nullable=False),
)

COMPLETIONS = sa.Table(
    "completions",
    METADATA,
    sa.Column("attempt", _ROW, sa.ForeignKey("attempts.row"), primary_key=True),
    sa.Column("check_id", sa.Text, primary_key=True),
    sa.Column("device", sa.Text, nullable=False),
    sa.Column("points", sa.Float, nullable=False),
    sa.Column("graded_at", sa.Text, nullable=False),
    sa.Column("texts", sa.Text),
    sa.Column("checks", sa.Text, nullable=False),
)

LEASES = sa.Table(
    "leases",
    METADATA,
    sa.Column("work", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("process", sa.Integer, nullable=False),
    sa.Column("beat", sa.Float, nullable=False),
)

TRIES = sa.Table(  # gradings of a piece of work that were lost (its judge died, say), until it stands in the store
    "tries",
    METADATA,
    sa.Column("work", sa.Text, primary_key=True),
    sa.Column("lost", sa.Integer, nullable=False),
)

MARKS = sa.Table(
    "marks",
    METADATA,
    sa.Column("row", _ROW, primary_key=True),
    sa.Column("assignment", sa.Text, nullable=False, index=True),
    sa.Column("student_key", _ROW, sa.ForeignKey("students.key"), nullable=False),
    sa.Column("item", sa.Text, nullable=False),
    sa.Column("points", sa.Float),
    sa.Column("max_points", sa.Float),
    sa.Column("basis", sa.Float),
    sa.Column("given_at", sa.Text, nullable=False),
    sa.Column("author", sa.Text),
    sa.Column("comment", sa.Text),  # personal
)

ERASURES = sa.Table(
    "erasures",
    METADATA,
    sa.Column("row", _ROW, primary_key=True),
    sa.Column("student_key", _ROW, sa.ForeignKey("students.key"), nullable=False),
    sa.Column("erased_at", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
)


def _first(connection: sa.Connection) -> None:
    METADATA.create_all(connection)


def _second(connection: sa.Connection) -> None:
    TRIES.create(connection, checkfirst=True)  # a store that this kit makes has it from the first step


def _third(connection: sa.Connection) -> None:
    """Hand-ins that come again, rosters that are known as such; a suite that is put back grades what it had graded before."""
    connection.execute(sa.text("DROP INDEX IF EXISTS attempts_once"))
    HAND_INS.create(connection, checkfirst=True)
    for table, column in (("attempts", "stated"), ("students", "listed")):
        if column not in {one["name"] for one in sa.inspect(connection).get_columns(table)}:
            connection.execute(sa.text(f"ALTER TABLE {table} ADD COLUMN {column} INTEGER"))
    named = sa.or_(*(STUDENTS.c[name].is_not(None) for name in ("name", "email", "repo")))
    connection.execute(STUDENTS.update().where(named).values(listed=1))
    _compose_ids(connection)


def _compose_ids(connection: sa.Connection) -> None:
    """Write ids in NFC, as hand-ins and rosters are read today: a student from a Mac's folder must not be there a second time."""
    found = {row.id: row.key for row in connection.execute(sa.select(STUDENTS.c.id, STUDENTS.c.key).where(STUDENTS.c.id.is_not(None)))}
    for old, key in list(found.items()):
        composed = unicodedata.normalize("NFC", old)
        if composed not in found:
            found[composed] = key
            connection.execute(STUDENTS.update().where(STUDENTS.c.key == key).values(id=composed))


# Step N brings a store from version N to N + 1. A step is never changed once released; a new one is added below it.
STEPS: tuple[Callable[[sa.Connection], None], ...] = (_first, _second, _third)

_LOCK = 0x67726164  # any number: the name of PostgreSQL's lock around a migration


def migrate(database: Database, now: str) -> None:
    """Make the tables, or bring them up to date; several processes may try at once."""
    with database.read() as connection:
        version = _version(connection)
    if version == len(STEPS):
        return
    if version and database.only_reads:
        _refuse_newer(database, version)
        en = "written by an older kit, and cannot be brought up to date where nothing can be written"
        text = f"{database.label}: {en}; open it once where it can be written, or copy it there"
        raise CourseError(text, zh=f"{database.label}：由旧版本写成，而这里不可写，无法升级；请在可写的地方打开一次，或复制过去再打开")
    with database.write() as connection:
        if database.dialect == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        version = _version(connection)
        _refuse_newer(database, version)
        if version == 0 and sa.inspect(connection).get_table_names():
            text = f"{database.label}: a database of another program; give another --store"
            raise CourseError(text, zh=f"{database.label}：是其他程序的数据库；请换一个 --store")
        for number, step in enumerate(STEPS[version:], version + 1):
            step(connection)
            connection.execute(VERSION.insert().values(version=number, reached_at=now))


def _refuse_newer(database: Database, version: int) -> None:
    known = len(STEPS)
    if version > known:
        text = f"{database.label}: written by a newer kit (schema {version}, this one knows {known}); update the kit"
        raise CourseError(text, zh=f"{database.label}：由更新的版本写成（schema {version}，本版本为 {known}）；请更新")


def _version(connection: sa.Connection) -> int:
    if not sa.inspect(connection).has_table("schema_version"):
        return 0
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(VERSION.c.version), 0))).scalar_one())
