# ruff: noqa: F811  # fixtures are imported by name
"""Several processes, kill -9, and every way in which a store cannot be opened."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unicodedata
from pathlib import Path

import pytest
import sqlalchemy as sa
from gradebook_kit import book, grade, postgres, url  # noqa: F401

from grader.errors import CourseError, GraderFault
from grader.gradebook import HandIn, Mark, leases, open_store, schema
from grader.gradebook.leases import Owner
from grader.gradebook.store import Gradebook
from grader.roster import Person

TESTS = Path(__file__).parent
WRITER = f"""
import sys
sys.path.insert(0, {str(TESTS)!r})
from gradebook_kit import grade
from grader.gradebook import open_store
url, me, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
with open_store(url, wait=60) as book:
    for number in range(count):
        book.append(grade("shared", submission=f"{{me}}-{{number}}"))
        book.append(grade(f"s{{number % 5}}", submission="same"))
        print(f"{{me}}-{{number}}", flush=True)
"""


def writer(url: str, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", WRITER, url, name, str(count)], stdout=subprocess.PIPE, text=True)


def test_several_processes_at_once_lose_and_double_nothing(url):
    """Four assistants on one store that does not exist yet: numbers without a gap, same work stored once."""
    children = [writer(url, f"w{i}", 15) for i in range(4)]
    for child in children:
        child.communicate(timeout=120)
        assert child.returncode == 0
    with open_store(url) as book:
        shared = book.attempts("hw2", "shared")
        assert sorted(a.number for a in shared) == list(range(1, 61))
        assert len({a.grade.submission for a in shared}) == 60
        assert len(book.attempts("hw2")) == 65


@pytest.mark.skipif(sys.platform == "win32", reason="NOT RUN: Windows has no SIGKILL")
def test_a_kill_at_any_moment_loses_nothing_acknowledged(url):
    """Each run is killed with -9 somewhere; all it acknowledged is there, once, and the store still works."""
    rng = random.Random(11)
    acknowledged: set[str] = set()
    for number in range(8):
        child = writer(url, f"k{number}", 10_000)
        assert child.stdout is not None
        acknowledged.add(child.stdout.readline().strip())
        time.sleep(rng.uniform(0, 0.15))
        os.kill(child.pid, signal.SIGKILL)
        acknowledged |= {line.strip() for line in child.stdout if line.endswith("\n")}
        child.wait()
        child.stdout.close()
    with open_store(url) as book:
        found = [a.grade.submission for a in book.attempts("hw2", "shared")]
        assert acknowledged <= set(found)
        assert len(found) == len(set(found))
        assert len(found) - len(acknowledged) <= 8  # at most the one that each was about to acknowledge
        assert book.append(grade("shared", submission="after")) == len(found) + 1


def test_runs_share_the_work_and_a_dead_ones_is_queued_again(book, monkeypatch):
    """A lease is one run's; a process that is gone, or silent for long, holds nothing."""
    one, two = Owner(), Owner()
    assert book.leases.claim(["a", "b", "c"], one, limit=2) == ["a", "b"]
    assert book.leases.claim(["a", "b", "c"], two) == ["c"]
    assert book.leases.claim(["a"], one) == ["a"]
    book.append(grade(), work="a")
    assert set(book.leases.held()) == {"b", "c"}
    book.leases.release(two)
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    gone = Owner(process=child.pid)
    assert book.leases.claim(["c"], gone) == ["c"]
    assert book.leases.claim(["b", "c"], two) == ["c"]
    far = Owner(host="another", process=1)
    assert book.leases.claim(["d"], far) == ["d"]
    now = time.time()
    monkeypatch.setattr(leases.time, "time", lambda: now + 40)
    book.leases.heartbeat(one)
    book.leases.heartbeat(two)
    assert book.leases.claim(["d"], two) == []
    monkeypatch.setattr(leases.time, "time", lambda: now + 61)
    assert book.leases.claim(["b", "d"], two) == ["d"]


def test_a_clock_set_back_does_not_keep_a_dead_lease(book, monkeypatch):
    """A beat from the future ends too."""
    far = Owner(host="another", process=1)
    assert book.leases.claim(["a"], far) == ["a"]
    now = time.time()
    monkeypatch.setattr(leases.time, "time", lambda: now - 3600)
    assert book.leases.claim(["a"], Owner()) == ["a"]


def test_a_forked_child_opens_a_connection_of_its_own(tmp_path):
    """A batch forks its workers: a connection that crossed a fork would corrupt the file."""
    program = WRITER.replace("with open_store", "import os\nwith open_store").replace("for number in", "os.fork()\n    for number in", 1)
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "g.sqlite"), "f", "10"], check=True, stdout=subprocess.DEVNULL)
    with open_store(tmp_path / "g.sqlite") as book:
        assert len(book.attempts("hw2", "shared")) == 10


def test_durable_settings_are_on(tmp_path):
    """WAL and FULL: what is acknowledged survives a power cut."""
    with open_store(tmp_path / "g.sqlite") as book, book._database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2


def test_a_locked_store_says_so(tmp_path):
    """After the wait, one line with the remedy."""
    path = tmp_path / "g.sqlite"
    with open_store(path, wait=0.2) as book:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(CourseError, match="locked by another program; close it"):
            book.append(grade())
        other.execute("ROLLBACK")
        other.close()
        assert book.append(grade()) == 1


def test_what_is_no_store_is_refused(tmp_path):
    """A text file, a folder, another program's database, a missing folder, a wrong URL."""
    (tmp_path / "text").write_text("not a database, however long this text may be" * 30)
    (tmp_path / "folder").mkdir()
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE grade (x)")
    other.commit()
    other.close()
    before = (tmp_path / "text").read_bytes()
    for name, match in (
        (tmp_path / "text", "not a database"),
        (tmp_path / "folder", "is a folder"),
        (tmp_path / "other.db", "of another program"),
        (tmp_path / "none" / "g.sqlite", "there is no folder"),
        ("mysql://x/y", "not a store"),
        ("nonsense://", "not a store"),
        ("postgresql://grade@127.0.0.1:1/x", "does not answer"),
    ):
        with pytest.raises(CourseError, match=match) as caught:
            open_store(name, wait=0.2)
        assert "\n" not in caught.value.text
    assert (tmp_path / "text").read_bytes() == before


def test_a_newer_store_is_left_alone(book, url):
    """An older kit must not write what it does not understand."""
    with book._database.write() as connection:
        connection.execute(schema.VERSION.insert().values(version=99))
    with pytest.raises(CourseError, match=f"schema 99, this one knows {len(schema.STEPS)}"):
        open_store(url)


def test_steps_run_once_and_in_order(book, url, monkeypatch):
    """An older store is brought up, with everything in it."""
    book.append(grade())
    ran = []
    steps = tuple(
        lambda connection, n=n: ran.append((n, connection.execute(sa.text("SELECT count(*) FROM attempts")).scalar_one())) for n in (2, 3)
    )
    monkeypatch.setattr(schema, "STEPS", schema.STEPS + steps)
    for _ in range(2):
        with open_store(url) as again:
            assert len(again.attempts("hw2")) == 1
    assert ran == [(2, 1), (3, 1)]


def test_a_failed_step_changes_nothing(book, url, monkeypatch):
    """All or nothing: the store stays as the older kit knew it."""

    def broken(connection: sa.Connection) -> None:
        connection.execute(sa.text("CREATE TABLE half (x INTEGER)"))
        raise RuntimeError("no")

    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, broken))
    with pytest.raises(RuntimeError):
        open_store(url)
    monkeypatch.undo()
    with open_store(url) as again, again._database.read() as connection:
        assert "half" not in sa.inspect(connection).get_table_names()


READ_ONLY = """
import os, sys
from grader.gradebook import open_store
open_store(sys.argv[2]).close()  # imports all it needs: without root the interpreter's own files may be out of reach
if os.geteuid() == 0:
    os.setgid(65534); os.setuid(65534)
try:
    open_store(sys.argv[1])
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="NOT RUN: permissions are another thing on Windows")
@pytest.mark.parametrize("there", [False, True])
def test_a_read_only_folder_says_so(tmp_path, there):
    """With or without a store in it; the child gives up root, who may write anywhere."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        if there:
            open_store(home / "g.sqlite").close()
            (home / "g.sqlite").chmod(0o444)
        home.chmod(0o555)
        command = [sys.executable, "-c", READ_ONLY, str(home / "g.sqlite"), str(tmp_path / "other.sqlite")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        home.chmod(0o755)
    assert done.stdout.startswith("CourseError"), done.stdout + done.stderr
    assert "cannot be written" in done.stdout


def test_a_full_disk_is_to_be_mended_and_loses_nothing(tmp_path):
    """SQLite's own limit on pages stands in for the disk."""
    with open_store(tmp_path / "g.sqlite") as book:
        assert book.append(grade()) == 1
        with book._database.read() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        with pytest.raises(CourseError, match="disk is full; free some space"):  # noqa: PT012  # which one is the first is SQLite's to say
            for number in range(200):
                book.append(grade(submission=f"more-{number}"))
    with open_store(tmp_path / "g.sqlite") as book:
        numbers = [a.number for a in book.attempts("hw2")]
        assert numbers == list(range(1, len(numbers) + 1))
        assert book.append(grade(submission="after")) == len(numbers) + 1


def test_a_damaged_file_is_a_fault_with_a_remedy(tmp_path):
    """Never a zero in silence."""
    path = tmp_path / "g.sqlite"
    with open_store(path) as book:
        for number in range(300):
            book.append(grade(submission=f"x{number}"))
    data = bytearray(path.read_bytes())
    data[8192:-4096] = os.urandom(len(data) - 8192 - 4096)
    path.write_bytes(bytes(data))
    with pytest.raises(GraderFault, match="damaged; restore it"), open_store(path) as book:
        book.attempts("hw2")


def test_a_store_of_the_first_version_gains_what_came_later(book, url):
    """The count of lost gradings came second; an older store gets it and keeps what it holds."""
    book.append(grade("ann"))
    with book._database.write() as connection:
        schema.TRIES.drop(connection)
        connection.execute(schema.VERSION.delete().where(schema.VERSION.c.version > 1))
    with open_store(url) as again:
        assert [again.leases.lost("w"), again.leases.lost("w"), again.leases.lost("v")] == [1, 2, 1]
        assert [summary.student for summary in again.summaries()] == ["ann"]


def read_only(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a course whose folder cannot be written; for root that takes a mount."""
    line = [sys.executable, "-m", "grader.cli", "--lang", "en", *command]
    if os.geteuid() == 0:
        if shutil.which("bwrap") is None:
            pytest.skip("NOT RUN: root writes everywhere; install bubblewrap")
        line = ["bwrap", "--dev-bind", "/", "/", "--ro-bind", str(folder), str(folder), "--chdir", str(folder), *line]
    folder.chmod(0o555)
    try:
        return subprocess.run(line, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)
    finally:
        folder.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="NOT RUN: Windows keeps folders writable")
def test_a_store_that_cannot_be_written_can_be_read(tmp_path):
    """Reports and exports work on a read-only folder, with what a run left in SQLite's log; a mark is refused in one line."""
    course = tmp_path / "co#urse"
    course.mkdir()
    with open_store(course / "grades.sqlite") as book:
        book.append(grade("ada"))
    for command in (["report", "hw2"], ["export", "hw2", "--to", "csv"], ["gradebook", "roster"]):
        done = read_only(course, *command)
        assert done.returncode == 0, done.stderr
    done = read_only(course, "gradebook", "mark", "hw2", "ada", "--points", "3")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "cannot be written" in done.stderr
    with open_store(course / "grades.sqlite") as book:
        book.append(grade("bob"))
        done = read_only(course, "export", "hw2", "--to", "csv")  # a run goes on: what it wrote lies in the log
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 3), done.stderr


def to_second_version(book: Gradebook) -> None:
    """Take away what came third."""
    key = "assignment, student_key, submission, suite_hash, kit, seed, device"
    with book._database.write() as connection:
        schema.HAND_INS.drop(connection)
        for change in ("attempts DROP COLUMN stated", "students DROP COLUMN listed"):
            connection.execute(sa.text(f"ALTER TABLE {change}"))
        connection.execute(sa.text(f"CREATE UNIQUE INDEX attempts_once ON attempts ({key}) WHERE status <> 'fault'"))
        connection.execute(schema.VERSION.delete().where(schema.VERSION.c.version > 2))


@pytest.mark.skipif(sys.platform == "win32", reason="NOT RUN: Windows keeps folders writable")
def test_an_older_store_and_a_torn_log_say_what_to_do_where_nothing_can_be_written(tmp_path):
    """A store that wants a migration, and a log without its index: one line each, with the remedy, and the remedy works."""
    course, copy = tmp_path / "course", tmp_path / "copy"
    course.mkdir()
    with open_store(course / "grades.sqlite") as book:
        book.append(grade("ada"))
        copy.mkdir()
        for name in ("grades.sqlite", "grades.sqlite-wal"):
            shutil.copy(course / name, copy)
        to_second_version(book)
    with sqlite3.connect(course / "grades.sqlite") as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()
    for folder, told in ((course, "written by an older kit"), (copy, "copy both files")):
        done = read_only(folder, "export", "hw2", "--to", "csv")
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
        assert told in done.stderr
        with open_store(folder / "grades.sqlite") as book:
            assert [summary.student for summary in book.summaries()] == ["ada"]
        done = read_only(folder, "export", "hw2", "--to", "csv")
        assert (done.returncode, len(done.stdout.splitlines())) == (0, 2), done.stderr


def test_an_older_stores_ids_are_composed(book, url):
    """A Mac's folder gave `josé` in two letters; today's hand-ins and rosters find the same student. Two that differ stay two."""
    composed, other = "josé", "zoë"
    apart = [unicodedata.normalize("NFD", name) for name in (composed, other)]
    for student in (*apart, other, "ann"):
        book.append(grade(student))
    book.add_marks([Mark("hw2", apart[0], "essay", 4.0, 5.0)])
    to_second_version(book)
    with open_store(url) as again:
        assert {person.id for person in again.roster()} == {composed, *apart[1:], other, "ann"}
        assert again.append(grade(composed, submission="later")) == 2
        assert list(again.marks("hw2")) == [(composed, "essay")]


def test_a_store_of_the_second_version_lets_a_suite_come_back(book, url):
    """What came third: hand-ins that come again, who is on a roster, and gradings of a suite that was put back."""
    book.append(grade("ann"))
    book.import_roster([Person("bob", "Bob")])
    to_second_version(book)
    with open_store(url) as again:
        assert again.listed() == {"bob"}
        assert [again.append(grade("ann", suite_hash=name)) for name in ("s2", grade().suite_hash, grade().suite_hash)] == [2, 3, 3]
        assert list(again.note_hand_ins("hw2", [HandIn("ann", grade().submission, "2026-01-01T00:00:00+00:00", stated=True)])) == ["ann"]
