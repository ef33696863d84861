"""What a CI shows: annotations of GitHub Actions, and a summary in Markdown."""

from __future__ import annotations

import secrets

from grader.model import Grade, Outcome, Verdict
from grader.phrases import grade_in
from grader.shown import command_data, command_property, fenced, line, markdown, points

_ANNOTATIONS = 10  # GitHub shows no more in a step
_SUMMARY = 1024 * 1024 - 1024


def error_commands(grade: Grade, lang: str = "en") -> list[str]:
    """Return ``::error`` commands for the first failed checks; a hidden check says its concept and question alone."""
    grade = grade_in(grade, lang)
    failed = [v for v in grade.verdicts if v.outcome in (Outcome.FAIL, Outcome.CRASH, Outcome.TIMEOUT)]
    return [_annotation(verdict, lang) for verdict in failed[:_ANNOTATIONS]]


def _annotation(verdict: Verdict, lang: str) -> str:
    file, _, number = verdict.where.rpartition(":")
    place = (
        f"file={command_property(file)},line={number}," if not _hidden(verdict) and file and number.isascii() and number.isdigit() else ""
    )
    return f"::error {place}title={command_property(line(_concept(verdict, lang)))}::{command_data(_told(verdict))}"


def stopped(text: str) -> list[str]:
    """Return lines that show *text*, a student's output, to a CI log without any command in it being obeyed."""
    token = secrets.token_hex(16)
    shown = [line(part) for part in text.split("\n")]
    return [f"::stop-commands::{token}", *shown, f"::{token}::"]


def summary(grade: Grade, lang: str = "en") -> str:
    """Return *grade* in Markdown for ``$GITHUB_STEP_SUMMARY``, at most a mebibyte."""
    grade = grade_in(grade, lang)
    heads = ("测试", "结果", "分数") if lang == "zh" else ("check", "outcome", "points")
    found = [f"## {markdown(grade.assignment)}: {points(grade.score)} / {points(grade.max_score)}", ""]
    if grade.message:
        found += [fenced(grade.message), ""]
    found += [f"| {' | '.join(heads)} |", "|---|---|---|"]
    for verdict in grade.verdicts:
        score = f"{points(verdict.points)} / {points(verdict.max_points)}"
        found.append(f"| {markdown(_concept(verdict, lang))} | {verdict.outcome.value} | {score} |")
    size = sum(len(part.encode("utf-8", "replace")) + 1 for part in found)
    for verdict in grade.verdicts:
        if verdict.outcome is Outcome.PASS or not _told(verdict):
            continue
        part = f"\n**{markdown(_concept(verdict, lang))}**\n\n{fenced(_told(verdict))}"
        size += len(part.encode("utf-8", "replace")) + 1
        if size > _SUMMARY:
            break
        found.append(part)
    return "\n".join(found) + "\n"


def _concept(verdict: Verdict, lang: str) -> str:
    return verdict.concept_zh if lang == "zh" and verdict.concept_zh else verdict.concept


def _hidden(verdict: Verdict) -> bool:
    return verdict.id.startswith("hidden/")


def _told(verdict: Verdict) -> str:
    """What the student may read: of a hidden check never the message, which may hold its inputs."""
    parts = [verdict.question or ""] if _hidden(verdict) else [verdict.message, verdict.question or ""]
    return "\n".join(part for part in parts if part)
