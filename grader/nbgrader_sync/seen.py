"""What the last sync left in nbgrader's gradebook, which tells a mark that a person gave there since from one that we wrote.

It is a table in gradebook.db itself, beside nbgrader's own: deleted with that file, restored with its backup, written in one
transaction with what it tells of. Where nothing is remembered, nothing was there, if the assignment itself is remembered: an older kit
synced without a memory.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

import sqlalchemy as sa

_SEEN = sa.Table(
    "grade_kit_seen",
    sa.MetaData(),
    sa.Column("id", sa.String(32), primary_key=True),  # of nbgrader's grade, comment or assignment
    sa.Column("points", sa.Float),
    sa.Column("extra", sa.Float),
    sa.Column("comment", sa.Text),  # personal
    sa.Column("flagged", sa.Boolean),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A person's fields of one row; ``flagged`` if nbgrader shows its manual score as one to be looked at again."""

    points: float | None = None
    extra: float | None = None
    comment: str = ""
    flagged: bool = False


_NOTHING = Seen()


class Memory:
    """What each row of nbgrader's held at the end of the last sync."""

    def __init__(self, db: Any) -> None:
        self._db = db
        _SEEN.create(db.connection(), checkfirst=True)
        rows = db.execute(sa.select(_SEEN)).all()
        self._before = {row.id: Seen(**{field.name: getattr(row, field.name) for field in fields(Seen)}) for row in rows}
        self._now = dict(self._before)

    def before(self, row: Any) -> Seen:
        """Return what *row*, a grade or comment of nbgrader's, held."""
        return self._before.get(row.id, _NOTHING)

    def synced(self, assignment: Any) -> bool:
        """Return whether a sync that remembers what it leaves was there before."""
        return assignment is not None and assignment.id in self._before

    def keep_synced(self, assignment: Any) -> None:
        """Remember, with the next ``write``, that all rows of *assignment* are remembered."""
        self._now[assignment.id] = Seen(flagged=True)

    def keep(self, row: Any, seen: Seen) -> None:
        """Remember, with the next ``write``, what *row* holds now."""
        self._now[row.id] = seen

    def write(self) -> None:
        """Write what changed, and forget the rows that nbgrader has no more; the caller commits."""
        changed = {key: seen for key, seen in self._now.items() if seen != self._before.get(key, _NOTHING)}
        for key in changed:
            self._db.execute(_SEEN.delete().where(_SEEN.c.id == key))
        rows = [{"id": key, **asdict(seen)} for key, seen in changed.items() if seen != _NOTHING]
        if rows:
            self._db.execute(_SEEN.insert(), rows)
        gone = " AND ".join(
            f"NOT EXISTS (SELECT 1 FROM {name} WHERE {name}.id = {_SEEN.name}.id)" for name in ("grade", "comment", "assignment")
        )
        self._db.execute(sa.text(f"DELETE FROM {_SEEN.name} WHERE {gone}"))
