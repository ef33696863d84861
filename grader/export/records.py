"""One grade as the JSON that Gradescope and Classroom 50 take. A hidden check shows its concept and question alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from grader.errors import CourseError, GraderFault
from grader.model import Grade, Outcome, Verdict
from grader.shown import block, line, visible

_SCALES = (1, 2, 4, 5, 10, 20, 100, 1000)
_STATUS = {Outcome.PASS: "passed", Outcome.PENDING: "passed", Outcome.FAULT: "passed"}  # neither of the last two is hers

# A fault's own words may name hidden checks: they are the staff's.
_OUR_FAULT = (
    "The grader failed, not your work. It costs you nothing; your instructor sees why and will grade it again.",
    "是批改程序出了问题，不是你的作业。不扣分；老师会看到原因并重新批改。",
)


def gradescope(grade: Grade, lang: str = "en") -> dict[str, Any]:
    """Return the content of ``results.json``.

    All tests are visible, by concept: a hidden one would hide the total from the students too.
    """
    if grade.status != "graded":
        # No score and no tests: Gradescope shows the text, and nothing looks like a zero.
        told = _OUR_FAULT[lang == "zh"] if grade.status == "fault" else visible(grade.message, keep="\n")
        return {"output": told, "output_format": "text", "visibility": "visible", "stdout_visibility": "hidden", "tests": []}
    return {
        "score": grade.score,
        "execution_time": round(grade.seconds, 3),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {"submission": grade.submission, "suite_hash": grade.suite_hash, "tier": grade.tier},
        "tests": [_gradescope_test(verdict, number, lang) for number, verdict in enumerate(grade.verdicts, 1)],
    }


def _gradescope_test(verdict: Verdict, number: int, lang: str) -> dict[str, Any]:
    return {
        "name": _concept(verdict, lang),
        "number": str(number),
        "score": verdict.points,
        "max_score": verdict.max_points,
        "status": _STATUS.get(verdict.outcome, "failed"),
        "output": _told(verdict),
        "output_format": "text",
        "tags": [line(verdict.stage)],
        "visibility": "visible",
    }


def classroom50(grade: Grade, context: Mapping[str, str], handed_in: str, graded_at: str = "") -> dict[str, Any]:
    """Return the content of ``result.json``. *context* gives classroom, owner, submission, commit and release.

    Its scores are whole numbers: where points are not, all are multiplied by one factor, so that shares stay exact.
    ``datetime`` is the hand-in's and stays the same in a regrade.
    """
    missing = [name for name in ("classroom", "owner", "submission", "commit", "release") if not context.get(name)]
    if missing:
        what = ", ".join(missing)
        text = f"a Classroom 50 result needs {what}; the runner sets them, or give them as options"
        raise CourseError(text, zh=f"Classroom 50 的结果需要 {what}；由运行环境设置，或用选项给出")
    scale = _scale(grade)
    if grade.status == "fault":
        raise GraderFault(f"{grade.assignment}: nothing could be graded, so there is no result: {line(grade.message)}")
    tests: list[dict[str, Any]] = [
        {
            "test-name": _concept(verdict, "en"),
            "passed": verdict.outcome is Outcome.PASS,
            "score": round(verdict.points * scale),
            "max-score": round(verdict.max_points * scale),
        }
        for verdict in grade.verdicts
    ]
    record: dict[str, Any] = {
        "schema": "classroom50/result/v1",
        "classroom": context["classroom"],
        "assignment": grade.assignment,
        "assignment_type": context.get("assignment_type", "individual"),
        "owner": context["owner"],
        "submission": context["submission"],
        "commit": context["commit"],
        "release": context["release"],
        "review": context.get("review") or context["commit"],
        "datetime": _zulu(handed_in),
        "score": sum(test["score"] for test in tests),
        "max-score": sum(test["max-score"] for test in tests),
        "tests": tests,
    }
    if graded_at:
        record["graded_at"] = _zulu(graded_at)
    return record


def _scale(grade: Grade) -> int:
    numbers = [number for v in grade.verdicts for number in (v.points, v.max_points)]
    return next((scale for scale in _SCALES if all(abs(n * scale - round(n * scale)) < 1e-6 for n in numbers)), _SCALES[-1])


def _zulu(instant: str) -> str:
    return dt.datetime.fromisoformat(instant).astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _concept(verdict: Verdict, lang: str) -> str:
    return line(verdict.concept_zh if lang == "zh" and verdict.concept_zh else verdict.concept) or line(verdict.id)


def _told(verdict: Verdict) -> str:
    if verdict.outcome is Outcome.PASS:
        return ""
    notes = {Outcome.PENDING: "waits for a device; it costs nothing", Outcome.FAULT: "our fault, not yours; it costs nothing"}
    parts = [notes.get(verdict.outcome, ""), verdict.question or ""]
    if not verdict.id.startswith("hidden/"):
        parts.insert(1, verdict.message)
    return "\n".join(text for part in parts for text in block(part))
