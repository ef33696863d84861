"""What the gradebook's tests share: grades, and a real PostgreSQL of the distribution on a private socket."""

from __future__ import annotations

import glob
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.gradebook import open_store
from grader.gradebook.store import Gradebook
from grader.model import Grade, Outcome, Verdict

STORES = ("sqlite", "postgresql")


def verdict(number: int = 0, outcome: Outcome = Outcome.PASS, points: float = 5.0, **texts: str) -> Verdict:
    earned = points if outcome is Outcome.PASS else 0.0
    return Verdict(
        id=f"hidden/test_local.py::test_{number}",
        stage="local",
        concept=f"Concept {number}.",
        concept_zh=f"概念 {number}。",
        outcome=outcome,
        points=earned,
        max_points=points,
        seconds=0.01,
        **texts,
    )


def grade(student: str = "alice", *verdicts: Verdict, submission: str = "sha256:1", **changes: object) -> Grade:
    fields: dict[str, object] = {
        "assignment": "hw2",
        "student": student,
        "submission": submission,
        "suites": ("public", "hidden"),
        "suite_hash": "s1",
        "status": "graded",
        "tier": 1,
        "device": "cpu",
        "seed": 3,
        "verdicts": verdicts or (verdict(0), verdict(1, Outcome.FAIL, message="got 1")),
        "seconds": 0.4,
        "versions": {"grade": "0.1.0", "python": "3.11"},
    }
    return Grade(**{**fields, **changes})  # type: ignore[arg-type]


class Postgres:
    """A private cluster, run by a user that is not root, reached through a socket alone."""

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._home = Path(tempfile.mkdtemp(prefix="grade-pg-"))
        self._user: str | None = None
        if os.geteuid() == 0:
            self._user = "postgres" if any(entry.pw_name == "postgres" for entry in pwd.getpwall()) else "nobody"
            os.chown(self._home, pwd.getpwnam(self._user).pw_uid, -1)
        self._count = itertools.count()
        self._run("initdb", "-A", "trust", "-U", "grade", "--no-sync", "-E", "UTF8", "--locale=C", "-D", str(self._home / "data"))
        options = f"-F -k {self._home} -c listen_addresses='' -c max_connections=40"
        self._run("pg_ctl", "-w", "-D", str(self._home / "data"), "-l", str(self._home / "log"), "-o", options, "start")

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run([str(self._binaries / program), *arguments], user=self._user, check=True, stdout=subprocess.DEVNULL, cwd=self._home)

    def new_url(self) -> str:
        import psycopg

        name = f"t{next(self._count)}"
        with psycopg.connect(f"postgresql://grade@/postgres?host={self._home}", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql://grade@/{name}?host={self._home}"

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self._home / "data"), "-m", "immediate", "stop")
        shutil.rmtree(self._home)


def _binaries() -> Path | None:
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), reverse=True)
    found += [path] if (path := shutil.which("initdb")) else []
    return Path(found[0]).parent if found else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], str]]:
    """Return a maker of empty databases."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("NOT RUN: no PostgreSQL here; install it with: apt-get install postgresql")
    server = Postgres(binaries)
    try:
        yield server.new_url
    finally:
        server.stop()


@pytest.fixture(params=STORES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of an empty store, of each kind."""
    if request.param == "sqlite":
        return str(tmp_path / "grades.sqlite")
    return str(request.getfixturevalue("postgres")())


@pytest.fixture
def book(url: str) -> Iterator[Gradebook]:
    """Return an open, empty store, of each kind."""
    with open_store(url) as store:
        yield store
