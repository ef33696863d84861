"""A grade in JSON, in the shape that programs may rely on."""

from __future__ import annotations

from typing import Any

from grader.model import Grade, Verdict
from grader.phrases import grade_in


def to_json(grade: Grade, lang: str = "en") -> dict[str, Any]:
    """Return *grade* as plain JSON values; ``message`` stands there only when nothing could be graded."""
    grade = grade_in(grade, lang)
    record: dict[str, Any] = {
        "assignment": grade.assignment,
        "student": grade.student,
        "submission": grade.submission,
        "suites": list(grade.suites),
        "suite_hash": grade.suite_hash,
        "attempt": grade.attempt,
        "status": grade.status,
        "tier": grade.tier,
        "device": grade.device,
        "score": grade.score,
        "max_score": grade.max_score,
        "seconds": round(grade.seconds, 3),
    }
    if grade.message:
        record["message"] = grade.message
    record["checks"] = [_check(verdict, lang) for verdict in grade.verdicts]
    return record


def _check(verdict: Verdict, lang: str) -> dict[str, Any]:
    return {
        "id": verdict.id,
        "stage": verdict.stage,
        "concept": verdict.concept_zh if lang == "zh" and verdict.concept_zh else verdict.concept,
        "outcome": verdict.outcome.value,
        "points": verdict.points,
        "max_points": verdict.max_points,
        "seconds": round(verdict.seconds, 3),
        "message": verdict.message,
        "misconception": verdict.misconception,
        "question": verdict.question,
    }
