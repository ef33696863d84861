"""The records that flow between the rooms: frozen, plain, without input or output."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

PARTS = ("pain", "question", "solution", "break", "stretch")
SUITES = ("public", "hidden")
SCRATCH = ("__pycache__", "*.pyc", "*~", "*.bak", "*.orig")  # what tools leave behind: no part of a suite or of a handout
SEEDS = 8  # a grading seed is one of eight, so that a student's trace can match a recorded one


class Outcome(StrEnum):
    """How a check ended. PENDING waits for a device and is never a zero; FAULT is ours."""

    PASS = "PASS"
    FAIL = "FAIL"
    CRASH = "CRASH"
    TIMEOUT = "TIMEOUT"
    PENDING = "PENDING"
    FAULT = "FAULT"


@dataclass(frozen=True, slots=True)
class Stage:
    """A graded step of the ramp, within a part."""

    name: str
    part: str
    title: str = ""
    title_zh: str = ""
    public: float = 0.0
    hidden: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a submission may use. Seconds are the worker's own; sizes are MiB."""

    seconds: float = 2.0
    total: float = 12.0
    memory: int = 1024
    output: int = 64  # KiB of print kept
    cap: int = 64


@dataclass(frozen=True, slots=True)
class CheckRule:
    """What one glob of checks asks for beyond the assignment's limits."""

    glob: str
    device: str = "cpu"  # cpu, cuda, cuda-if-present
    seconds: float | None = None
    cap: int | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """One assignment as its manifest states it.

    ``folder`` is the handout (``assignments/hwN``); ``private`` is ``solutions/hwN`` or None in a handout.
    """

    name: str
    folder: Path
    private: Path | None
    title: str
    title_zh: str
    module: str
    files: tuple[str, ...]
    given: tuple[str, ...]
    packages: tuple[str, ...]
    stages: tuple[Stage, ...]
    limits: Limits
    rules: tuple[CheckRule, ...]

    @property
    def source_name(self) -> str:
        """The file that the student's module lies in."""
        return f"{self.module}.py"

    @property
    def notebook_names(self) -> tuple[str, str]:
        """The names that a notebook in the place of the module may have."""
        return (f"{self.name}.ipynb", f"{self.module}.ipynb")


@dataclass(frozen=True, slots=True)
class Submission:
    """One immutable hand-in: its files by name, and the hash of their content."""

    student: str
    files: dict[str, bytes]
    digest: str
    instant: str = ""  # UTC, ISO 8601: when it was handed in


@dataclass(frozen=True, slots=True)
class Verdict:
    """One check's result. ``trace`` is what crossed the wire, for the tutor; it never leaves the staff for hidden checks."""

    id: str
    stage: str
    concept: str
    concept_zh: str
    outcome: Outcome
    points: float
    max_points: float
    seconds: float = 0.0
    message: str = ""
    traceback: str = ""
    output: str = ""
    where: str = ""  # her file and line
    misconception: str | None = None
    question: str | None = None
    trace: tuple[object, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Grade:
    """Verdicts plus points for one submission."""

    assignment: str
    student: str
    submission: str
    suites: tuple[str, ...]
    suite_hash: str
    status: str  # graded, rejected, fault
    tier: int
    device: str
    seed: int
    verdicts: tuple[Verdict, ...]
    seconds: float
    message: str = ""
    attempt: int = 0
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """Points earned, rounded to a millionth so that sums of thirds read well."""
        return round(sum(v.points for v in self.verdicts), 6)

    @property
    def max_score(self) -> float:
        return round(sum(v.max_points for v in self.verdicts), 6)
