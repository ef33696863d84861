"""Write down what each wrong program showed, and demand that the tutor knows it again by that alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from grader import judge
from grader.audit.programs import WrongProgram
from grader.model import SUITES, Assignment, Grade, Outcome
from grader.tutor import Known, diagnose, load_known, matches, misconception_of, save_known, trace_paths
from grader.tutor.known import ANY_SEED

BOTH = "both suites"
DRAWING = ("rng", "seed")  # a check without these has the same inputs under every seed


def drawing(bench: judge.Bench) -> frozenset[str]:
    """Return the checks whose inputs differ from seed to seed."""
    return frozenset(check.id for check in bench.checks if set(DRAWING) & set(getattr(check.item, "fixturenames", ())))


def write(
    assignment: Assignment, drawn: frozenset[str], wrong: Sequence[WrongProgram], runs: Iterable[Grade], right: Sequence[Grade]
) -> None:
    """Write the traces of the *wrong* programs' *runs*: the public part into the handout, the hidden part beside the solution."""
    traces: dict[str, dict[tuple[str, int], dict[str, Any]]] = {suite: {} for suite in SUITES}
    for grade in runs:
        for verdict in grade.verdicts:
            if verdict.outcome is not Outcome.PASS and verdict.trace:
                key = (verdict.id, grade.seed if verdict.id in drawn else ANY_SEED)
                suite = verdict.id.partition("/")[0]
                traces[suite].setdefault(key, {})[grade.student] = (*verdict.trace, verdict.outcome.value)
    questions = {misconception_of(program.id): replace(program.question, id=misconception_of(program.id)) for program in reversed(wrong)}
    styles = loose(right)
    for suite, path in trace_paths(assignment).items():
        mine = frozenset(check for check in styles if check.startswith(f"{suite}/"))
        save_known(path, Known(judge.suite_hash(assignment, [suite]), questions, traces[suite], mine))


def loose(right: Sequence[Grade]) -> frozenset[str]:
    """Return the checks in which right programs leave different traces under one seed: what one shows there is style."""
    first: dict[tuple[str, int], Any] = {}
    found = set()
    for grade in right:
        for verdict in grade.verdicts:
            seen = first.setdefault((verdict.id, grade.seed), verdict.trace)
            if not matches(seen, verdict.trace):  # type: ignore[arg-type]
                found.add(verdict.id)
    return frozenset(found)


def known_to_staff(assignment: Assignment) -> Known | None:
    """Return what the tutor knows of both suites, if it is of today."""
    return load_known(trace_paths(assignment).values(), [judge.suite_hash(assignment, [suite]) for suite in SUITES])


def unrecognised(assignment: Assignment, runs: Iterable[Grade]) -> list[tuple[str, str]]:
    """Return (program, what is amiss) for each run of a wrong program that the tutor does not name, or names as something else.

    The public suite by itself may be too little to name it, and must not be misleading.
    """
    known = known_to_staff(assignment)
    if known is None:
        return [("tutor", "the traces that were just written cannot be read")]
    found: dict[tuple[str, str], None] = {}
    for grade in runs:
        name = misconception_of(grade.student)
        for suites, verdicts in _views(grade).items():
            groups = diagnose(verdicts, known, grade.seed).groups
            if suites == BOTH and not any(name in group for group in groups):
                found[(grade.student, "is not known again by its traces")] = None
            for other in (group for group in groups if name not in group):
                found[(grade.student, f"is taken for {' or '.join(other)} ({suites})")] = None
    return list(found)


def _views(grade: Grade) -> Mapping[str, Sequence[Any]]:
    """A student sees the public suite alone, a grading both."""
    public = [verdict for verdict in grade.verdicts if verdict.id.startswith("public/")]
    return {BOTH: grade.verdicts, "public suite": public}
