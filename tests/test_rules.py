"""course.toml: what is late, what it costs, and which attempt counts."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from gradebook_kit import grade, verdict

from grader.errors import CourseError
from grader.gradebook import Mark, open_store, standings
from grader.model import Outcome
from grader.roster import Person
from grader.rules import Rules, Try, doubts, find, load

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


EXTENDED = """[assignment.hw1]
deadline = "2026-03-01 23:59"

[[extension]]
student = "a"
assignment = "hw1"
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


GRACE = """
timezone = "Europe/Berlin"
grace_days = 3
[late]
kind = "per_day"
percent = 10
at_most = 50
cutoff_days = 9
[assignment.hw8]
deadline = "2026-03-01 23:59"
[assignment.hw9]
deadline = "2026-03-15 23:59"
"""


@pytest.mark.parametrize(
    ("more", "hw8", "spent"),
    [
        ("", one("2026-03-04T20:00:00+01:00"), 3),
        ('late = { kind = "none" }', one("2026-03-04T20:00:00+01:00"), 0),
        ("", one("2026-03-04T20:00:00+01:00", 0.0, status="rejected"), 0),
        ("", one("2026-03-04T20:00:00+01:00", 0.0), 0),
        ("", one("2026-03-20T20:00:00+01:00"), 0),  # past the cut-off, whatever is spent
        ("", one("2026-03-13T20:00:00+01:00"), 3),  # brought back before it
        ("", one("2026-03-10T20:00:00+01:00"), 0),  # at most 50% are lost, with three days less too
        ('late = { kind = "curve", curve = [[1, 20], [2, 20]] }', one("2026-03-05T20:00:00+01:00"), 3),
        ('late = { kind = "curve", curve = [[1, 20], [2, 20]] }', one("2026-03-07T20:00:00+01:00"), 0),
    ],
)
def test_grace_days_are_spent_only_where_they_take_away_a_penalty(tmp_path, more, hw8, spent):
    """What hw8 did not need is there for hw9."""
    text = GRACE.replace("[assignment.hw9]", f"{more}\n[assignment.hw9]")
    found = rules(tmp_path, text).count("a", {"hw8": [hw8], "hw9": [one("2026-03-16T20:00:00+01:00")]})
    assert found["hw8"].grace_used == spent
    assert (found["hw9"].days_late, found["hw9"].grace_used, found["hw9"].final) == (1, 0 if spent else 1, 90 if spent else 100)


def test_grace_days_save_points_given_by_hand(tmp_path):
    """A rejected hand-in that a person marked has a penalty to lose, and the report of each homework spends the same days."""
    found = rules(tmp_path, GRACE.replace("hw8", "hw1").replace("hw9", "hw2"))
    with open_store(tmp_path / "g.sqlite") as book:
        refused = dataclasses.replace(grade("ada", status="rejected", assignment="hw1", submission="raw:1"), verdicts=())
        book.append(refused, handed_in="2026-03-04T20:00:00+00:00")
        book.append(grade("ada", verdict(0)), handed_in="2026-03-16T20:00:00+00:00")
        assert [s.penalty for s in standings(book, "hw2", found)] == [0.0]
        book.add_marks([Mark("hw1", "ada", "", 80.0, 100.0)])
        (first,), (second,) = (standings(book, name, found) for name in ("hw1", "hw2"))
    assert (first.final, first.grace_used) == (80.0, 3)
    assert (second.penalty, second.grace_used) == (0.5, 0)


@pytest.mark.parametrize(
    ("handed_in", "days"),
    [
        ("2026-10-25T00:00:00+02:00", 1),
        ("2026-10-25T23:58:00+01:00", 1),  # 24 hours 59 minutes after, in the night with 25 hours
        ("2026-10-25T23:59:01+01:00", 2),
        ("2027-03-28T23:59:00+02:00", 1),
        ("2027-03-29T00:30:00+02:00", 2),  # 23 hours 31 minutes after
    ],
)
def test_a_day_late_is_a_day_of_the_courses_clock(tmp_path, handed_in, days):
    """A grace day, or an extension by a day, covers exactly what counts as one day late, where clocks change too."""
    due = "2026-10-24 23:59" if "2026" in handed_in else "2027-03-27 23:59"
    text = f'timezone = "Europe/Berlin"\n[late]\nkind = "per_day"\npercent = 10\n[assignment.hw1]\ndeadline = "{due}"\n'
    found = rules(tmp_path, text).count("a", {"hw1": [one(handed_in)]})["hw1"]
    assert (found.days_late, found.penalty) == (days, 10 * days)
    assert final(rules(tmp_path, f"grace_days = {days}\n{text}"), one(handed_in)) == 100
    for more, left in ((days, 100), (days - 1, 90)):
        extended = f'{text}[[extension]]\nstudent = "a"\nassignment = "hw1"\ndays = {more}\n'
        assert final(rules(tmp_path, extended), one(handed_in)) == left
    offset = text.replace(f'"{due}"', f'"{due}+02:00"' if "2026" in due else f'"{due}+01:00"')
    assert final(rules(tmp_path, offset), one(handed_in)) == 100 - 10 * days


def test_a_deadline_in_the_hour_that_comes_twice(tmp_path):
    """The second 02:10 is after the first 02:30: late by a day begun, though the clock went back."""
    text = 'timezone = "Europe/Berlin"\n[late]\nkind = "per_day"\npercent = 10\n[assignment.hw1]\ndeadline = "2026-10-25 02:30"\n'
    found = rules(tmp_path, text)
    assert final(found, one("2026-10-25T02:30:00+02:00")) == 100
    assert final(found, one("2026-10-25T02:10:00+01:00")) == 90


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


def test_a_regrade_does_not_change_the_order_of_hand_ins_of_one_instant():
    """A guess that was pulled back to its successor's instant came first, whichever of the two was regraded first."""
    when = "2026-02-01T00:00:00+00:00"
    tries = [one(when, 0, 1, "a"), one(when, 100, 2, "b"), one(when, 100, 3, "b"), one(when, 0, 4, "a")]
    assert Rules().count("a", {"hw1": tries})["hw1"].chosen.number == 3


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
        ("[late]\npercent = 10", "percent does nothing with kind 'none'; write kind = \"per_day\""),
        ("[late]\ncurve = [[1, 10]]", "curve does nothing with kind 'none'; write kind = \"curve\""),
        ('[late]\nkind = "cutoff"\ncutoff_days = 7\npercent = 10', "percent does nothing with kind 'cutoff'"),
        ("[assignment.hw1]\nlate = { points = 5 }", "assignment.hw1. late points does nothing"),
        ('[late]\nkind = "per_day"\npercent = nan', "percent is nan, which makes no sense"),
        ('[late]\nkind = "cutoff"\ncutoff_days = nan', "cutoff_days is nan"),
        ('[late]\nkind = "per_day"\npoints = 1' + "0" * 400, "makes no sense"),
        ('[late]\nkind = "curve"\ncurve = [[nan, 10]]', "a point is"),
        ('[late]\nkind = "curve"\ncurve = [[1, nan]]', "a point is"),
        ("[assignment.hw1.written]\nessay = nan", "points that it can earn"),
        ('[assignment.hw1]\ndeadline = "0001-01-01"', "assignment.hw1. deadline: the year 1 is not from 1970 to 2999"),
        ("[assignment.hw1]\ndeadline = 9999-12-31T23:59:59Z", "the year 9999 is not"),
        (EXTENDED + "days = nan", "course.toml: ..extension.. 1 days is nan; give a number from 0 to 3650"),
        (EXTENDED + "days = inf", "days is inf"),
        (EXTENDED + "days = 9999999", "days is 9999999"),
        (EXTENDED + "days = -3", "days is -3"),
        (EXTENDED + 'until = "2026-02-28"', "until is 2026-02-28 23:59, before the deadline, 2026-03-01 23:59; give a later time"),
        (EXTENDED + 'until = "9999-12-31"', "until: the year 9999"),
        (EXTENDED.replace('"hw1"', '"hw11"') + 'until = "2026-04-01"', "'hw11' has no deadline .did you mean 'hw1'"),
        (
            EXTENDED + "days = 1\n[[extension]]\nstudent = 'a'\nassignment = 'hw1'\ndays = 5",
            "2: ..extension.. 1 is of 'a' for 'hw1' too; keep one",
        ),
    ],
)
def test_a_slip_in_the_rules_is_named(tmp_path, text, match):
    """With its place and the nearest right word, in both languages."""
    with pytest.raises(CourseError, match=match) as found:
        rules(tmp_path, text)
    said = found.value.in_language("zh")
    assert "course.toml：" in said
    assert any("\u4e00" <= letter <= "\u9fff" for letter in said)


def test_what_is_meant_is_no_slip(tmp_path):
    """A penalty that [late] only prepares, no cut-off for one homework, no days, and a byte order mark."""
    text = '[late]\nkind = "none"\npercent = 10\ncutoff_days = 7\n' + EXTENDED + "days = 0\n"
    text += '[assignment.hw2]\ndeadline = "2026-03-01"\nlate = { kind = "per_day", cutoff_days = inf }\n'
    found = rules(tmp_path, "\ufeff" + text)
    assert found.late_of["hw2"].penalty(100.0, 3.0, 3) == 30.0
    assert found.deadline("hw1", "a") == found.deadline("hw1", "b")


def test_what_the_rules_name_and_nobody_knows_is_doubted(tmp_path):
    """A homework only while another has no deadline: dates may stand there before the homework does."""
    text = EXTENDED.replace('"a"', '"adda"') + 'days = 1\n[assignment.hw99]\ndeadline = "2026-04-01"\n'
    found = rules(tmp_path, text)
    assert doubts(found, ["hw1"], []) == []
    assert doubts(found, ["hw1", "hw99"], ["adda", "ada"]) == []
    (homework, homework_zh), (student, student_zh) = doubts(found, ["hw1", "hw9"], ["ada", "bob"])
    assert homework == "course.toml: [assignment]: no homework here is called 'hw99' (did you mean 'hw9'?); without a deadline: hw9"
    assert student == "course.toml: [[extension]]: nobody on the roster or with a hand-in is called 'adda' (did you mean 'ada'?)"
    assert "是不是 'hw9'？" in homework_zh
    assert "是不是 'ada'？" in student_zh


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
        assert {s.deadline for s in (ada, bob, cy)} == {"2026-03-15T11:00:00+00:00"}  # in one time zone, handed in or not
        assert (cy.status, cy.final) == ("fault", None)
        book.add_marks([Mark("hw2", "bob", "", 50.0, 100.0)])
        assert standings(book, "hw2", found)[1].final == 50.0


def test_the_documented_rules_are_read(tmp_path):
    """The example of docs/CLASS.md is a course.toml, whole."""
    page = (Path(__file__).parent.parent / "docs" / "CLASS.md").read_text(encoding="utf-8")
    found = rules(tmp_path, page.partition("```toml\n")[2].partition("```")[0])
    assert (found.grace_days, found.counts_of, found.written) == (3, {"hw2": "best"}, {"hw2": {"essay": 5.0}})
    assert found.deadline("hw2", "ada") > found.deadline("hw2", "bob")
