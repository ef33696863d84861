"""Who is grading what just now, so that several runs at once share the work, and a dead one's work is queued again."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import sqlalchemy as sa

from grader.gradebook.database import Database
from grader.gradebook.schema import LEASES, TRIES

TTL = 60.0  # seconds without a heartbeat after which a run counts as dead


@dataclass(frozen=True, slots=True)
class Owner:
    """One run: the host and process that hold a lease, and a name that no other run has."""

    host: str = field(default_factory=socket.gethostname)
    process: int = field(default_factory=os.getpid)
    name: str = field(default_factory=lambda: secrets.token_hex(8))


class Leases:
    """Leases on pieces of work, each named by ``Key.work``."""

    def __init__(self, database: Database, *, ttl: float = TTL) -> None:
        self._database = database
        self._ttl = ttl

    def claim(self, works: Iterable[str], owner: Owner, limit: int | None = None) -> list[str]:
        """Take up to *limit* of *works* that nobody alive holds, in one transaction, and return them."""
        self._sweep(owner)
        wanted = list(works)
        with self._database.write() as connection:
            held = set(connection.execute(sa.select(LEASES.c.work).where(LEASES.c.owner != owner.name)).scalars())
            free = [work for work in wanted if work not in held][:limit]
            if not free:
                return []
            rows = [{"work": w, "owner": owner.name, "host": owner.host, "process": owner.process, "beat": time.time()} for w in free]
            # Where writers do not wait for each other (PostgreSQL) another run may be just ahead: then the lease is its own.
            connection.execute(self._database.insert(LEASES).on_conflict_do_nothing(), rows)
            mine = set(connection.execute(sa.select(LEASES.c.work).where(LEASES.c.owner == owner.name)).scalars())
            return [work for work in free if work in mine]

    def heartbeat(self, owner: Owner) -> None:
        """Say that *owner* is alive; call it at least every third of the time to live."""
        with self._database.write() as connection:
            connection.execute(LEASES.update().where(LEASES.c.owner == owner.name).values(beat=time.time()))

    def release(self, owner: Owner, works: Iterable[str] | None = None) -> None:
        """Give back *works*, or all that *owner* holds."""
        with self._database.write() as connection:
            mine = LEASES.delete().where(LEASES.c.owner == owner.name)
            connection.execute(mine if works is None else mine.where(LEASES.c.work.in_(list(works))))

    def lost(self, work: str) -> int:
        """Count one more grading of *work* that was lost, in whichever run, and return how many there are by now."""
        with self._database.write() as connection:
            once = self._database.insert(TRIES).values(work=work, lost=1)
            connection.execute(once.on_conflict_do_update(index_elements=[TRIES.c.work], set_={"lost": TRIES.c.lost + 1}))
            return int(connection.execute(sa.select(TRIES.c.lost).where(TRIES.c.work == work)).scalar_one())

    def held(self) -> dict[str, str]:
        """Return work -> owner's name of all leases."""
        with self._database.read() as connection:
            return {row.work: row.owner for row in connection.execute(sa.select(LEASES.c.work, LEASES.c.owner))}

    def _sweep(self, owner: Owner) -> None:
        """Drop the leases of the dead: no heartbeat for long, or a process of this host that is gone."""
        with self._database.read() as connection:
            seen = sa.select(LEASES.c.owner, LEASES.c.host, LEASES.c.process, sa.func.max(LEASES.c.beat).label("beat"))
            rows = connection.execute(seen.group_by(LEASES.c.owner, LEASES.c.host, LEASES.c.process)).all()
        # A beat in the future is a clock that was set back: abs, so that such a lease ends too.
        dead = [r.owner for r in rows if abs(time.time() - r.beat) > self._ttl or (r.host == owner.host and not _alive(r.process))]
        if dead:
            with self._database.write() as connection:
                connection.execute(LEASES.delete().where(LEASES.c.owner.in_(dead)))


def _alive(process: int) -> bool:
    if os.name == "nt":  # signal 0 would end it there; the heartbeat alone decides
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _zombie(process)


def _zombie(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat", "rb") as stream:
            return stream.read().rpartition(b")")[2].split()[0] == b"Z"
    except (OSError, IndexError):
        return False
