"""instants.csv: when each hand-in came, where its files do not know."""

from __future__ import annotations

import datetime as dt
import os

import pytest
from batch_kit import HAND_INS, RIGHT, TIER, course, hand_in, hand_in_all, run  # noqa: F401

from grader import rules, wall
from grader.errors import CourseError
from grader.gradebook import open_store, standings
from grader.intake import instants

# ruff: noqa: F811  # fixtures are imported by name


def written(folder, text):
    (folder / "instants.csv").write_text(text, encoding="utf-8-sig")
    return instants.load(folder)


def test_instants_are_read_in_any_order_and_any_zone(tmp_path):
    """A spreadsheet's mark at the start, other columns, blank lines and another zone are all fine."""
    text = "name,Instant,id\nAda,2026-11-30T23:59:00+08:00,ada\n,,\nBob,,bob\nCy,2026-12-01 07:30:00Z,cy\n"
    assert written(tmp_path, text) == {"ada": "2026-11-30T15:59:00+00:00", "cy": "2026-12-01T07:30:00+00:00"}
    (tmp_path / "instants.csv").unlink()
    assert instants.load(tmp_path) == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("student,when\nada,2026-11-30T23:59:00Z\n", "columns id,instant"),
        ("id,instant\nada,yesterday\n", "line 2: 'yesterday' is not an instant"),
        ("id,instant\nada,2026-11-30T23:59:00\n", "with its time zone"),
        ("id,instant\nada,2026-11-30T23:59:00Z\nada,2026-11-30T23:59:00Z\n", "line 3: 'ada' is there twice"),
    ],
)
def test_a_slip_is_named_with_its_line_in_both_languages(tmp_path, text, says):
    """A time that was guessed would make somebody late."""
    with pytest.raises(CourseError) as found:
        written(tmp_path, text)
    assert says in found.value.in_language("en")
    assert found.value.in_language("zh") != found.value.in_language("en")


@pytest.mark.skipif(wall.probe().tier > 2, reason=f"NOT RUN: {TIER}")
def test_a_run_takes_the_instants_of_the_folder(course):
    """Graded and refused hand-ins alike; who is not listed has her file's own time."""
    hand_in_all(course, ("right", "wrong"))
    (course / "class" / "instants.csv").write_text("id,instant\nright,2026-03-01T00:00:00Z\nmissing,2026-03-02T00:00:00Z\n")
    done = run(course, "class")
    assert done.returncode == 0, done.stderr
    with open_store(course / "grades.sqlite") as book:
        when = {summary.student: summary.handed_in for summary in book.summaries()}
    assert when["right"] == "2026-03-01T00:00:00+00:00"
    assert when["missing"] == "2026-03-02T00:00:00+00:00"
    assert when["wrong"] > "2026-04"
    assert set(when) == {"right", "wrong", "missing"}


def put(course, text: str, when: str) -> None:
    """Hand in *text* as ada, at *when* by her file's time."""
    hand_in(course, "ada", text)
    moment = dt.datetime.fromisoformat(when).timestamp()
    os.utime(course / "class" / "ada" / "double.py", (moment, moment))


def standing(course, text: str = ""):
    with open_store(course / "grades.sqlite") as book:
        (found,) = standings(book, "hw1", rules.load(written_rules(course, text)))
        return found


def written_rules(course, text: str):
    (course / "course.toml").write_text(text, encoding="utf-8")
    return course / "course.toml"


@pytest.mark.skipif(wall.probe().tier > 2, reason=f"NOT RUN: {TIER}")
def test_who_goes_back_to_what_worked_has_handed_it_in_again(course):
    """Good, bad, good: the third hand-in counts, with its own instant, and is not graded twice; the same folder again changes nothing."""
    for text, when in ((RIGHT, "2026-03-01T10:00+00:00"), (HAND_INS["wrong"], "2026-03-01T11:00+00:00"), (RIGHT, "2026-03-01T12:00+00:00")):
        put(course, text, when)
        done = run(course, "class")
    assert "1 handed in again" in done.stderr
    found = standing(course)
    assert (found.final, found.tries, found.attempt.handed_in) == (100.0, 3, "2026-03-01T12:00:00+00:00")
    before = (course / "grades.sqlite").read_bytes()
    put(course, RIGHT, "2026-03-09T12:00+00:00")  # a copy that lost its time
    assert "1 unchanged" in run(course, "class").stderr
    assert (course / "grades.sqlite").read_bytes() == before
    early = 'counts = "last_on_time"\n[assignment.hw1]\ndeadline = "2026-03-01 10:30"'
    assert standing(course, early).attempt.handed_in == "2026-03-01T10:00:00+00:00"


@pytest.mark.skipif(wall.probe().tier > 2, reason=f"NOT RUN: {TIER}")
def test_instants_that_come_later_or_are_mended_count(course):
    """A stated instant replaces one guessed from a file, and a corrected one the stated one, with a line; a guess never replaces."""
    late = '[assignment.hw1]\ndeadline = "2026-11-10"\n[late]\nkind = "per_day"\npercent = 10\n'
    put(course, RIGHT, "2026-11-23T07:00+00:00")
    run(course, "class")
    assert standing(course, late).final == 0
    for said, final in (("2026-11-09T10:00:00Z", 100), ("2026-11-11T10:00:00Z", 90)):
        written(course / "class", f"id,instant\nada,{said}\nadda,{said}\n")
        told = run(course, "class").stderr
        assert "1 time corrected" in told
        assert "(was 2026-11-" in told
        assert "warning: adda (ada?): in class/instants.csv, but there is no such hand-in" in told
        assert standing(course, late).final == final
        assert "1 unchanged" in run(course, "class").stderr
    (course / "class" / "instants.csv").unlink()
    assert "1 unchanged" in run(course, "class").stderr
    assert standing(course, late).final == 90


@pytest.mark.skipif(wall.probe().tier > 2, reason=f"NOT RUN: {TIER}")
def test_a_time_corrected_together_with_the_suite_is_told(course):
    """Work that is graded anew tells of its corrected instant, too: the row says both."""
    put(course, RIGHT, "2026-11-23T07:00+00:00")
    run(course, "class")
    written(course / "class", "id,instant\nada,2026-11-09T10:00:00Z\n")
    suite = course / "assignments/hw1/tests/test_double.py"
    suite.write_text(suite.read_text() + "\n# mended\n")
    told = run(course, "class").stderr
    assert "1 graded" in told
    assert "time corrected: 2026-11-09T10:00:00+00:00 (was 2026-11-23T07:00:00+00:00)" in told
    assert "1 unchanged" in run(course, "class").stderr
