# ruff: noqa: F811  # fixtures are imported by name
"""The store keeps every attempt once, in order, for ever."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import pytest
from gradebook_kit import book, grade, postgres, url, verdict  # noqa: F401

from grader.errors import GraderFault
from grader.gradebook import HandIn, Key, Mark, Noted, handins, open_store, standings
from grader.model import Outcome
from grader.rules import Rules


def test_what_was_appended_is_found_again(book):
    """Every field of a grade comes back, but the traces, which never leave the judge."""
    one = grade("alice", verdict(1, Outcome.FAIL, message="é \0 \ud800 梯度", traceback="t", output="o", where="f.py:3", misconception="m"))
    assert book.append(one, handed_in="2026-03-01T10:00:00+00:00", source="/class/alice") == 1
    attempt = book.attempts("hw2")[0]
    assert attempt.grade == dataclasses.replace(one, attempt=1)
    assert (attempt.handed_in, attempt.source) == ("2026-03-01T10:00:00+00:00", "/class/alice")


def test_the_same_work_is_stored_once(book):
    """Idempotent by its key: the first number comes back, and the first row stays."""
    assert book.append(grade()) == 1
    assert book.append(grade(seconds=9.0)) == 1
    assert [a.grade.seconds for a in book.attempts("hw2")] == [0.4]


@pytest.mark.parametrize(
    "change", [{"submission": "sha256:2"}, {"suite_hash": "s2"}, {"seed": 4}, {"device": "cuda"}, {"versions": {"grade": "0.2.0"}}]
)
def test_any_part_of_the_key_makes_another_attempt(book, change):
    """New work, suite, kit, seed or device: graded anew, and numbered on."""
    other = grade(**change)
    assert [book.append(grade()), book.append(other), book.append(other)] == [1, 2, 2]
    assert book.known("hw2")[Key.of(other).work] == 2


def test_each_student_and_assignment_counts_by_itself(book):
    """Numbers are per student and assignment."""
    numbers = [book.append(g) for g in (grade("a"), grade("b"), grade("a", submission="2"), grade("a", assignment="hw3"))]
    assert numbers == [1, 1, 2, 1]
    assert [(a.grade.student, a.number) for a in book.attempts("hw2")] == [("a", 1), ("a", 2), ("b", 1)]
    assert [a.number for a in book.attempts("hw2", "b")] == [1]


def test_a_rejected_hand_in_is_an_attempt(book):
    """It is kept with its reason, and is not graded again while it stays the same."""
    refused = grade(status="rejected", submission="raw:1", message="micrograd.py: is a link", tier=0)
    refused = dataclasses.replace(refused, verdicts=())
    assert [book.append(refused), book.append(refused)] == [1, 1]
    assert book.attempts("hw2")[0].grade.message == "micrograd.py: is a link"


def test_a_fault_never_stands_in_the_way(book):
    """A fault is ours: it is recorded, not found, and the next grading of the same work counts."""
    fault = grade(status="fault", message="no worker")
    assert book.append(fault) == 1
    assert book.known("hw2") == {}
    assert book.append(grade()) == 2
    assert book.append(fault) == 2
    assert [a.grade.status for a in book.attempts("hw2")] == ["fault", "graded"]
    book.append(grade(status="fault", submission="sha256:9"))
    assert [s.status for s in standings(book, "hw2", Rules())] == ["graded"]


def test_the_hand_ins_instant_does_not_change_in_a_regrade(book):
    """A file copied later is not late."""
    book.append(grade(), handed_in="2026-03-01T10:00:00+00:00")
    book.append(grade(suite_hash="s2"), handed_in="2026-04-01T10:00:00+00:00")
    book.append(grade(submission="sha256:2"), handed_in="2026-03-09T10:00:00+00:00")
    assert [a.handed_in[:10] for a in book.attempts("hw2")] == ["2026-03-01", "2026-03-01", "2026-03-09"]


def test_a_pending_check_is_completed_once(book):
    """PENDING waits for a device; a later row of the same attempt completes it, and nothing else is touched."""
    book.append(grade("a", verdict(0), verdict(1, Outcome.PENDING), verdict(2, Outcome.PENDING)))
    assert [(s.score, s.pending) for s in book.summaries("hw2")] == [(5.0, 2)]
    done = [verdict(0, Outcome.FAIL), verdict(1, message="on a GPU"), verdict(2, Outcome.PENDING)]
    assert book.complete("hw2", "a", 1, done, device="cuda") == 1
    assert book.complete("hw2", "a", 1, [verdict(1, Outcome.FAIL)], device="cuda") == 0
    found = book.attempts("hw2")[0].grade
    assert [v.outcome for v in found.verdicts] == [Outcome.PASS, Outcome.PASS, Outcome.PENDING]
    assert found.verdicts[1].message == "on a GPU"
    assert [(s.score, s.max_score, s.pending) for s in book.summaries("hw2")] == [(10.0, 15.0, 1)]
    assert [a.number for a in book.pending("hw2")] == [1]
    assert book.complete("hw2", "a", 1, [verdict(2, Outcome.FAULT)], device="cuda") == 0
    with pytest.raises(GraderFault, match="no attempt 7"):
        book.complete("hw2", "a", 7, [], device="cuda")


def test_an_attempt_costs_few_statements(book):
    """One transaction of three statements, however many checks; a new student costs two more."""
    many = tuple(verdict(i) for i in range(60))
    book.append(grade("a", *many))
    statements: list[str] = []
    book.count_statements(statements.append)
    book.append(grade("a", *many, submission="sha256:2"))
    sql = [s for s in statements if not s.startswith("BEGIN")]
    assert len(sql) == 3, sql
    statements.clear()
    book.append(grade("b", *many), work="w")
    assert len([s for s in statements if not s.startswith("BEGIN")]) == 6


def test_known_work_is_told_in_one_query(book):
    """A resumed run asks once."""
    one = grade()
    book.append(one)
    book.append(grade("b", status="fault"))
    statements: list[str] = []
    book.count_statements(statements.append)
    assert book.known("hw2") == {Key.of(one).work: 1}
    assert len([s for s in statements if not s.startswith("BEGIN")]) == 1


def test_summaries_and_load_agree_with_attempts(book):
    """The cheap view and the full one tell the same."""
    for number in range(3):
        book.append(grade("a", submission=f"sha256:{number}"))
    full = book.attempts("hw2")
    cheap = book.summaries("hw2")
    assert [(s.row, s.student, s.score) for s in cheap] == [(a.row, a.grade.student, a.grade.score) for a in full]
    assert book.load([s.row for s in cheap]) == full
    assert len(book.summaries()) == 3


def test_manual_marks_are_appended_and_survive_gradings(book):
    """The newest counts, the history stays, the same again adds nothing, and no grading touches them."""
    first = Mark("hw2", "a", "essay", 3.0, 5.0, "nice", "tom", given_at="2026-01-01T00:00:00+00:00")
    assert book.add_marks([first, first]) == 1
    assert book.add_marks([dataclasses.replace(first, points=4.0, given_at="2026-01-02T00:00:00+00:00")]) == 1
    book.append(grade("a"))
    book.append(grade("a", suite_hash="s2"))
    assert book.marks("hw2")["a", "essay"].points == 4.0
    assert [m.points for m in book.mark_history("hw2")] == [3.0, 4.0]
    assert book.marks("hw3") == {}


def test_nothing_of_the_database_is_imported_before_a_store_is_opened():
    """`grade check` must not pay for it."""
    program = "import sys, grader.gradebook; print(any(name.startswith(('sqlalchemy', 'sqlite3')) for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_store_is_opened_again_with_everything_in_it(url):
    """Closing and opening loses nothing and migrates nothing."""
    with open_store(url) as book:
        book.append(grade())
    with open_store(url) as book:
        assert book.append(grade()) == 1
        assert len(book.attempts("hw2")) == 1


def test_what_is_known_can_be_asked_for_some_students(book):
    """A class run asks about what it just claimed, not about the whole class."""
    numbers = {name: book.append(grade(name)) for name in ("ann", "bo", "cy")}
    assert {json.loads(work)[1]: number for work, number in book.known("hw2").items()} == numbers
    assert [json.loads(work)[1] for work in book.known("hw2", {"bo", "nobody"})] == ["bo"]
    assert book.known("hw2", set()) == {}


def came(book) -> dict[str, tuple[str, ...]]:
    return {s.submission: tuple(when[8:10] for when in (s.handed_in, *s.again)) for s in book.summaries("hw2")}


def day(number: int) -> str:
    return f"2026-03-{number:02}T10:00:00+00:00"


def test_work_that_comes_back_is_a_hand_in_of_its_own(book):
    """Only after other work and with a later instant: an old folder, a copy or the same again tells nothing new."""
    book.append(grade(submission="a"), handed_in=day(1))
    book.append(grade(submission="b"), handed_in=day(2))
    student = grade().student
    for submission, when in (("b", 9), ("a", 1), ("a", 2), ("unknown", 9)):
        assert book.note_hand_ins("hw2", [HandIn(student, submission, day(when))]) == {}
    for _ in range(2):
        told = book.note_hand_ins("hw2", [HandIn(student, "a", day(3))])
    assert told == {}
    assert came(book) == {"a": ("01", "03"), "b": ("02",)}
    book.append(grade(submission="a", suite_hash="s2"), handed_in=day(9))
    assert came(book) == {"a": ("01", "03"), "b": ("02",)}
    assert len(book.export_student(student)["hand_ins"]) == 1


def test_a_stated_instant_moves_what_was_guessed_to_come_before(book):
    """Two downloads, and instants.csv for the second: the first, whose time was that of its download, does not come after it."""
    student = grade().student
    book.append(grade(submission="a"), handed_in=day(20))
    book.append(grade(submission="b"), handed_in=day(25))
    assert book.note_hand_ins("hw2", [HandIn(student, "b", day(9), stated=True)]) == {student: Noted(day(9), day(25))}
    assert came(book) == {"a": ("09",), "b": ("09",)}
    assert [s.attempt.number for s in standings(book, "hw2", Rules())] == [2]
    book.append(grade(submission="c"), handed_in=day(10), stated=True)
    book.note_hand_ins("hw2", [HandIn(student, "c", day(8), stated=True)])
    assert came(book) == {"a": ("08",), "b": ("09",), "c": ("08",)}  # b's was stated


def test_an_earlier_weeks_folder_graded_again_brings_nothing_new(book):
    """Neither a stated instant that is known, nor a guess that a stated one has replaced."""
    student = grade().student
    book.append(grade(submission="a"), handed_in=day(1), stated=True)
    book.append(grade(submission="b"), handed_in=day(5), stated=True)
    assert book.note_hand_ins("hw2", [HandIn(student, "a", day(9), stated=True)])
    assert book.note_hand_ins("hw2", [HandIn(student, "a", day(1), stated=True)]) == {}
    assert came(book) == {"a": ("01", "09"), "b": ("05",)}


def test_a_guess_that_was_replaced_does_not_come_back(book):
    student = grade().student
    book.append(grade(submission="a"), handed_in=day(10))
    book.append(grade(submission="b"), handed_in=day(5), stated=True)
    book.append(grade(submission="c"), handed_in=day(7), stated=True)
    assert book.note_hand_ins("hw2", [HandIn(student, "a", day(10))]) == {}
    assert came(book) == {"a": ("05",), "b": ("05",), "c": ("07",)}


def test_two_runs_that_note_the_same_hand_in_note_it_once(book, monkeypatch):
    """The other one was first, between the look and the writing."""
    book.append(grade(submission="a"), handed_in=day(1))
    book.append(grade(submission="b"), handed_in=day(2))
    again = [HandIn(grade().student, "a", day(3))]
    look = handins._news

    def overtaken(*arguments):
        monkeypatch.setattr(handins, "_news", look)
        found = look(*arguments)
        assert book.note_hand_ins("hw2", again)
        return found

    monkeypatch.setattr(handins, "_news", overtaken)
    assert book.note_hand_ins("hw2", again) == {}
    assert came(book) == {"a": ("01", "03"), "b": ("02",)}


def test_new_work_with_a_stated_instant_comes_after_what_was_guessed(book):
    """The file of the work before bore the time of its download: it is neither the last nor later than what followed it."""
    book.append(grade(submission="a"), handed_in=day(20))
    book.append(grade(submission="b"), handed_in=day(9), stated=True)
    book.append(grade(submission="c"), handed_in=day(7), stated=True)  # stated for an older folder: what was stated stays
    assert came(book) == {"a": ("07",), "b": ("09",), "c": ("07",)}
    assert [s.attempt.number for s in standings(book, "hw2", Rules())] == [2]
