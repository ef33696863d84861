"""Marks go to other systems whole, in their form, and with nothing of a student's in them that could act there."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from pathlib import Path

import jsonschema
import pytest
import xmlschema
from click.testing import CliRunner
from gradebook_kit import grade, verdict

from grader import cli
from grader.errors import CourseError
from grader.export import canvas, classroom50, gradescope, junit, moodle, plain_csv
from grader.gradebook import Mark, Standing, open_store, standings
from grader.model import Grade, Outcome
from grader.roster import Person
from grader.rules import Rules

HERE = Path(__file__).parent
CONTEXT = {"classroom": "cs", "owner": "ada", "submission": "submit/x", "commit": "https://h/c", "release": "https://h/r"}


def a_grade(student: str = "ada") -> Grade:
    checks = [
        dataclasses.replace(verdict(0, points=2.5), id="public/test_a.py::test_0"),
        dataclasses.replace(verdict(1, Outcome.FAIL, message="got 1 & <2>"), id="public/test_a.py::test_1"),
        verdict(2, Outcome.FAIL, message="hidden input 17", question="How many?"),
        verdict(3, Outcome.PENDING),
    ]
    return grade(student, *checks)


@pytest.fixture
def marks(tmp_path) -> list[Standing]:
    with open_store(tmp_path / "g.sqlite") as book:
        book.import_roster([Person("ada", "Lovelace, Countess", "Ada@x.org"), Person("bob", "=1+1", "bob@x.org"), Person("cy")])
        book.append(a_grade("ada"), handed_in="2026-03-01T10:00:00+00:00")
        refused = grade("bob", status="rejected", message='@cmd "x"\nno module', submission="raw:1")
        book.append(dataclasses.replace(refused, verdicts=()), handed_in="2026-03-01T10:00:00+00:00")
        book.append(grade("eve", verdict(0)), handed_in="2026-03-01T10:00:00+00:00")
        book.add_marks([Mark("hw2", "eve", "", 4.5, comment="=HYPERLINK(1)")])
        return standings(book, "hw2", Rules())


LATE = """
[late]
kind = "per_day"
percent = 50
[assignment.hw2]
deadline = "2026-02-28 12:00"
"""


@pytest.fixture
def course(tmp_path, monkeypatch) -> Path:
    """A class that handed in a day late: ada with a mark added, eve marked as a whole, bob refused and marked, zoe with a mark alone."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "course.toml").write_text(LATE)
    with open_store(tmp_path / "grades.sqlite") as book:
        for student in ("ada", "eve"):
            book.append(a_grade(student), handed_in="2026-03-01T10:00:00+00:00")
        refused = grade("bob", status="rejected", message="bob: has no m.py / bob：没有 m.py", submission="raw:1")
        book.append(dataclasses.replace(refused, verdicts=()), handed_in="2026-02-01T10:00:00+00:00")
        mark = [Mark("hw2", "ada", "essay", 4.0, 5.0, "well argued", "tom"), Mark("hw2", "ada", "hidden/test_local.py::test_2", 5.0)]
        book.add_marks([*mark, Mark("hw2", "eve", "", 16.0, 20.0), Mark("hw2", "bob", "", 6.0, 10.0), Mark("hw2", "zoe", "", 3.0)])
    return tmp_path


def export(*arguments: str, code: int = 0, lang: str = "en") -> str:
    done = CliRunner(env={"GRADE_LANG": lang}).invoke(cli.main, ["export", "hw2", *arguments])
    assert done.exit_code == code, done.stderr
    return done.stderr if code else done.stdout


def written(folder: Path, form: str, lang: str = "en") -> dict[str, dict]:
    """Export a file a student, hold each against the format's schema, and return them."""
    export("--to", form, "--out", str(folder), "--classroom", "cs", lang=lang)
    records = {path.stem: json.loads(path.read_text()) for path in folder.iterdir()}
    for record in records.values():
        jsonschema.validate(record, json.loads((HERE / "schemas" / f"{form}.json").read_text()))
    return records


def test_every_format_carries_the_final_mark(course):
    """What people gave and what lateness cost: the same number in all of them, a refused hand-in's included."""
    final = {row["id"]: float(row["final"]) for row in csv.DictReader(io.StringIO(export("--to", "csv")))}
    assert final == {"ada": 5.75, "bob": 6.0, "eve": 8.0, "zoe": 3.0}
    scope = written(course / "scope", "gradescope")
    assert {student: record["score"] for student, record in scope.items()} == final
    told = scope["ada"]["output"].split("\n")
    assert told[0] == "Marked by hand, essay: 4 / 5"
    assert told[1] == "well argued"
    assert told[2:] == [
        "Marked by hand, Concept 2.: 5",
        "Taken off for lateness (days: 1): 5.75",
        "In all: 5.75 of 22.5 (the checks alone: 2.5)",
    ]
    assert (scope["ada"]["tests"][2]["score"], scope["ada"]["tests"][2]["status"]) == (5.0, "passed")
    assert scope["bob"]["output"].startswith("bob: has no m.py\nMarked by hand, the whole: 6 / 10")
    rooms = written(course / "rooms", "classroom50")
    assert {who: (one["score"], one["max-score"]) for who, one in rooms.items()} == {"ada": (23, 90), "bob": (6, 10), "eve": (16, 40)}
    text = export("--to", "junit")
    schema = xmlschema.XMLSchema(HERE / "schemas" / "junit-10.xsd")
    schema.validate(text)
    suites = {suite["@name"]: suite for suite in schema.to_dict(text)["testsuite"]}
    facts = {p["@name"]: p["@value"] for group in suites["hw2 ada"]["properties"] for p in group["property"]}
    assert (facts["score"], facts["max_score"], facts["automatic"], facts["penalty"]) == ("5.75", "22.5", "2.5", "5.75")
    assert (facts["marked essay"], facts["comment essay"]) == ("4/5", "well argued")
    assert suites["hw2 ada"]["@failures"] == "2"


def test_a_mark_alone_is_named_where_a_format_wants_a_hand_in(course):
    """It is left out of them, and not silently."""
    for form in ("junit", "classroom50"):
        done = CliRunner(env={"GRADE_LANG": "en"}).invoke(cli.main, ["export", "hw2", "--to", form, "--classroom", "cs"])
        assert "a mark and no hand-in: zoe" in done.stderr


def test_texts_are_in_the_readers_language(course):
    """The store keeps both; a table or a result holds the one that was asked for."""
    for lang, says, not_this in (("en", "has no m.py", "没有"), ("zh", "没有 m.py", "has no")):
        for text in (
            export("--to", "csv", lang=lang),
            written(course / lang, "gradescope", lang)["bob"]["output"],
            export("--to", "junit", lang=lang),
        ):
            assert says in text
            assert not_this not in text


def test_an_assignment_that_nobody_knows_is_refused(course):
    """A slip in its name is no class in which everybody is missing."""
    for command in (["report", "hw22"], ["export", "hw22", "--to", "csv"]):
        done = CliRunner(env={"GRADE_LANG": "en"}).invoke(cli.main, command)
        assert (done.exit_code, done.stderr) == (2, "grade: no assignment 'hw22' (did you mean 'hw2'?)\n")


def test_of_many_students_the_rest_is_counted(tmp_path, monkeypatch):
    """Twenty names, and how many more."""
    monkeypatch.chdir(tmp_path)
    with open_store(tmp_path / "grades.sqlite") as book:
        for number in range(23):
            book.append(grade(f"s{number:02}"))
    Path("table.csv").write_text("Student,ID,hw2\n,s22,99\n")
    done = CliRunner(env={"GRADE_LANG": "en"}).invoke(cli.main, ["export", "hw2", "--to", "canvas", "--table", "table.csv"])
    assert done.stderr.split("\n")[1].endswith("s18, s19 and 2 more")


def golden(name: str, text: str) -> None:
    path = HERE / "golden" / name
    assert text == path.read_text(encoding="utf-8"), f"{name} changed; if that is right, write the new text there"


def test_csv_is_read_back_with_hostile_names(marks):
    """Commas and line breaks stay in their cells, no cell begins a formula, and no mark is not a zero."""
    rows = list(csv.DictReader(io.StringIO(plain_csv(marks))))
    by_id = {row["id"]: row for row in rows}
    assert by_id["ada"]["name"] == "Lovelace, Countess"
    assert (by_id["ada"]["final"], by_id["ada"]["max_score"], by_id["ada"]["stage local"]) == ("2.5", "17.5", "2.5")
    assert by_id["bob"]["name"] == "'=1+1"
    assert by_id["bob"]["final"] == ""
    assert by_id["bob"]["comment"].startswith("'@cmd")
    assert by_id["eve"]["comment"] == "'=HYPERLINK(1)"
    assert by_id["cy"]["status"] == "missing"
    golden("marks.csv", plain_csv(marks).replace("\r\n", "\n"))


CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,hw1 (11),hw2 (12),Notes
    Points Possible,,,,,100,100,
"Lovelace, Countess",1,,ada,A,50,,keep
"Bob",2,,bob,A,60,,
"Eve",3,,eve,A,70,99,
"""


def test_canvas_gets_its_own_table_back_with_one_column_filled(marks):
    """No column is added, no other cell changes, and a mark that stands there stays unless told otherwise."""
    done = canvas(CANVAS, marks, "hw2")
    before, after = (list(csv.reader(io.StringIO(text))) for text in (CANVAS, done.text))
    assert [(r, c) for r, row in enumerate(before) for c, x in enumerate(row) if after[r][c] != x] == [(2, 6)]
    assert after[2][6] == "2.5"
    assert (done.filled, done.kept, done.unmatched) == (1, ("eve",), ())
    assert list(csv.reader(io.StringIO(canvas(CANVAS, marks, "hw2 (12)", overwrite=True).text)))[4][6] == "4.5"
    with pytest.raises(CourseError, match="no column 'hw3'"):
        canvas(CANVAS, marks, "hw3")
    with pytest.raises(CourseError, match="SIS Login ID"):
        canvas("Student,hw2\nA,\n", marks, "hw2")
    with pytest.raises(CourseError, match="empty"):
        canvas("", marks, "hw2")


def test_a_long_cell_of_the_table_stays_whole(marks):
    """A comment may be longer than Python's csv module reads by itself."""
    note = "x" * 200_000
    done = canvas(CANVAS.replace("keep", note), marks, "hw2")
    assert done.text.count(note) == 1
    assert done.filled == 1


def test_moodle_matches_emails_with_their_capitals(marks):
    """Grade and feedback go together; whoever is not found is named."""
    sheet = "Identifier,Full name,Email address,Status,Grade,Feedback comments\n1,Ada,Ada@x.org,,,\n2,Eve,EVE,,,\n"
    done = moodle(marks, sheet)
    rows = list(csv.DictReader(io.StringIO(done.text)))
    assert rows[0]["Grade"] == "2.5"
    assert done.unmatched == ("eve",)
    assert list(rows[0]) == sheet.split("\n", 1)[0].split(",")
    plain = list(csv.DictReader(io.StringIO(moodle(marks).text)))
    assert [(row["ID number"], row["Grade"]) for row in plain] == [("ada", "2.5"), ("eve", "4.5")]
    assert plain[1]["Feedback comments"] == "'=HYPERLINK(1)"


def test_gradescope_takes_its_results(marks):
    """Its schema holds; a hidden check tells its question and never its message; no grade is not a zero."""
    schema = json.loads((HERE / "schemas" / "gradescope.json").read_text())
    record = gradescope(a_grade())
    jsonschema.validate(record, schema)
    assert "hidden input 17" not in json.dumps(record)
    assert record["tests"][2]["output"] == "How many?"
    assert record["tests"][1]["output"] == "got 1 & <2>"
    refused = gradescope(dataclasses.replace(grade(status="rejected", message="no module"), verdicts=()))
    jsonschema.validate(refused, schema)
    assert "score" not in refused
    golden("gradescope.json", json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def test_classroom50_takes_its_result():
    """Whole numbers whose shares are exact, and the hand-in's instant in UTC."""
    schema = json.loads((HERE / "schemas" / "classroom50.json").read_text())
    record = classroom50(a_grade(), CONTEXT, "2026-03-01T12:00:00+02:00", "2026-04-01T00:00:00+00:00")
    jsonschema.validate(record, schema)
    assert (record["score"], record["max-score"]) == (5, 35)
    assert record["datetime"] == "2026-03-01T10:00:00Z"
    assert "hidden input" not in json.dumps(record)
    with pytest.raises(CourseError, match="needs owner"):
        classroom50(a_grade(), {**CONTEXT, "owner": ""}, "2026-03-01T12:00:00+02:00")
    thirds = classroom50(grade("a", verdict(0, points=1 / 3)), CONTEXT, "2026-03-01T12:00:00+02:00")
    assert (thirds["score"], thirds["max-score"]) == (333, 333)
    golden("classroom50.json", json.dumps(record, indent=1) + "\n")


def test_junit_holds_its_schema_and_its_counts():
    """Jenkins' own schema takes it. One suite a grade; PENDING and FAULT neither failed nor passed."""
    refused = dataclasses.replace(grade("bob", status="rejected", message="no module"), verdicts=())
    fault = dataclasses.replace(grade("cy", status="fault"), verdicts=())
    text = junit([a_grade(), refused, fault])
    schema = xmlschema.XMLSchema(HERE / "schemas" / "junit-10.xsd")
    schema.validate(text)
    found = schema.to_dict(text)["testsuite"]
    assert [(s["@tests"], s["@failures"], s["@skipped"]) for s in found] == [("4", "2", "1"), ("1", "1", "0"), ("1", "0", "1")]
    names = {p["@name"]: p["@value"] for group in found[0]["properties"] for p in group["property"]}
    assert names["points public/test_a.py::test_0"] == "2.5/2.5"
    golden("junit.xml", text)
    hostile = "\x00\x1b[31m]]>&<\ud800\uffff\"'"
    lost = verdict(9, Outcome.CRASH, message=hostile, traceback=hostile)
    schema.validate(junit([dataclasses.replace(grade(hostile, lost), message=hostile, submission=hostile)]))
