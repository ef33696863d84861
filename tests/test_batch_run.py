"""What a class run does with an engine's results; the engine here says what the test wants."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from gradebook_kit import grade, verdict

from grader.batch.classrun import ClassRun, merged
from grader.batch.engine import Job, Result, Setup, grade_from, grade_record, job_from, job_record
from grader.batch.originals import Originals
from grader.batch.plan import KIT, Entry, Scheme
from grader.errors import CourseError
from grader.gradebook import open_store
from grader.intake.admission import digest_of
from grader.model import Assignment, Limits, Outcome, Submission, Verdict
from grader.wall import Wall

ASSIGNMENT = Assignment("hw1", Path(), None, "", "", "m", ("m.py",), (), (), (), Limits(), ())
SCHEME = Scheme(Setup(ASSIGNMENT, ("public", "hidden"), Wall(1, ())), b"key", "s1")
SLOW = verdict(1, Outcome.TIMEOUT)


@dataclass
class Scripted:
    """An engine that answers each submission with the next of its script: verdicts, or None for a loss."""

    script: dict[str, list[tuple[Verdict, ...] | None]]
    loaded: bool = True
    jobs: deque[Job] = field(default_factory=deque)
    given: list[str] = field(default_factory=list)
    closed: bool = False

    def submit(self, job: Job) -> None:
        self.jobs.append(job)

    def results(self):
        while self.jobs:
            job = self.jobs.popleft()
            student = job.submission.student
            self.given.append(student)
            answer = self.script[student].pop(0)
            if answer is None:
                yield Result(job, None, self.loaded, "it ended")
            else:
                made = grade(student, *answer, assignment="hw1", submission=job.submission.digest, seed=job.seed, versions=KIT)
                yield Result(job, made, self.loaded)

    def close(self) -> None:
        self.closed = True


def entry(student: str) -> Entry:
    files = {"m.py": student.encode()}
    submission = Submission(student, files, digest_of(files), "2026-01-01T00:00:00+00:00")
    return Entry(student, "", SCHEME.work(student, submission.digest, SCHEME.seed(submission)), submission.digest, lambda: submission)


@pytest.fixture
def graded(tmp_path):
    """Run a scripted class; return the engine and student -> the stored grade."""

    def go(script, **options):
        engine = Scripted(script, **options)
        with open_store(tmp_path / "grades.sqlite") as book:
            for _ in ClassRun(SCHEME, book, Originals(tmp_path / "originals"), engine).steps([entry(name) for name in script]):
                pass
            assert book.leases.held() == {}
            return engine, {attempt.grade.student: attempt.grade for attempt in book.attempts("hw1")}

    return go


def test_a_timeout_under_load_is_tried_once_alone(graded):
    """After everybody else; what it then says of the checks that had run out of time is what stands."""
    engine, stored = graded({"slow": [(verdict(0), SLOW), (verdict(0), verdict(1))], "other": [(verdict(0),)]})
    assert engine.given == ["slow", "other", "slow"]
    assert stored["slow"].score == 10.0


def test_a_timeout_that_repeats_stands(graded):
    engine, stored = graded({"slow": [(SLOW,), (SLOW,)]})
    assert engine.given == ["slow", "slow"]
    assert [v.outcome for v in stored["slow"].verdicts] == [Outcome.TIMEOUT]


def test_a_timeout_on_a_machine_at_rest_stands_at_once(graded):
    engine, _ = graded({"slow": [(SLOW,)]}, loaded=False)
    assert engine.given == ["slow"]


def test_a_second_chance_draws_nothing_else_again():
    """A check that failed in time has failed: a program that gambles gets no second draw."""
    first = grade("a", verdict(0, Outcome.FAIL), verdict(1, Outcome.TIMEOUT))
    second = grade("a", verdict(0), verdict(1))
    assert [v.outcome for v in merged(first, second).verdicts] == [Outcome.FAIL, Outcome.PASS]


def test_a_second_chance_that_is_lost_leaves_the_first_verdicts(graded):
    _, stored = graded({"slow": [(verdict(0), SLOW), None, None, None]})
    assert (stored["slow"].status, stored["slow"].score) == ("graded", 5.0)


def test_what_is_lost_is_queued_twice_more_and_then_a_fault(graded):
    """A fault has no verdicts: no zero, and no way of the same work being graded in the next run."""
    engine, stored = graded({"unlucky": [None, None, None], "lucky": [None, None, (verdict(0),)]})
    assert engine.given.count("unlucky") == 3
    assert (stored["unlucky"].status, stored["unlucky"].verdicts, stored["unlucky"].message) == ("fault", (), "it ended")
    assert (stored["lucky"].status, stored["lucky"].score) == ("graded", 5.0)
    _, stored = graded({"unlucky": [(verdict(0),)], "lucky": []})
    assert (stored["unlucky"].status, stored["unlucky"].score) == ("graded", 5.0)


def test_losses_are_counted_over_runs_that_died(tmp_path):
    """The count stands in the store: what cost two judges before the run was killed has one try left, not three; a grade ends the count."""
    with open_store(tmp_path / "grades.sqlite") as book:
        for _ in range(2):
            book.leases.lost(entry("unlucky").work)
    with open_store(tmp_path / "grades.sqlite") as book:
        engine = Scripted({"unlucky": [None, (verdict(0),)]})
        for _ in ClassRun(SCHEME, book, Originals(tmp_path / "originals"), engine).steps([entry("unlucky")]):
            pass
        assert engine.given == ["unlucky"]
        assert book.attempts("hw1")[-1].grade.status == "fault"
        assert book.leases.lost(entry("unlucky").work) == 1


def test_what_another_run_holds_is_left_to_it(tmp_path):
    """It is told of as elsewhere, and graded by nobody twice."""
    engine = Scripted({"a": [], "b": [(verdict(0),)]})
    with open_store(tmp_path / "grades.sqlite") as book:
        from grader.gradebook.leases import Owner

        other = Owner()
        assert book.leases.claim([entry("a").work], other)
        run = ClassRun(SCHEME, book, Originals(tmp_path / "originals"), engine)
        states = {step.entry.student: step.state for step in run.steps([entry("a"), entry("b")]) if step.entry}
        assert states == {"a": "elsewhere", "b": "graded"}
        assert list(book.leases.held().values()) == [other.name]
    assert engine.closed


def test_what_crosses_between_processes_is_what_was_sent():
    """Jobs and grades survive as plain JSON, surrogates and zero bytes in texts included; traces stay with the judge."""
    import json

    job = Job("w", Submission("ä", {"m.py": b"\x00\xff"}, "sha256:1", "2026"), 5)
    assert job_from(json.loads(json.dumps(job_record(job)))) == job
    made = grade("ä", verdict(0, message="\ud800\x00", misconception="m", question="q?"), verdict(1, Outcome.PENDING))
    with_trace = replace(made, verdicts=tuple(replace(v, trace=(1.5,)) for v in made.verdicts))
    assert grade_from(json.loads(json.dumps(grade_record(with_trace)))) == made


def test_an_original_is_kept_once_and_comes_back_whole(tmp_path):
    """By its hash; a damaged one is refused, a missing one is None."""
    originals = Originals(tmp_path / "kept")
    submission = entry("a").load()
    originals.keep(submission)
    originals.keep(submission)
    (kept,) = (tmp_path / "kept").iterdir()
    assert originals.load(submission.digest, "a", submission.instant) == submission
    kept.write_bytes(kept.read_bytes()[:-30])
    with pytest.raises(CourseError, match="damaged"):
        originals.load(submission.digest, "a")
    kept.unlink()
    assert originals.load(submission.digest, "a") is None
