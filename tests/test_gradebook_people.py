# ruff: noqa: F811  # fixtures are imported by name
"""The roster, and a student's right to her data and to be forgotten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from gradebook_kit import book, grade, postgres, url, verdict  # noqa: F401

from grader import cli
from grader.errors import CourseError
from grader.gradebook import Mark, open_store
from grader.gradebook.leases import Owner
from grader.model import Outcome
from grader.roster import Person, load, parse

ADA = Person("ada", "Lovelace, Countess", "ada@example.org", "git@example.org:ada.git")


def test_a_roster_is_imported_and_updated(book):
    """A later import mends names; whoever handed in without being on it stays."""
    book.append(grade("eve"))
    assert book.import_roster([ADA, Person("bob")]) == 2
    assert book.import_roster([Person("bob", "Bob", "b@x.org")]) == 1
    assert book.roster() == (ADA, Person("bob", "Bob", "b@x.org"), Person("eve"))


def test_a_student_gets_everything_that_is_held_of_her(book):
    """As plain JSON, and nothing of anyone else."""
    book.import_roster([ADA])
    book.append(grade("ada", verdict(0, Outcome.PENDING), verdict(1, Outcome.FAIL, message="got 1")), source="/class/ada")
    book.complete("hw2", "ada", 1, [verdict(0)], device="cuda")
    book.append(grade("bob", verdict(0, Outcome.FAIL, message="bobs secret")))
    book.add_marks([Mark("hw2", "ada", "", 50.0, comment="well done", author="tom")])
    text = json.dumps(book.export_student("ada"))
    for part in ("Lovelace, Countess", "got 1", "well done", "/class/ada", "cuda"):
        assert part in text
    assert "bobs secret" not in text
    with pytest.raises(CourseError, match="no student 'zoe'"):
        book.export_student("zoe")


def test_an_erased_student_is_forgotten_and_the_log_keeps_its_rows(book, url):
    """No id, name, text, source or content hash is left; points and their number are, and a tombstone."""
    book.import_roster([ADA, Person("bob")])
    for number in range(2):
        book.append(grade("ada", verdict(1, Outcome.FAIL, message="adas words"), submission=f"sha256:ada{number}"), source="/class/ada")
    book.append(grade("bob"))
    book.add_marks([Mark("hw2", "ada", "", 50.0, comment="adas mark")])
    assert book.erase_student("ada") == 2
    assert [a.grade.student for a in book.attempts("hw2")] == ["bob"]
    assert [s.student for s in book.summaries("hw2")] == ["bob"]
    assert book.roster() == (Person("bob"),)
    assert book.marks("hw2") == {}
    with pytest.raises(CourseError, match="no student 'ada'"):
        book.erase_student("ada")
    with book._database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM attempts").scalar_one() == 3
        assert connection.exec_driver_sql("SELECT attempts FROM erasures").scalar_one() == 2
    if url.endswith(".sqlite"):  # not even in the file's free pages or its log
        left = b"".join(Path(url + end).read_bytes() for end in ("", "-wal") if Path(url + end).exists())
        for word in (b"Lovelace", b"adas words", b"adas mark", b"sha256:ada", b"/class/ada"):
            assert word not in left


def test_a_lease_on_waiting_checks_is_in_nobodys_way(book):
    """A run over PENDING checks names an attempt in its lease, and no student."""
    book.append(grade("ada"))
    book.leases.claim(["pending 1"], Owner())
    assert book.erase_student("ada") == 1


def test_an_erased_id_that_comes_back_is_somebody_new(book):
    """Nothing links the new rows to the old."""
    book.append(grade("ada"))
    book.erase_student("ada")
    assert book.append(grade("ada")) == 1
    assert len(book.attempts("hw2", "ada")) == 1


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "first line"),
        ("name,email\nA,b\n", "first line"),
        ("id,name\n,A\n", "line 2: no id"),
        ("id\na\nb\na\n", "line 4: id 'a' is there twice"),
        ("id\n../x\n", "cannot name a folder"),
        ("id,name,emial\nada,A,a@x.org\n", r"'emial' is not known \(did you mean 'email'\?\)"),
    ],
)
def test_a_slip_in_the_roster_is_named_with_its_line(text, match):
    """So that it is found in the spreadsheet."""
    with pytest.raises(CourseError, match=match):
        parse(text)


def test_a_spreadsheets_roster_is_read(tmp_path):
    """BOM, CRLF, quoted commas, capitals in the header and further columns are usual."""
    path = tmp_path / "roster.csv"
    path.write_bytes('\ufeffID,Name,Email,Section\r\nada,"Lovelace, Countess",a@x.org,3\r\n'.encode())
    assert load(path) == (Person("ada", "Lovelace, Countess", "a@x.org"),)
    with pytest.raises(CourseError, match="no such file"):
        load(tmp_path / "none.csv")


def test_a_roster_without_a_column_keeps_what_is_stored_there(tmp_path, monkeypatch):
    """A list of names that comes later does not cost the addresses; an empty cell of a column that is there does."""
    monkeypatch.chdir(tmp_path)

    def imported(text: str) -> str:
        (tmp_path / "roster.csv").write_text(text)
        done = CliRunner(env={"GRADE_LANG": "en"}).invoke(cli.main, ["gradebook", "roster", "roster.csv"])
        assert done.exit_code == 0, done.stderr
        return done.stderr

    imported("id,name,email,repo\nada,A,a@x.org,r\n")
    assert "columns that nobody reads: section" in imported("id,name,Section\nada,Ada,3\n")
    with open_store(tmp_path / "grades.sqlite") as book:
        assert book.roster() == (Person("ada", "Ada", "a@x.org", "r"),)
    imported("id\nada\nbob\n")
    imported("id,email\nada,\n")
    with open_store(tmp_path / "grades.sqlite") as book:
        assert book.roster() == (Person("ada", "Ada", "", "r"), Person("bob"))


def test_a_store_tells_its_roster_after_reopening(url):
    """It is stored, not remembered."""
    with open_store(url) as book:
        book.import_roster([ADA])
    with open_store(url) as book:
        assert book.roster() == (ADA,)
