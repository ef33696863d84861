"""What is there to grade: every hand-in by the name of its work, so that what stands in the store is seen without grading it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from grader import __version__
from grader.batch.engine import Setup
from grader.batch.originals import Originals
from grader.gradebook import Attempt, Key
from grader.intake import Rejected, admit, fingerprint, instants, scan
from grader.intake.admission import utc
from grader.model import Grade, Submission
from grader.seeds import grading_seed, suite_hash

KIT = {"grade": __version__}


@dataclass(frozen=True, slots=True)
class Scheme:
    """How the work of this run is named: the course's key for the seeds, and the suite's hash."""

    setup: Setup
    course_key: bytes
    suite_hash: str

    @classmethod
    def of(cls, setup: Setup, course_key: bytes) -> Scheme:
        """Hash the suite as it is now."""
        return cls(setup, course_key, suite_hash(setup.assignment, setup.suites))

    def seed(self, submission: Submission) -> int:
        return grading_seed(self.course_key, self.setup.assignment, submission)

    def work(self, student: str, digest: str, seed: int) -> str:
        """Return the name of grading *digest* of *student*: the same name, the same result."""
        kit = KIT["grade"]
        return Key(self.setup.assignment.name, student, digest, self.suite_hash, kit, seed, self.setup.device).work

    def ungraded(self, student: str, digest: str, status: str, message: str, seed: int = 0) -> Grade:
        """Return the grade of what could not be graded: no verdicts, so no points and no zero either."""
        setup = self.setup
        return Grade(
            assignment=setup.assignment.name,
            student=student,
            submission=digest,
            suites=setup.suites,
            suite_hash=self.suite_hash,
            status=status,
            tier=setup.wall.tier,
            device=setup.device,
            seed=seed,
            verdicts=(),
            seconds=0.0,
            message=message,
            versions=KIT,
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One hand-in of the plan; its bytes are loaded when its turn comes, so that a large class needs no large memory."""

    student: str
    source: str
    work: str
    digest: str
    load: Callable[[], Submission]
    refusal: str = ""
    instant: str = ""  # when it was handed in
    stated: bool = False  # whether somebody said so, or its files do


def hand_ins(folder: Path, scheme: Scheme) -> list[Entry]:
    """Return an entry for every hand-in of a class folder, the refused ones too; ``instants.csv`` there says when each came.

    Raises CourseError for a folder that is none.
    """
    when = instants.load(folder)
    return [_entry(student, path, scheme, when.get(student, "")) for student, path in scan(folder, scheme.setup.assignment)]


def _entry(student: str, path: Path, scheme: Scheme, said: str) -> Entry:
    def load() -> Submission:
        return admit(path, scheme.setup.assignment, student, instant=said)

    try:
        submission = load()
    except Rejected as error:
        digest, instant, seed, refusal = fingerprint(path), said or _changed(path), 0, error.both
    else:
        digest, instant, seed, refusal = submission.digest, submission.instant, scheme.seed(submission), ""
    return Entry(student, str(path), scheme.work(student, digest, seed), digest, load, refusal, instant, bool(said))


def _changed(path: Path) -> str:
    try:
        return utc(os.lstat(path).st_mtime)
    except (OSError, ValueError):
        return ""


def recorded(attempts: list[Attempt], originals: Originals, scheme: Scheme) -> tuple[list[Entry], list[Attempt]]:
    """Return an entry for each submission that was graded before, and the attempts whose original was not kept."""
    found: dict[tuple[str, str], Entry] = {}
    missing: dict[tuple[str, str], Attempt] = {}
    for attempt in attempts:
        student, digest = attempt.grade.student, attempt.grade.submission
        if attempt.grade.status == "rejected" or (student, digest) in found:
            continue

        def load(student: str = student, digest: str = digest, instant: str = attempt.handed_in) -> Submission:
            submission = originals.load(digest, student, instant)
            assert submission is not None  # it was there when the plan was made
            return submission

        submission = originals.load(digest, student)
        if submission is None:
            missing[student, digest] = attempt
        else:
            found[student, digest] = Entry(student, attempt.source, scheme.work(student, digest, scheme.seed(submission)), digest, load)
    return list(found.values()), list(missing.values())
