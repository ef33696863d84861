"""The five parts open in order: the pain before the question, the question before the tool. A guard against spoilers, not a lock.

All texts lie in her folder, and nobody is kept from opening them. What waits is what the kit itself would say: hints to a part come when
the part is open. Staff, and whoever sets ``GRADE_OPEN=all``, find everything open.
"""

from __future__ import annotations

import os
from collections.abc import Container
from dataclasses import dataclass

from grader.errors import CourseError
from grader.model import PARTS, Assignment

VARIABLE = "GRADE_OPEN"
TITLES = {
    "pain": ("pain", "痛"),
    "question": ("question", "问"),
    "solution": ("solution", "解"),
    "break": ("break it", "攻"),
    "stretch": ("stretch", "进"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """What opens the next part, in both languages."""

    part: str
    en: str
    zh: str


def _conditions(name: str) -> dict[str, Step]:
    """Return for each part what must have happened before it."""
    return {
        "question": Step("question", f"try it by hand first: grade play {name}", f"先亲手试一试：grade play {name}"),
        "solution": Step(
            "solution",
            f"write your prediction down first: grade play {name}, or python pain.py predict",
            f"先写下你的预测：grade play {name}，或者 python pain.py predict",
        ),
        "break": Step("break", f"pass the public checks first: grade check {name}", f"先通过公开测试：grade check {name}"),
        "stretch": Step("stretch", f"pass the public checks first: grade check {name}", f"先通过公开测试：grade check {name}"),
    }


def everything_open(assignment: Assignment) -> bool:
    return assignment.private is not None or os.environ.get(VARIABLE) == "all"


def open_parts(assignment: Assignment, files: Container[str], all_passed: bool) -> tuple[str, ...]:
    """Return the parts that are open, by the evidence in her folder. An assignment that asks for no evidence has no guard for it."""
    if everything_open(assignment):
        return PARTS
    done = {
        "question": "pain.jsonl" in files or "pain.jsonl" not in assignment.files,
        "solution": "prediction.json" in files or "prediction.json" not in assignment.files,
        "break": all_passed,
        "stretch": all_passed,
    }
    found = ["pain"]
    for part in PARTS[1:]:
        if not done[part]:
            break
        found.append(part)
    return tuple(found)


def next_step(assignment: Assignment, opened: Container[str]) -> Step | None:
    """Return what opens the first part that is not open; None when all are."""
    conditions = _conditions(assignment.name)
    return next((conditions[part] for part in PARTS if part not in opened), None)


def demand(assignment: Assignment, stage: str, opened: Container[str]) -> None:
    """Raise CourseError, with what to do, if the part of *stage* is not open yet."""
    part = next((known.part for known in assignment.stages if known.name == stage), None)
    step = next_step(assignment, opened)
    if part is not None and part not in opened and step is not None:
        raise CourseError(f"the part of {stage!r} is not open yet; {step.en}", zh=f"{stage!r} 这一部分还没有打开；{step.zh}")
