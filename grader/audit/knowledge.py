"""Write down what each wrong program showed, and demand that the tutor knows it again by that alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from grader import judge, seeds
from grader.audit.programs import WrongProgram
from grader.model import SUITES, Assignment, Grade, Outcome
from grader.tutor import (
    BOTH,
    Known,
    Seen,
    Signs,
    diagnose,
    load_known,
    matches,
    meddled,
    misconception_of,
    save_known,
    trace_paths,
)
from grader.tutor.known import ANY_SEED

BOTH_SUITES = "both suites"
RIGHT = "reference"  # whose answers to the witness are the right ones
DRAWING = ("rng", "seed")  # a check without these has the same inputs under every seed


def drawing(bench: judge.Bench) -> frozenset[str]:
    """Return the checks whose inputs differ from seed to seed."""
    return frozenset(check.id for check in bench.checks if set(DRAWING) & set(getattr(check.item, "fixturenames", ())))


@dataclass(frozen=True)
class Runs:
    """What an audit saw: the wrong programs, their grades and those of right ones, the checks that draw, what the witness saw."""

    wrong: Sequence[WrongProgram]
    wrongs: Sequence[Grade]
    right: Sequence[Grade]
    drawing: frozenset[str]
    seen: Mapping[str, Seen]


def known_of(runs: Runs, together: Iterable[Grade] = (), seen: Mapping[str, Seen] | None = None) -> Known:
    """Return what the tutor knows of both suites: every mistake alone, and those *together* that meddle, with what was *seen* of them."""
    traces: dict[tuple[str, int], dict[str, Any]] = {}
    for grade in runs.wrongs:
        for check, trace in _left(grade).items():
            traces.setdefault((check, grade.seed if check in runs.drawing else ANY_SEED), {})[grade.student] = trace
    questions = {misconception_of(one.id): replace(one.question, id=misconception_of(one.id)) for one in reversed(runs.wrong)}
    answers = {program.id: runs.seen.get(program.id, {}) for program in runs.wrong}
    signs = Signs(runs.seen.get(RIGHT, {}), {**answers, **(seen or {})})
    known = Known(BOTH_SUITES, questions, traces, loose(runs.right), signs)
    for grade in together:
        run = {verdict.id for verdict in grade.verdicts}
        alone = [known.of(part, grade.seed) for part in grade.student.split(BOTH)]
        parts = [{check: trace for check, trace in part.items() if check in run} for part in alone]
        for check, trace in meddled(_left(grade), parts).items():
            if check in runs.drawing or grade.seed == 0:
                traces.setdefault((check, grade.seed if check in runs.drawing else ANY_SEED), {})[grade.student] = trace
    return known


def _left(grade: Grade) -> dict[str, tuple[Any, ...]]:
    return {v.id: (*v.trace, v.outcome.value) for v in grade.verdicts if v.outcome is not Outcome.PASS and v.trace}


def write(assignment: Assignment, known: Known) -> None:
    """Write what is *known*: the public suite's part into the handout, the hidden suite's beside the solution."""
    for suite, path in trace_paths(assignment).items():
        mine = {key: traces for key, traces in known.traces.items() if key[0].startswith(f"{suite}/")}
        styles = frozenset(check for check in known.loose if check.startswith(f"{suite}/"))
        signs = known.signs if suite == SUITES[0] else Signs()  # what the witness asks is in the handout, and so are the answers
        save_known(path, Known(seeds.suite_hash(assignment, [suite]), known.misconceptions, mine, styles, signs))


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
    return load_known(trace_paths(assignment).values(), [seeds.suite_hash(assignment, [suite]) for suite in SUITES])


def styled(right: Mapping[str, Seen]) -> list[tuple[str, str]]:
    """Return (program, what is amiss) for each question of the witness's that right programs answer differently: what differs is style."""
    first: dict[str, Any] = {}
    found = []
    for program, seen in right.items():
        for name, answer in seen.items():
            if not matches(first.setdefault(name, answer), answer):
                found.append((program, f"answers {name} of tests/witness.py otherwise than another right program: {answer}"))
    return found


def unrecognised(assignment: Assignment, runs: Iterable[Grade], witness: Callable[[str], Seen]) -> list[tuple[str, str]]:
    """Return (program, what is amiss) for each run of a wrong program that the tutor does not name, or names as something else.

    The public suite by itself may be too little to name it, and must not be misleading. ``witness(program)`` is what the witness saw of it.
    """
    known = known_to_staff(assignment)
    if known is None:
        return [("tutor", "the traces that were just written cannot be read")]
    found: dict[tuple[str, str], None] = {}
    for grade in runs:
        name = misconception_of(grade.student)
        for suites, verdicts in _views(grade).items():
            groups = diagnose(verdicts, known, grade.seed, lambda grade=grade: witness(grade.student)).groups  # type: ignore[misc]
            if suites == BOTH_SUITES and not any(name in group for group in groups):
                found[(grade.student, "is not known again by its traces")] = None
            for other in (group for group in groups if name not in group):
                found[(grade.student, f"is taken for {' or '.join(other)} ({suites})")] = None
    return list(found)


def _views(grade: Grade) -> Mapping[str, Sequence[Any]]:
    """A student sees the public suite alone, a grading both."""
    public = [verdict for verdict in grade.verdicts if verdict.id.startswith("public/")]
    return {BOTH_SUITES: grade.verdicts, "public suite": public}
