"""What a formgrader sees of one hand-in: a notebook in which nothing of the student's can run.

Her code is code, which formgrader shows as text. All else of hers is fenced or plain output: formgrader renders Markdown
with its HTML and scripts, in the browser of whoever marks it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grader.gradebook import Standing
from grader.model import Outcome, Verdict
from grader.shown import block, fenced, line, points, visible

WORK = "work"  # the cell that holds her code; a comment on it is a comment on the whole
_FENCED = 20_000  # characters of a written answer


@dataclass(frozen=True, slots=True)
class GradedCell:
    """One thing that earns points in nbgrader: a check, or a written answer that a person marks."""

    name: str  # what nbgrader allows: letters, digits, - and _
    item: str  # what our store calls it: a check's id, or the written answer's name
    title: str
    max_score: float
    written: bool

    @property
    def source(self) -> str:
        """What the cell says before anyone fills it; its last line is the item."""
        return f"**{line(self.title)}**\n{self.item}" if self.written else f"# {line(self.title)}\n# {self.item}"


def cell_name(item: str) -> str:
    """Return a name for *item* that nbgrader accepts, and that no other item has."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", item.replace(".py::", "-")).strip("-")[:80]
    return f"{plain}-{hashlib.sha256(item.encode()).hexdigest()[:8]}"


def cells_of(standings: Sequence[Standing], written: Mapping[str, float]) -> list[GradedCell]:
    """Return the checks that the class's gradings have, in the order of the newest, and then the written answers."""
    graded = [s.attempt for s in standings if s.attempt is not None and s.status == "graded"]
    found: dict[str, GradedCell] = {}
    for attempt in sorted(graded, key=lambda a: a.row, reverse=True):
        for verdict in attempt.grade.verdicts:
            if verdict.id not in found:
                found[verdict.id] = GradedCell(cell_name(verdict.id), verdict.id, verdict.concept, verdict.max_points, written=False)
    answers = [GradedCell(cell_name(item), item, item, most, written=True) for item, most in written.items()]
    return [*found.values(), *answers]


def told(verdict: Verdict) -> str:
    """Return what a marker, and later the student, may read of a check: of a hidden one never the message."""
    parts = [verdict.outcome.value]
    if not verdict.id.startswith("hidden/") and verdict.outcome is not Outcome.PASS:
        parts += block(verdict.message)
    if verdict.question:
        parts.append(f"? {line(verdict.question)}")
    return "\n".join(parts)


def notebook(
    assignment: str, cells: Sequence[GradedCell], standing: Standing | None, files: Mapping[str, bytes], module: str
) -> dict[str, Any]:
    """Return a notebook of format 4: with *standing* that student's, else the empty one of the assignment."""
    verdicts = {v.id: v for v in standing.attempt.grade.verdicts} if standing is not None and standing.attempt is not None else {}
    source = files.get(module, b"").decode("utf-8", "replace")
    found = [
        _markdown("about", _about(assignment, standing), None),
        _code(WORK, visible(source.replace("\r\n", "\n"), keep="\n\t"), _metadata(WORK, solution=True), ""),
    ]
    for cell in cells:
        if cell.written:
            answer = answer_of(files, cell.item)
            shown = fenced(answer[:_FENCED]) if answer else "_(no answer)_"
            found.append(_markdown(cell.name, f"**{line(cell.title)}**\n\n{shown}", _metadata(cell.name, cell=cell, solution=True)))
        else:
            verdict = verdicts.get(cell.item)
            found.append(_code(cell.name, cell.source, _metadata(cell.name, cell=cell), told(verdict) if verdict else ""))
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}, "language_info": {"name": "python"}}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": found}


def _about(assignment: str, standing: Standing | None) -> str:
    if standing is None:
        return f"# {line(assignment)}"
    s = standing
    what = f"attempt {s.attempt.number}, handed in {s.attempt.handed_in}" if s.attempt is not None else "nothing handed in"
    facts = f"{what}: {points(s.score)} / {points(s.max_score)}"
    return f"# {line(assignment)}\n\n{fenced(f'{s.person.id}, {facts}')}"


def answer_of(files: Mapping[str, bytes], item: str) -> str:
    """Return a written answer: the file ITEM.md or ITEM.txt, or the entry of that name in prediction.json."""
    for name in (f"{item}.md", f"{item}.txt"):
        if name in files:
            return files[name].decode("utf-8", "replace")
    try:
        answers = json.loads(files.get("prediction.json", b"{}"))["answers"]
        answer = answers[item] if isinstance(answers, dict) else answers
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)


def _metadata(name: str, *, cell: GradedCell | None = None, solution: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {"schema_version": 3, "grade_id": name, "grade": cell is not None, "solution": solution, "task": False}
    found["locked"] = not solution
    if cell is not None:
        found |= {"points": cell.max_score, "cell_type": "markdown" if cell.written else "code"}
    return found


def _code(name: str, source: str, nbgrader: dict[str, Any], output: str) -> dict[str, Any]:
    outputs = [{"output_type": "stream", "name": "stdout", "text": output + "\n"}] if output else []
    metadata = {"nbgrader": nbgrader}
    return {"cell_type": "code", "id": _id(name), "execution_count": None, "metadata": metadata, "outputs": outputs, "source": source}


def _markdown(name: str, source: str, nbgrader: dict[str, Any] | None) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": _id(name), "metadata": {"nbgrader": nbgrader} if nbgrader else {}, "source": source}


def _id(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:16]
