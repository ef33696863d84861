"""report, export and gradebook from the command line, as an assistant types them."""

from __future__ import annotations

import csv
import io
import json
import math

import pytest
from gradebook_kit import grade, verdict

from grader import cli
from grader.batch.originals import FOLDER, Originals
from grader.gradebook import Mark, open_store
from grader.intake.admission import digest_of
from grader.model import Outcome, Submission

CHECK = verdict(0).id
SOURCE = {"micrograd.py": b"x = 1\n", "pain.jsonl": b'{"kind": "loss4", "result": 2.5}\n'}


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course with three students' attempts, as the current folder."""
    (tmp_path / "assignments").mkdir()
    (tmp_path / "course.toml").write_text('[late]\nkind = "per_day"\npercent = 10\n[assignment.hw2]\ndeadline = "2026-03-01"\n')
    (tmp_path / "roster.csv").write_text("id,name,email\nada,Ada,ada@x.org\nbob,Bob,bob@x.org\n")
    Originals(tmp_path / FOLDER).keep(Submission("ada", SOURCE, digest_of(SOURCE)))
    with open_store(tmp_path / "grades.sqlite") as book:
        book.append(grade("ada", verdict(0), submission=digest_of(SOURCE)), handed_in="2026-02-01T00:00:00+00:00")
        late = verdict(0, Outcome.FAIL, misconception="assigns-grad", question="How many?")
        book.append(grade("bob", late, verdict(1)), handed_in="2026-03-02T10:00:00+00:00")
        book.append(grade("eve", verdict(0)), handed_in="2026-02-01T00:00:00+00:00")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANG", "C")
    return tmp_path


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        cli.main(list(arguments))
    shown = capsys.readouterr()
    return int(left.value.code or 0), shown.out, shown.err


def test_report_on_the_terminal(course, capsys):
    """How it went, what to talk about, who was late."""
    code, out, _ = run(capsys, "report", "hw2")
    assert code == 0
    for text in ("3 students, 3 graded", "mean", "assigns-grad  ? How many?", "1 late: bob (+1)"):
        assert text in out
    assert "3 名学生" in run(capsys, "report", "hw2", "--lang", "zh")[1]


def test_report_as_pages(course, capsys):
    """The class in one file, and one file a student with her own tries quoted back."""
    code, out, err = run(capsys, "report", "hw2", "--out", "class.html", "--students", "pages")
    assert (code, out) == (0, "")
    assert "wrote class.html" in err
    assert "assigns-grad" in (course / "class.html").read_text(encoding="utf-8")
    assert {p.name for p in (course / "pages").iterdir()} == {"ada.html", "bob.html", "eve.html"}
    assert "loss4: 1 try, first 2.5" in (course / "pages" / "ada.html").read_text(encoding="utf-8")
    assert list(course.glob(".*.tmp")) == []


def test_export_to_every_system(course, capsys):
    """Marks alone on stdout, notes on stderr; files where asked for."""
    code, out, _ = run(capsys, "export", "hw2", "--to", "csv")
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(out))}
    assert code == 0
    assert (rows["bob"]["score"], rows["bob"]["penalty"], rows["bob"]["final"]) == ("5", "0.5", "4.5")
    assert "<testsuites>" in run(capsys, "export", "hw2", "--to", "junit")[1]
    assert json.loads(run(capsys, "export", "hw2", "--to", "gradescope", "--student", "ada")[1])["score"] == 5.0
    assert run(capsys, "export", "hw2", "--to", "classroom50", "--classroom", "cs", "--out", "results")[0] == 0
    assert json.loads((course / "results" / "ada.json").read_text())["owner"] == "ada"
    (course / "canvas.csv").write_text("Student,ID,SIS Login ID,hw2 (7)\nA,1,ada,\n")
    code, out, err = run(capsys, "export", "hw2", "--to", "canvas", "--table", "canvas.csv")
    assert out.splitlines()[1] == "A,1,ada,5"
    assert "not in the table, or without an email: bob, eve" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("export", "hw2", "--to", "canvas"), "--table FILE"),
        (("export", "hw2", "--to", "canvas", "--table", "none.csv"), "cannot be read"),
        (("export", "hw2", "--to", "csv", "--student", "adda"), "did you mean 'ada'"),
        (("export", "hw2", "--to", "csv", "--store", "none.sqlite"), "no store there yet; grade a class first"),
        (("export", "hw2", "--to", "classroom50"), "needs classroom"),
        (("report", "hw2", "--out", "roster.csv/x.html"), "cannot be written"),
        (("gradebook", "roster", "none.csv"), "none.csv: no such file; give the roster"),
        (("gradebook", "mark", "hw2", "zoe", "--points", "3"), "no student 'zoe'"),
        (("gradebook", "mark", "hw2", "ada"), "give --points"),
        (("gradebook", "mark", "hw2", "ada", "--points", "nan"), "--points is nan; give a number"),
        (("gradebook", "mark", "hw2", "ada", "--points", "inf"), "--points is inf; give a number"),
        (("gradebook", "mark", "hw2", "ada", "--points", "3", "--of", "inf"), "--of is inf; give a number"),
        (("gradebook", "mark", "hw2", "ada", "--points", "3", "--of", "-1"), "cannot be below zero"),
        (("gradebook", "mark", "hw2", "ada", "--of", "5"), "give --points too"),
        (("gradebook", "mark", "hw3", "ada", "--points", "3"), "no assignment 'hw3' (known: hw2)"),
        (("export", "hw9", "--to", "csv"), "no assignment 'hw9' (known: hw2)"),
        (("report", "hw22"), "no assignment 'hw22' (did you mean 'hw2'?)"),
        (("gradebook", "mark", "hw2", "ada", "--item", CHECK.replace("_0", "_9"), "--points", "3"), f"did you mean {CHECK!r}"),
        (("gradebook", "mark", "hw2", "ada", "--item", CHECK, "--points", "3", "--of", "9"), "worth 5 points for everybody"),
        (("gradebook", "mark", "hw2", "ada", "--clear"), "no mark for the whole to take back"),
        (("gradebook", "mark", "hw2", "ada", "--clear", "--points", "3"), "--clear takes the mark back"),
        (("gradebook", "show", "zoe"), "no student 'zoe'"),
    ],
)
def test_bad_input_gets_one_line_and_exit_2(course, capsys, arguments, said):
    """With what to do about it."""
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.strip().splitlines()) == 1


def test_a_slip_in_the_rules_stops_a_report_and_a_doubt_does_not(course, capsys):
    """The slip is the reader's to mend, not a fault of the kit; a doubt is a line each beside the marks."""
    file, extension = course / "course.toml", '[[extension]]\nstudent = "adda"\nassignment = "hw2"\ndays = {}\n'
    text = file.read_text()
    file.write_text(text + extension.format("nan"))
    code, out, err = run(capsys, "report", "hw2")
    assert (code, out) == (2, "")
    assert "course.toml: [[extension]] 1 days is nan" in err
    (course / "assignments" / "hw9").mkdir()
    (course / "assignments" / "hw9" / "assignment.toml").touch()
    file.write_text("\ufeff" + text + extension.format(1) + '[assignment.hw99]\ndeadline = "2026-05-01"\n')
    code, out, err = run(capsys, "export", "hw2", "--to", "csv")
    assert code == 0
    assert out.startswith("id,name")
    assert [line.partition(" is called ")[2] for line in err.splitlines()] == [
        "'hw99' (did you mean 'hw9'?); without a deadline: hw9",
        "'adda' (did you mean 'ada'?)",
    ]
    assert "(did you mean 'ada'?)" in run(capsys, "report", "hw2")[2]


def test_what_only_a_person_marks_is_an_assignment_everywhere(course, capsys):
    """An oral exam of course.toml, before and after its first mark; a slip of a homework's name is still named."""
    (course / "assignments" / "hw2").mkdir()
    (course / "assignments" / "hw2" / "assignment.toml").touch()
    text = (course / "course.toml").read_text().replace("[assignment.hw2]", "[assignment.hw22]\nwritten = { essay = 5 }\n[assignment.oral]")
    (course / "course.toml").write_text(text.replace('deadline = "2026-03-01"', "written = { talk = 10 }"))
    doubt = "course.toml: [assignment]: no homework here is called 'hw22' (did you mean 'hw2'?); without a deadline: hw2, oral\n"
    for _ in range(2):
        assert run(capsys, "report", "oral")[::2] == (0, doubt)
        assert run(capsys, "export", "oral", "--to", "csv")[::2] == (0, doubt)
        assert run(capsys, "gradebook", "mark", "oral", "ada", "--item", "talk", "--points", "8")[0] == 0


def test_a_misspelt_written_item_is_no_extra_points(course, capsys):
    """With --of it is an item of one's own, and so is what resembles none; what stands can be changed."""
    with open(course / "course.toml", "a") as file:
        file.write("written = { essay = 5 }\n")
    for arguments in (
        ("--item", "esay", "--points", "4"),
        ("--item", "extra credit esay", "--points", "4"),
        ("--item", "Essay", "--comment", "good"),
    ):
        code, out, err = run(capsys, "gradebook", "mark", "hw2", "ada", *arguments)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert "(did you mean 'essay'?); for an item of your own say --of too" in err
    assert "是不是 'essay'？" in run(capsys, "gradebook", "mark", "hw2", "ada", "--item", "esay", "--points", "4", "--lang", "zh")[2]
    assert rows(capsys)["ada"][:2] == ("5", "10")
    mark(capsys, "--item", "essay2", "--points", "4", "--of", "0")
    mark(capsys, "--item", "essay2", "--points", "3")
    mark(capsys, "--item", "talk", "--points", "1")
    mark(capsys, "--item", "essay", "--points", "5")
    assert rows(capsys)["ada"][:2] == ("14", "10")


def test_the_roster_is_imported_and_shown(course, capsys):
    """Names come in; whoever handed in without being on it stays."""
    assert "2 students imported" in run(capsys, "gradebook", "roster", "roster.csv")[2]
    assert run(capsys, "gradebook", "roster")[1].splitlines() == ["ada\tAda\tada@x.org", "bob\tBob\tbob@x.org", "eve"]


def test_a_manual_mark_counts_at_once(course, capsys):
    """And the same again is nothing new."""
    arguments = ("gradebook", "mark", "hw2", "ada", "--item", "essay", "--points", "3", "--of", "5", "--comment", "good")
    assert "kept" in run(capsys, *arguments)[2]
    assert "stood there" in run(capsys, *arguments)[2]
    row = next(csv.DictReader(io.StringIO(run(capsys, "export", "hw2", "--to", "csv", "--student", "ada")[1])))
    assert (row["final"], row["max_score"], row["comment"]) == ("8", "10", "good")


def mark(capsys, *arguments: str, student: str = "ada") -> str:
    """Give a mark at hw2."""
    code, _, err = run(capsys, "gradebook", "mark", "hw2", student, *arguments)
    assert code == 0, err
    return err


def rows(capsys) -> dict[str, tuple[str, str, str]]:
    """Return what the export says of each student: mark, maximum and comment."""
    table = csv.DictReader(io.StringIO(run(capsys, "export", "hw2", "--to", "csv")[1]))
    return {row["id"]: (row["final"], row["max_score"], row["comment"]) for row in table}


@pytest.mark.parametrize("item", [(), ("--item", "essay"), ("--item", CHECK)])
def test_what_a_mark_does_not_say_stays(course, capsys, item):
    """A comment alone leaves the points, points alone leave comment and maximum, and a maximum can be corrected."""
    of = () if CHECK in item else ("--of", "10")
    mark(capsys, *item, "--points", "4", *of)
    before = rows(capsys)["ada"]
    mark(capsys, *item, "--comment", "see me")
    assert rows(capsys)["ada"] == (*before[:2], "see me")
    mark(capsys, *item, "--points", "3")
    assert rows(capsys)["ada"] == (f"{int(before[0]) - 1}", before[1], "see me")
    mark(capsys, *item, "--comment", "")
    assert rows(capsys)["ada"][2] == ""
    if of:
        assert "kept" in mark(capsys, *item, "--points", "3", "--of", "12")
        assert rows(capsys)["ada"][:2] == (f"{int(before[0]) - 1}", f"{int(before[1]) + 2}")


def test_a_mark_is_taken_back(course, capsys):
    """With its comment: what was graded counts again; once is enough."""
    mark(capsys, "--points", "2", "--comment", "see me")
    assert "kept" in mark(capsys, "--clear")
    assert "stood there" in mark(capsys, "--clear")
    assert rows(capsys)["ada"] == ("5", "5", "")


def test_a_mark_whose_check_is_gone_is_named_and_not_added(course, capsys):
    """A check that was renamed has no points left to replace; the mark can be given anew or taken back."""
    mark(capsys, "--item", CHECK, "--points", "2")
    with open_store(course / "grades.sqlite") as book:
        book.append(grade("ada", verdict(7), submission=digest_of(SOURCE), suite_hash="s2"))
    code, out, err = run(capsys, "export", "hw2", "--to", "csv", "--student", "ada")
    row = next(csv.DictReader(io.StringIO(out)))
    assert (code, row["final"], row["max_score"]) == (0, "5", "5")
    assert err.count("\n") == 1
    assert f"do not count: ada {CHECK};" in err
    assert CHECK in run(capsys, "report", "hw2")[2]
    mark(capsys, "--item", CHECK, "--clear")
    assert run(capsys, "report", "hw2")[2] == ""


def test_one_maximum_for_everybody(course, capsys):
    """What course.toml lets a person mark counts in it before anybody marked it, and also for who was rejected."""
    with open(course / "course.toml", "a") as file:
        file.write("written = { essay = 4 }\n")
    with open_store(course / "grades.sqlite") as book:
        book.append(grade("zoe", status="rejected", verdicts=(), message="no file"), handed_in="2026-02-01T00:00:00+00:00")
    mark(capsys, "--item", "essay", "--points", "3")
    mark(capsys, "--item", CHECK, "--points", "2", student="zoe")
    assert [rows(capsys)[name][:2] for name in ("ada", "eve", "zoe")] == [("8", "9"), ("5", "9"), ("2", "9")]
    code, _, err = run(capsys, "gradebook", "mark", "hw2", "bob", "--item", "essay", "--points", "3", "--of", "5")
    assert (code, "worth 4 points for everybody" in err) == (2, True)


def test_marks_out_of_nothing_or_without_end_are_no_fault(course, capsys):
    """They may stand in an older store."""
    with open_store(course / "grades.sqlite") as book:
        book.add_marks([Mark("hw99", "ada", "", 3.0), Mark("hw2", "ada", "", math.inf)])
    assert [run(capsys, "report", name)[0] for name in ("hw99", "hw2")] == [0, 0]
    assert run(capsys, "report", "hw2", "--out", "x.html", "--students", "pages")[0] == 0


def test_a_student_is_shown_and_erased(course, capsys):
    """Her data as JSON; then she is gone from the store, and her hand-in from the disk."""
    assert json.loads(run(capsys, "gradebook", "show", "ada")[1])["student"]["id"] == "ada"
    assert len(list((course / FOLDER).iterdir())) == 1
    assert "1 attempts stay" in run(capsys, "gradebook", "erase", "ada", "--yes")[2]
    assert list((course / FOLDER).iterdir()) == []
    assert run(capsys, "gradebook", "show", "ada")[0] == 2
