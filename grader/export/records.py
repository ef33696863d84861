"""One grade as the JSON that Gradescope and Classroom 50 take. A hidden check shows its concept and question alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from grader.errors import CourseError, GraderFault
from grader.gradebook import Mark, Standing
from grader.model import Grade, Outcome, Verdict
from grader.shown import block, line, points, visible

_SCALES = (1, 2, 4, 5, 10, 20, 100, 1000)
_STATUS = {Outcome.PASS: "passed", Outcome.PENDING: "passed", Outcome.FAULT: "passed"}  # neither of the last two is hers

# A fault's own words may name hidden checks: they are the staff's.
_OUR_FAULT = (
    "The grader failed, not your work. It costs you nothing; your instructor sees why and will grade it again.",
    "是批改程序出了问题，不是你的作业。不扣分；老师会看到原因并重新批改。",
)


def gradescope(grade: Grade | None, lang: str = "en", standing: Standing | None = None) -> dict[str, Any]:
    """Return the content of ``results.json``; with *standing* its score is the mark: what people gave, less the penalty.

    All tests are visible, by concept: a hidden one would hide the total from the students too.
    """
    record: dict[str, Any] = {"output_format": "text", "visibility": "visible", "stdout_visibility": "hidden"}
    told = _decided(grade, standing, lang) if standing is not None else []
    mark = standing.final if standing is not None else None
    if grade is None or grade.status != "graded":
        # No tests, and without a person's mark no score: Gradescope shows the text, and nothing looks like a zero.
        score = {} if mark is None else {"score": mark}
        return {**score, "output": "\n".join([*_unmarked(grade, mark, lang), *told]), **record, "tests": []}
    by_hand = {one.item: one.points for one in standing.marks if one.points is not None} if standing is not None else {}
    return {
        "score": grade.score if mark is None else mark,  # Gradescope takes it before the sum of the tests
        "execution_time": round(grade.seconds, 3),
        **({"output": "\n".join(told)} if told else {}),
        **record,
        "extra_data": {"submission": grade.submission, "suite_hash": grade.suite_hash, "tier": grade.tier},
        "tests": [_gradescope_test(verdict, number, lang, by_hand.get(verdict.id)) for number, verdict in enumerate(grade.verdicts, 1)],
    }


def _unmarked(grade: Grade | None, mark: float | None, lang: str) -> list[str]:
    """Say why the checks give no score; nothing of a fault of ours where a person gave one."""
    if grade is None or (grade.status == "fault" and mark is not None):
        return []
    why = _OUR_FAULT[lang == "zh"] if grade.status == "fault" else visible(grade.message, keep="\n")
    return [why] if why else []


def _decided(grade: Grade | None, standing: Standing, lang: str) -> list[str]:
    """Say what people marked and what lateness cost; nothing where neither is the case."""
    zh = lang == "zh"
    names = {verdict.id: _concept(verdict, lang) for verdict in grade.verdicts} if grade is not None else {}
    names[""] = "整份作业" if zh else "the whole"
    told = [text for mark in standing.marks for text in _by_hand(mark, names.get(mark.item) or line(mark.item), zh=zh)]
    if standing.penalty:
        lost, days = points(standing.penalty), standing.days_late
        told.append(f"迟交（{days} 天）扣分：{lost}" if zh else f"Taken off for lateness (days: {days}): {lost}")
    if told and standing.final is not None:
        final, alone = points(standing.final), points(standing.automatic)
        en, zh_most = (f" of {points(standing.max_score)}", f" / {points(standing.max_score)}") if standing.max_score else ("", "")
        told.append(f"总分：{final}{zh_most}（自动测试：{alone}）" if zh else f"In all: {final}{en} (the checks alone: {alone})")
    return told


def _by_hand(mark: Mark, name: str, *, zh: bool) -> list[str]:
    comment = block(mark.comment)
    if mark.points is None:
        return [f"评语（{name}）：" if zh else f"Comment on {name}:", *comment] if comment else []
    given = points(mark.points) + (f" / {points(mark.max_points)}" if mark.max_points else "")
    return [f"人工评分（{name}）：{given}" if zh else f"Marked by hand, {name}: {given}", *comment]


def _gradescope_test(verdict: Verdict, number: int, lang: str, by_hand: float | None) -> dict[str, Any]:
    status = _STATUS.get(verdict.outcome, "failed")
    if by_hand is not None:
        status = "passed" if by_hand >= verdict.max_points else "failed"
    return {
        "name": _concept(verdict, lang),
        "number": str(number),
        "score": verdict.points if by_hand is None else by_hand,
        "max_score": verdict.max_points,
        "status": status,
        "output": _told(verdict),
        "output_format": "text",
        "tags": [line(verdict.stage)],
        "visibility": "visible",
    }


def classroom50(
    grade: Grade, context: Mapping[str, str], handed_in: str, graded_at: str = "", standing: Standing | None = None
) -> dict[str, Any]:
    """Return the content of ``result.json``; with *standing* its score is the mark: what people gave, less the penalty.

    *context* gives classroom, owner, submission, commit and release.

    Its scores are whole numbers: where points are not, all are multiplied by one factor, so that shares stay exact.
    ``datetime`` is the hand-in's and stays the same in a regrade.
    """
    missing = [name for name in ("classroom", "owner", "submission", "commit", "release") if not context.get(name)]
    if missing:
        what = ", ".join(missing)
        text = f"a Classroom 50 result needs {what}; the runner sets them, or give them as options"
        raise CourseError(text, zh=f"Classroom 50 的结果需要 {what}；由运行环境设置，或用选项给出")
    mark, most = (standing.final, standing.max_score) if standing is not None else (None, grade.max_score)
    scale = _scale(grade, () if mark is None else (mark, most))
    if grade.status == "fault" and mark is None:
        raise GraderFault(f"{grade.assignment}: nothing could be graded, so there is no result: {line(grade.message)}")
    tests = [_classroom50_test(verdict, scale) for verdict in grade.verdicts]
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
        "score": sum(test["score"] for test in tests) if mark is None else max(0, round(mark * scale)),
        "max-score": sum(test["max-score"] for test in tests) if mark is None else round(most * scale),
        "tests": tests,
    }
    if graded_at:
        record["graded_at"] = _zulu(graded_at)
    return record


def _classroom50_test(verdict: Verdict, scale: int) -> dict[str, Any]:
    return {
        "test-name": _concept(verdict, "en"),
        "passed": verdict.outcome is Outcome.PASS,
        "score": round(verdict.points * scale),
        "max-score": round(verdict.max_points * scale),
    }


def _scale(grade: Grade, marks: Iterable[float]) -> int:
    numbers = [*marks, *(number for v in grade.verdicts for number in (v.points, v.max_points))]
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
