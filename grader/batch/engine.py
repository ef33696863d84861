"""What a class run needs of anything that grades, near or far: jobs go in, results come out, in any order."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Protocol

from grader.model import Assignment, Grade, Outcome, Submission, Verdict
from grader.wall import Wall

_VERDICT = tuple(f.name for f in fields(Verdict) if f.name not in ("trace", "outcome"))
_GRADE = tuple(f.name for f in fields(Grade) if f.name not in ("verdicts", "suites"))


@dataclass(frozen=True, slots=True)
class Setup:
    """What every judge of a run must know."""

    assignment: Assignment
    suites: tuple[str, ...]
    wall: Wall
    cuda: bool = False

    @property
    def device(self) -> str:
        """The device that a grade of this run names."""
        return "cuda" if self.cuda and any(rule.device != "cpu" for rule in self.assignment.rules) else "cpu"


@dataclass(frozen=True, slots=True)
class Job:
    """One submission to grade; ``work`` names it. ``only`` are the checks to run where not all are: those that waited for a device."""

    work: str
    submission: Submission
    seed: int
    only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """A job's grade, or, in ``lost``, why there is none. ``loaded``: others were at work on the machine meanwhile."""

    job: Job
    grade: Grade | None
    loaded: bool = False
    lost: str = ""


class Engine(Protocol):
    """Grades jobs. Raises CourseError or GraderFault from ``results`` when no job can be graded at all."""

    def submit(self, job: Job) -> None:
        """Take *job*; returns at once."""

    def results(self) -> Iterator[Result | None]:
        """Yield each result as it comes, and None about once a second while there is none; end when no job is left."""

    def close(self) -> None:
        """Leave nothing running, whatever is under way."""


def setup_record(setup: Setup) -> dict[str, Any]:
    """Return *setup* as plain JSON values."""
    private = setup.assignment.private
    return {
        "folder": str(setup.assignment.folder),
        "private": str(private) if private else None,
        "suites": list(setup.suites),
        "wall": [setup.wall.tier, list(setup.wall.layers), setup.wall.reason, setup.wall.remedy],
        "cuda": setup.cuda,
    }


def setup_from(record: dict[str, Any]) -> Setup:
    """Return what ``setup_record`` was made of; the manifest is read again."""
    from grader import manifest

    tier, layers, reason, remedy = record["wall"]
    assignment = manifest.load(Path(record["folder"]), Path(record["private"]) if record["private"] else None)
    return Setup(assignment, tuple(record["suites"]), Wall(tier, tuple(layers), reason, remedy), record["cuda"])


def job_record(job: Job) -> dict[str, Any]:
    """Return *job* as plain JSON values."""
    sub = job.submission
    files = {name: base64.b64encode(data).decode("ascii") for name, data in sub.files.items()}
    named = {"student": sub.student, "digest": sub.digest, "instant": sub.instant, "files": files}
    return {"work": job.work, "seed": job.seed, "only": list(job.only), **named}


def job_from(record: dict[str, Any]) -> Job:
    """Return what ``job_record`` was made of."""
    files = {name: base64.b64decode(data) for name, data in record["files"].items()}
    submission = Submission(record["student"], files, record["digest"], record["instant"])
    return Job(record["work"], submission, record["seed"], tuple(record["only"]))


def grade_record(grade: Grade) -> dict[str, Any]:
    """Return *grade* as plain JSON values, without its traces: those stay with the judge."""
    record = {name: getattr(grade, name) for name in _GRADE}
    rows = [[verdict.outcome.value, *(getattr(verdict, name) for name in _VERDICT)] for verdict in grade.verdicts]
    return {**record, "suites": list(grade.suites), "verdicts": rows}


def grade_from(record: dict[str, Any]) -> Grade:
    """Return what ``grade_record`` was made of."""
    verdicts = tuple(Verdict(outcome=Outcome(row[0]), **dict(zip(_VERDICT, row[1:], strict=True))) for row in record["verdicts"])
    return Grade(**{**record, "suites": tuple(record["suites"]), "verdicts": verdicts})
