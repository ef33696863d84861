"""nbgrader's gradebook is a projection of our store: written idempotently, read back, and never over a person's mark."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from gradebook_kit import grade, verdict
from intake_kit import assignment

from grader import cli
from grader.errors import CourseError
from grader.gradebook import Mark, open_store, standings
from grader.model import Outcome
from grader.nbgrader_sync import forget, sync
from grader.nbgrader_sync.cells import WORK, answer_of, cell_name, cells_of, notebook
from grader.roster import Person
from grader.rules import load

pytest.importorskip("nbgrader", reason="NOT RUN: nbgrader is not installed (pip install nbgrader==0.9.6 jupytext)")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")  # nbgrader's own

CHECK = "hidden/test_local.py::test_1"
FILES = {"micrograd.py": b"class Value:\n    pass\n", "prediction.json": b'{"answers": {"essay": "because <b>of</b> the chain rule"}}'}


@pytest.fixture(scope="session")
def empty(tmp_path_factory) -> Path:
    """An empty gradebook.db of nbgrader's; making one takes seconds, so each test but those of the making gets a copy."""
    from grader.nbgrader_sync.database import opened

    folder = tmp_path_factory.mktemp("empty")
    with opened(folder):
        return folder / "gradebook.db"


@pytest.fixture
def world(tmp_path, empty):
    """A store with two students, rules with a written answer, and an empty folder for nbgrader."""
    (tmp_path / "course.toml").write_text(
        '[late]\nkind = "per_day"\npercent = 10\n[assignment.hw2]\ndeadline = "2026-03-01"\n[assignment.hw2.written]\nessay = 5\n'
    )
    with open_store(tmp_path / "g.sqlite") as book:
        book.import_roster([Person("ada", "Lovelace, Countess", "a@x.org"), Person("bob", "Bob")])
        book.append(
            grade("ada", verdict(0), verdict(1, Outcome.FAIL, message="hidden input 17", question="How many?")),
            handed_in="2026-03-02T10:00:00+00:00",
        )
        book.append(grade("bob", verdict(0, Outcome.PENDING), verdict(1)), handed_in="2026-02-01T00:00:00+00:00")
        (tmp_path / "nbgrader").mkdir()
        shutil.copy(empty, tmp_path / "nbgrader")
        yield World(book, tmp_path)


class World:
    """A sync and what nbgrader then holds."""

    def __init__(self, book, folder: Path) -> None:
        self.book, self.rules, self.folder = book, load(folder / "course.toml"), folder / "nbgrader"

    def sync(self):
        return sync(self.book, assignment(), self.rules, self.folder, lambda _: FILES)

    def theirs(self):
        from nbgrader.api import Gradebook

        return Gradebook(f"sqlite:///{self.folder / 'gradebook.db'}")

    def grade_row(self, theirs, student: str, item: str):
        return theirs.find_grade(cell_name(item), "hw2", "hw2", student)

    def give(self, student: str, item: str, points: float | None, comment: str = "") -> None:
        """What `grade gradebook mark` does."""
        assert self.book.add_marks([Mark("hw2", student, item, points, None, comment)]) == 1

    def final(self, student: str) -> float | None:
        return next(s.final for s in standings(self.book, "hw2", self.rules) if s.person.id == student)

    def there(self, student: str, item: str) -> tuple[float | None, float | None, bool]:
        """What formgrader shows: the manual score, the extra credit, and whether it wants a look."""
        theirs = self.theirs()
        row = self.grade_row(theirs, student, item)
        shown = row.manual_score, row.extra_credit, row.needs_manual_grade
        theirs.close()
        return shown

    def comment(self, student: str, cell: str, *said: str) -> str:
        """Say it in formgrader, or return what stands there."""
        theirs = self.theirs()
        notebook = theirs.find_submission_notebook("hw2", "hw2", student)
        row = next(comment for comment in notebook.comments if comment.cell.name == cell)
        if said:
            row.manual_comment = said[0]
            theirs.db.commit()
        shown = row.manual_comment or ""
        theirs.close()
        return shown

    def edit(self, student: str, item: str, **fields: object) -> None:
        """What formgrader does when a marker leaves a field."""
        theirs = self.theirs()
        row = self.grade_row(theirs, student, item)
        for name, value in fields.items():
            setattr(row, name, value)
        row.needs_manual_grade = row.manual_score is None and row.auto_score is None
        theirs.db.commit()
        theirs.close()


def test_what_was_graded_goes_out(world):
    """Scores, partial credit, lateness, names and the marker's notes; a pending check has no score, not zero."""
    done = world.sync()
    assert (done.home, done.students, done.cells) == (0, 2, 3)
    theirs = world.theirs()
    assert (world.grade_row(theirs, "ada", verdict(0).id).auto_score, world.grade_row(theirs, "ada", CHECK).auto_score) == (5.0, 0.0)
    assert world.grade_row(theirs, "bob", verdict(0).id).auto_score is None
    assert world.grade_row(theirs, "ada", "essay").needs_manual_grade is True
    assert world.grade_row(theirs, "ada", CHECK).needs_manual_grade is False
    ada = theirs.find_submission("hw2", "ada")
    assert ada.notebooks[0].late_submission_penalty == 0.5
    assert (ada.score, ada.max_score) == (5.0, 15.0)
    assert (ada.student.first_name, ada.student.last_name) == ("Countess", "Lovelace")
    note = theirs.find_comment(WORK, "hw2", "hw2", "ada").auto_comment
    assert "How many?" in note
    assert "hidden input 17" not in note
    theirs.close()


def test_a_sync_again_changes_nothing(world):
    """Not a row, not a file."""
    world.sync()
    before = {path: path.read_bytes() for path in world.folder.rglob("*.ipynb")}
    dump = _dump(world.folder / "gradebook.db")
    assert world.sync().home == 0
    assert _dump(world.folder / "gradebook.db") == dump
    assert {path: path.read_bytes() for path in world.folder.rglob("*.ipynb")} == before


def _dump(path: Path) -> list[str]:
    import sqlite3

    connection = sqlite3.connect(path)
    lines = sorted(connection.iterdump())
    connection.close()
    return lines


def test_a_manual_score_and_a_comment_come_home_once(world):
    """And count in the standing at once; the next sync neither doubles nor overwrites them."""
    world.sync()
    world.edit("ada", "essay", manual_score=4.0)
    world.edit("ada", CHECK, manual_score=2.0, extra_credit=0.5)
    theirs = world.theirs()
    theirs.find_comment(WORK, "hw2", "hw2", "ada").manual_comment = "well argued"
    theirs.db.commit()
    theirs.close()
    assert world.sync().home == 4
    assert world.sync().home == 0
    marks = world.book.marks("hw2")
    assert (marks["ada", "essay"].points, marks["ada", "essay"].max_points) == (4.0, 5.0)
    assert (marks["ada", CHECK].points, marks["ada", CHECK].basis) == (2.0, 0.0)
    assert marks["ada", WORK].comment == "well argued"
    ada = standings(world.book, "hw2", world.rules)[0]
    assert (ada.score, ada.max_score, ada.penalty) == (11.5, 15.0, 1.15)


def test_a_score_that_changes_under_a_manual_one_is_looked_at_again(world):
    """The manual one stays and counts; the marker is told; her confirmation comes home."""
    world.sync()
    world.edit("ada", CHECK, manual_score=2.0)
    world.sync()
    world.book.append(grade("ada", verdict(0), verdict(1), suite_hash="s2"))
    done = world.sync()
    assert done.look_again == (("ada", CHECK),)
    theirs = world.theirs()
    row = world.grade_row(theirs, "ada", CHECK)
    assert (row.auto_score, row.manual_score, row.needs_manual_grade) == (5.0, 2.0, True)
    theirs.close()
    assert world.sync().look_again == ()
    assert standings(world.book, "hw2", world.rules)[0].score == 7.0
    world.edit("ada", CHECK, manual_score=2.0)
    assert world.sync().home == 1
    assert world.book.marks("hw2")["ada", CHECK].basis == 5.0


def test_a_mark_that_is_cleared_in_formgrader_is_cleared_here(world):
    """The automatic score counts again; the history keeps both."""
    world.sync()
    world.edit("ada", CHECK, manual_score=2.0)
    world.sync()
    world.edit("ada", CHECK, manual_score=None)
    assert world.sync().home == 1
    assert world.book.marks("hw2")["ada", CHECK].points is None
    assert world.sync().home == 0
    theirs = world.theirs()
    assert world.grade_row(theirs, "ada", CHECK).manual_score is None
    theirs.close()


@pytest.mark.parametrize("item", [CHECK, "essay"])
def test_a_newer_mark_of_ours_replaces_the_one_that_a_sync_wrote(world, item):
    """Nobody touched formgrader, so nothing comes home; a mark that is taken back goes from there too."""
    world.sync()
    for points in (3.0, 4.0):
        world.give("bob", item, points, f"{points:g}!")
        assert world.sync().home == 0
        assert world.there("bob", item)[::2] == (points, False)
        assert world.book.marks("hw2")["bob", item].points == points
    if item == "essay":
        assert world.comment("bob", cell_name("essay")) == "4!"
    world.give("bob", item, None)
    assert world.sync().home == 0
    assert world.there("bob", item)[::2] == (None, item == "essay")


@pytest.mark.parametrize("item", [CHECK, "essay"])
def test_a_newer_mark_of_ours_replaces_the_one_that_an_older_kit_wrote(world, item):
    """That kit remembered nothing of what it left; what a person has changed there since still comes home."""
    world.give("bob", item, 3.0, "3!")
    world.give("ada", item, 3.0)
    world.sync()
    theirs = world.theirs()
    theirs.db.execute(sa.text("DROP TABLE grade_kit_seen"))
    theirs.db.commit()
    theirs.close()
    world.give("bob", item, 5.0, "5!")
    world.give("ada", item, 5.0)
    world.edit("ada", item, manual_score=4.0)
    assert world.sync().home == 1
    marks = world.book.marks("hw2")
    assert [marks[student, item].points for student in ("bob", "ada")] == [5.0, 4.0]
    assert [world.there(student, item)[0] for student in ("bob", "ada")] == [5.0, 4.0]
    assert marks["bob", item].comment == "5!"
    world.edit("ada", item, manual_score=3.0)
    assert world.sync().home == 1
    assert world.book.marks("hw2")["ada", item].points == 3.0


def test_a_mark_from_there_that_was_once_ours_comes_home(world):
    """Nothing stood there at the end of the last sync, so a person gave it."""
    world.give("bob", "essay", 5.0)
    world.sync()
    world.give("bob", "essay", None)
    world.sync()
    world.edit("bob", "essay", manual_score=5.0)
    assert world.sync().home == 1
    assert world.book.marks("hw2")["bob", "essay"].points == 5.0


def test_of_a_mark_from_there_and_a_newer_one_of_ours_the_newest_counts(world):
    """Whichever side it came from, and field by field; where both changed between two syncs, formgrader's counts."""
    world.sync()
    world.edit("bob", "essay", manual_score=3.5)
    world.sync()
    world.give("bob", "essay", 5.0)
    assert world.sync().home == 0
    assert (world.final("bob"), world.there("bob", "essay")[0]) == (10.0, 5.0)
    world.comment("bob", cell_name("essay"), "well argued")
    world.give("bob", "essay", 4.5)
    assert world.sync().home == 1
    mark = world.book.marks("hw2")["bob", "essay"]
    assert (mark.points, mark.comment, world.there("bob", "essay")[0]) == (4.5, "well argued", 4.5)
    world.give("bob", "essay", 2.0, "well argued")
    world.edit("bob", "essay", manual_score=3.0)
    assert world.sync().home == 1
    assert world.book.marks("hw2")["bob", "essay"].points == 3.0
    assert world.sync().home == 0


def test_a_lost_gradebook_is_made_anew_with_its_marks(world):
    """It is a projection: everything that people gave stands in our store, and still does after the sync after."""
    world.sync()
    world.edit("ada", CHECK, manual_score=2.0, extra_credit=0.5)
    world.comment("ada", WORK, "see me")
    world.sync()
    before = world.final("ada")
    (world.folder / "gradebook.db").unlink()
    assert [world.sync().home for _ in range(2)] == [0, 0]
    assert world.there("ada", CHECK) == (2.0, 0.5, False)
    assert (world.comment("ada", WORK), world.book.marks("hw2")["ada", WORK].comment) == ("see me", "see me")
    assert world.final("ada") == before


def test_a_lost_store_gets_its_marks_back(world):
    """What nbgrader still has of the marks comes home into a new store."""
    world.sync()
    world.edit("ada", CHECK, manual_score=2.0, extra_credit=0.5)
    world.comment("ada", WORK, "see me")
    world.sync()
    attempts = world.book.attempts("hw2")
    with open_store(world.folder / "new.sqlite") as book:
        for attempt in attempts:
            book.append(attempt.grade, handed_in=attempt.handed_in)
        world.book = book
        assert [world.sync().home for _ in range(2)] == [3, 0]
        assert book.marks("hw2")["ada", WORK].comment == "see me"
        assert world.there("ada", CHECK) == (2.0, 0.5, False)


def test_whom_only_a_person_marked_is_in_nbgrader_too(world):
    """Who was rejected or handed in nothing is there with her mark, and a mark of the whole is told where nbgrader has a place."""
    world.book.import_roster([Person("cy"), Person("zoe")])
    world.book.append(grade("cy", status="rejected", verdicts=(), message="no file"), handed_in="2026-02-01T00:00:00+00:00")
    world.give("cy", CHECK, 3.0)
    world.give("zoe", "", 7.0, "by word of mouth")
    assert [world.sync().students for _ in range(2)] == [4, 4]
    assert world.there("cy", CHECK) == (3.0, None, False)
    theirs = world.theirs()
    note = theirs.find_comment(WORK, "hw2", "hw2", "zoe").auto_comment
    theirs.close()
    assert "by word of mouth" in note
    assert "7 / 15" in note
    assert "nothing handed in: 7 / 15" in (world.folder / "autograded/zoe/hw2/hw2.ipynb").read_text()
    world.give("cy", CHECK, None)
    world.sync()
    assert world.there("cy", CHECK) == (None, None, False)


def test_a_sync_names_the_marks_that_lost_their_check(world):
    """They came from formgrader, say, before the suite changed."""
    world.give("bob", "hidden/test_local.py::test_9", 1.0)
    assert [mark.item for mark in world.sync().orphans] == ["hidden/test_local.py::test_9"]


def test_a_suite_that_grows_and_shrinks_takes_the_gradebook_along(world):
    """A new check gets a row for everybody; one that is no more is gone, and its mark stays in our history."""
    world.sync()
    world.edit("ada", CHECK, manual_score=2.0)
    for student in ("ada", "bob"):
        world.book.append(grade(student, verdict(0), verdict(7), suite_hash="s2"))
    world.sync()
    theirs = world.theirs()
    assert {cell.name for cell in theirs.find_notebook("hw2", "hw2").grade_cells} == {
        cell_name(i) for i in (verdict(0).id, verdict(7).id, "essay")
    }
    assert world.grade_row(theirs, "bob", verdict(7).id).auto_score == 5.0
    theirs.close()
    assert world.book.marks("hw2")["ada", CHECK].points == 2.0


def test_an_erased_student_is_forgotten_by_nbgrader_too(world):
    """Her rows, her folders, and the bytes that deleted rows leave in a database; others keep their marks."""
    world.sync()
    world.edit("ada", CHECK, manual_score=3.0)
    world.edit("bob", CHECK, manual_score=4.0)
    world.comment("ada", WORK, "adas comment")
    world.sync()
    traces = (b"Lovelace", b"a@x.org", b"How many?", b"adas comment")
    path = world.folder / "gradebook.db"
    assert all(trace in path.read_bytes() for trace in traces)
    assert forget(world.folder, "ada")
    assert not any(trace in path.read_bytes() for trace in traces)
    assert sorted(path.name for path in (world.folder / "autograded").iterdir()) == ["bob"]
    assert not forget(world.folder, "ada"), "a second time there is nothing"
    world.book.erase_student("ada")
    world.sync()
    theirs = world.theirs()
    assert [student.id for student in theirs.students] == ["bob"]
    theirs.close()
    assert world.book.marks("hw2")["bob", CHECK].points == 4.0


def test_a_course_without_nbgrader_has_nothing_to_forget(tmp_path):
    """No gradebook is made only to look into it."""
    assert not forget(tmp_path / "nbgrader", "ada")
    assert not (tmp_path / "nbgrader").exists()


def test_a_file_that_is_no_gradebook_is_refused(world):
    """And left as it is."""
    (world.folder / "gradebook.db").write_text("half made " * 1000)
    with pytest.raises(CourseError, match="move it away"):
        world.sync()
    assert (world.folder / "gradebook.db").read_text().startswith("half made")


def test_two_syncs_at_once_make_one_gradebook(world, tmp_path):
    """One waits for the other; nothing half-made is seen."""
    (world.folder / "gradebook.db").unlink()
    program = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from intake_kit import assignment
from grader.gradebook import open_store
from grader.nbgrader_sync import forget, sync
from grader.rules import load
root = Path(sys.argv[1])
with open_store(root / "g.sqlite") as book:
    print(sync(book, assignment(), load(root / "course.toml"), root / "nbgrader", lambda _: {{}}).students)
"""
    children = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [child.communicate(timeout=120)[0].strip() for child in children] == ["2", "2"]
    theirs = world.theirs()
    assert len(theirs.assignment_submissions("hw2")) == 2
    theirs.close()


def test_names_are_valid_and_no_two_the_same():
    """nbgrader takes letters, digits, - and _; two checks whose names differ in a sign stay two."""
    names = [cell_name(item) for item in ("a.py::t[x-1]", "a.py::t[x.1]", "概念", "x" * 300)]
    assert len(set(names)) == 4
    assert all(name.replace("-", "").replace("_", "").isalnum() and name.isascii() and len(name) < 120 for name in names)


def test_the_notebook_is_valid_and_holds_no_live_text(world):
    """nbgrader's and nbformat's own checks pass; Markdown has the student's words inside a fence alone."""
    import nbformat
    from nbgrader.nbgraderformat import MetadataValidator

    world.sync()
    path = world.folder / "autograded" / "ada" / "hw2" / "hw2.ipynb"
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    MetadataValidator().validate_nb(book)
    answer = next(cell for cell in book.cells if "chain rule" in cell.source)
    assert answer.cell_type == "markdown"
    assert "```text\nbecause <b>of</b> the chain rule\n```" in answer.source
    assert "hidden input 17" not in path.read_text()
    assert all(output.output_type == "stream" for cell in book.cells for output in cell.get("outputs", []))


def test_an_answer_is_found_where_it_was_written():
    """A file of that name, or the prediction; anything broken is no answer."""
    assert answer_of({"essay.md": b"mine"}, "essay") == "mine"
    assert answer_of(FILES, "essay").startswith("because")
    assert answer_of({"prediction.json": b'{"answers": [1, 2]}'}, "question") == "[1, 2]"
    for broken in (b"{", b"[]", b"[" * 100_000, b"{}", b'{"answers": {}}'):
        assert answer_of({"prediction.json": broken}, "essay") == ""


def test_a_class_without_grades_is_no_error(tmp_path):
    """The gradebook is there and empty."""
    assert cells_of([], {}) == []
    assert json.dumps(notebook("hw2", [], None, {}, "m.py"))
    with open_store(tmp_path / "g.sqlite") as book:
        book.append(dataclasses.replace(grade(status="rejected", message="x"), verdicts=()))
        from grader.rules import Rules

        assert sync(book, assignment(), Rules(), tmp_path / "nb", lambda _: {}).students == 0


def test_the_command_syncs_every_graded_assignment(world, tmp_path, monkeypatch, capsys):
    """And says what came home and what is to be looked at again."""
    home = tmp_path / "assignments" / "hw2"
    home.mkdir(parents=True)
    (home / "assignment.toml").write_text(
        'name = "hw2"\ntitle = "T"\nsubmit = { module = "micrograd", files = ["micrograd.py"] }\n'
        'stage = [{ name = "local", part = "solution", public = 20, hidden = 80 }]\n'
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANG", "C")
    for expected in ("hw2: 0 marks came home; 2 students and 3 checks", "hw2: 1 marks came home"):
        with pytest.raises(SystemExit) as left:
            cli.main(["gradebook", "sync", "--store", str(tmp_path / "g.sqlite")])
        assert left.value.code == 0
        assert expected in capsys.readouterr().err
        world.edit("ada", CHECK, manual_score=2.0)
    assert (tmp_path / "nbgrader" / "nbgrader_config.py").is_file()
