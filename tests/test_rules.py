"""course.toml: what is late, what it costs, and which attempt counts."""

from __future__ import annotations

from pathlib import Path

import pytest
from gradebook_kit import grade, verdict

from grader.errors import CourseError
from grader.gradebook import Mark, open_store, standings
from grader.model import Outcome
from grader.roster import Person
from grader.rules import Rules, Try, find, load

COURSE = """
timezone = "Europe/Berlin"
grace_days = 2
[late]
kind = "per_day"
percent = 10
[assignment.hw1]
deadline = "2026-03-01 23:59"
[assignment.hw2]
deadline = 2026-03-15T12:00:00
"""


def rules(tmp_path, text: str) -> Rules:
    (tmp_path / "course.toml").write_text(text, encoding="utf-8")
    return load(tmp_path / "course.toml")


def one(handed_in: str, score: float = 100.0, number: int = 1, submission: str = "", status: str = "graded") -> Try:
    return Try(number, number, submission or f"s{number}", handed_in, status, score, 100.0)


def final(found: Rules, *tries: Try, assignment: str = "hw1", student: str = "a") -> float:
    return found.count(student, {assignment: tries})[assignment].final


def test_a_deadline_is_of_the_courses_time_zone(tmp_path):
    """23:59 in Berlin is 22:59 UTC in winter; a second later is late, whatever the grading's time."""
    plain = rules(tmp_path, COURSE.replace("grace_days = 2", ""))
    assert final(plain, one("2026-03-01T22:59:00+00:00")) == 100
    assert final(plain, one("2026-03-01T22:59:01+00:00")) == 90
    assert final(plain, one("2026-03-01T23:59:00+01:00")) == 100
    assert final(plain, one("2026-03-02T22:59:00+00:00")) == 90
    assert final(plain, one("2026-03-02T22:59:01+00:00")) == 80


def test_grace_days_are_spent_in_the_order_of_the_deadlines(tmp_path):
    """Two for the whole course: one day of hw1, then one of hw2's two days."""
    found = rules(tmp_path, COURSE).count("a", {"hw2": [one("2026-03-17T10:00:00+00:00")], "hw1": [one("2026-03-02T10:00:00+00:00")]})
    assert (found["hw1"].final, found["hw1"].grace_used, found["hw1"].days_late) == (100, 1, 1)
    assert (found["hw2"].final, found["hw2"].grace_used, found["hw2"].days_late) == (90, 1, 2)


@pytest.mark.parametrize(
    ("late", "days", "left"),
    [
        ('kind = "none"', 30, 80),
        ('kind = "per_day"\npercent = 10', 3, 56),
        ('kind = "per_day"\npoints = 5', 3, 65),
        ('kind = "per_day"\npercent = 10\nat_most = 40', 9, 48),
        ('kind = "per_day"\npercent = 30', 9, 0),
        ('kind = "curve"\ncurve = [[2, 10], [4, 50]]', 1, 76),
        ('kind = "curve"\ncurve = [[2, 10], [4, 50]]', 3, 56),
        ('kind = "curve"\ncurve = [[2, 10], [4, 50]]', 9, 40),
        ('kind = "cutoff"\ncutoff_days = 2', 2, 80),
        ('kind = "cutoff"\ncutoff_days = 2', 2.01, 0),
        ('kind = "per_day"\npercent = 10\ncutoff_days = 2', 3, 0),
        ('kind = "per_day"\npercent = 10\ntolerance_minutes = 30', 0.02, 80),
    ],
)
def test_lateness_costs_what_the_course_says(tmp_path, late, days, left):
    """None, per day, by a curve, with a cut-off; never below zero."""
    import datetime as dt

    found = rules(tmp_path, f"[late]\n{late}\n[assignment.hw1]\ndeadline = 2026-03-01T00:00:00Z\n")
    when = dt.datetime(2026, 3, 1, tzinfo=dt.UTC) + dt.timedelta(days=days)
    assert final(found, one(when.isoformat(), 80.0)) == pytest.approx(left)


def test_an_extension_moves_one_students_deadline_at_once(tmp_path):
    """Nothing is stored: the next report has the new penalty."""
    text = COURSE.replace("grace_days = 2", "grace_days = 0")
    late = one("2026-03-03T10:00:00+00:00")
    assert final(rules(tmp_path, text), late) == 80
    extended = text + '[[extension]]\nstudent = "a"\nassignment = "hw1"\ndays = 1\n'
    assert final(rules(tmp_path, extended), late) == 90
    until = text + '[[extension]]\nstudent = "a"\nassignment = "hw1"\nuntil = "2026-03-04"\nreason = "ill"\n'
    assert final(rules(tmp_path, until), late) == 100
    assert final(rules(tmp_path, until), late, student="b") == 80


@pytest.mark.parametrize(("counts", "number"), [("last", 3), ("best", 1), ("last_on_time", 2)])
def test_which_attempt_counts(tmp_path, counts, number):
    """Last, best after its penalty, or the last on time."""
    found = rules(tmp_path, f'counts = "{counts}"\n' + COURSE.replace("grace_days = 2", ""))
    tries = [
        one("2026-02-01T00:00:00+00:00", 90, 1),
        one("2026-02-02T00:00:00+00:00", 70, 2),
        one("2026-03-03T00:00:00+00:00", 95, 3),
    ]
    assert found.count("a", {"hw1": tries})["hw1"].chosen.number == number


def test_a_regrade_takes_the_place_of_the_grading_before():
    """Also when it is lower, and "best" counts: the suite was wrong before."""
    found = Rules(counts="best")
    tries = [one("2026-02-01T00:00:00+00:00", 90, 1, "s"), one("2026-02-01T00:00:00+00:00", 60, 2, "s")]
    assert found.count("a", {"hw1": tries})["hw1"].final == 60


def test_a_rejected_hand_in_or_a_fault_does_not_wipe_out_a_grade():
    """The last graded one counts."""
    tries = [one("2026-02-01T00:00:00+00:00", 90, 1), one("2026-02-02T00:00:00+00:00", 0, 2, status="rejected")]
    tries += [one("2026-02-01T00:00:00+00:00", 0, 3, "s1", status="fault")]
    assert Rules().count("a", {"hw1": tries})["hw1"].chosen.number == 1


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ('timzone = "UTC"', "unknown key 'timzone' .did you mean 'timezone'"),
        ('timezone = "Europe/Berlim"', "did you mean 'Europe/Berlin'"),
        ('counts = "worst"', "counts is 'worst'"),
        ("grace_days = -1", "below zero"),
        ('[late]\nkind = "per_day"', "neither percent nor points"),
        ('[late]\nkind = "curve"', "there is none"),
        ('[late]\nkind = "curve"\ncurve = [[2, 5], [1, 9]]', "go up in days"),
        ('[late]\nkind = "curve"\ncurve = [[2, 500]]', "a point is"),
        ('[late]\nkind = "cutoff"', "does not say when"),
        ("[late]\npercent = 200", "makes no sense"),
        ('[assignment.hw1]\ndeadline = "tomorrow"', "is no time"),
        ('[assignment.hw1]\ndeadlin = "2026-01-01"', "did you mean 'deadline'"),
        ('[[extension]]\nstudent = "a"\nassignment = "hw9"\ndays = 1', "has no deadline"),
        ('[[extension]]\nstudent = "a"\nassignment = "hw9"', "either until or days"),
        ("[assignment.hw1.written]\nessay = 0", "points that it can earn"),
        ("grace_days = ", "cannot be read"),
        ("grace_days = true", "wrong type"),
        ("late = 3", "wrong type"),
        ("assignment.hw1 = 3", "must be a table"),
        ("[[extension]]\ndays = 1", "needs a student"),
    ],
)
def test_a_slip_in_the_rules_is_named(tmp_path, text, match):
    """With its place and the nearest right word, in both languages."""
    with pytest.raises(CourseError, match=match) as found:
        rules(tmp_path, text)
    said = found.value.in_language("zh")
    assert "course.toml：" in said
    assert any("\u4e00" <= letter <= "\u9fff" for letter in said)


def test_without_a_file_nothing_is_late(tmp_path):
    """And a file further up is found."""
    assert find(tmp_path) == Rules()
    rules(tmp_path, COURSE)
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert find(tmp_path / "a" / "b").grace_days == 2


def test_a_standing_puts_attempts_marks_and_rules_together(tmp_path):
    """Manual marks are part of what the penalty is taken of; whoever handed in nothing is missing, not zero."""
    found = rules(tmp_path, COURSE.replace("grace_days = 2", ""))
    with open_store(tmp_path / "g.sqlite") as book:
        book.import_roster([Person("ada"), Person("bob"), Person("cy")])
        book.append(grade("ada", verdict(0), verdict(1, Outcome.FAIL)), handed_in="2026-03-16T00:00:00+00:00")
        book.append(grade("cy", status="fault", verdicts=()))
        book.add_marks([Mark("hw2", "ada", verdict(1).id, 4.0), Mark("hw2", "ada", "essay", 11.0, 20.0)])
        ada, bob, cy = standings(book, "hw2", found)
        assert (ada.automatic, ada.score, ada.max_score, ada.days_late, ada.penalty, ada.final) == (5.0, 20.0, 30.0, 1, 2.0, 18.0)
        assert (bob.status, bob.final) == ("missing", None)
        assert (cy.status, cy.final) == ("fault", None)
        book.add_marks([Mark("hw2", "bob", "", 50.0, 100.0)])
        assert standings(book, "hw2", found)[1].final == 50.0


def test_the_documented_rules_are_read(tmp_path):
    """The example of docs/CLASS.md is a course.toml, whole."""
    page = (Path(__file__).parent.parent / "docs" / "CLASS.md").read_text(encoding="utf-8")
    found = rules(tmp_path, page.partition("```toml\n")[2].partition("```")[0])
    assert (found.grace_days, found.counts_of, found.written) == (3, {"hw2": "best"}, {"hw2": {"essay": 5.0}})
    assert found.deadline("hw2", "ada") > found.deadline("hw2", "bob")
