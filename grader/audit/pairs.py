"""Two mistakes at once. Most pairs leave what each of the two leaves; those that meddle with each other are found, and kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from grader.audit.programs import WrongProgram, reference
from grader.errors import SuiteError
from grader.model import Assignment, Grade, Outcome, Submission, Verdict
from grader.tutor import BOTH, Known, Seen, diagnose, matches, misconception_of

MOST = 240  # pairs that an audit runs; those whose mistakes share most checks come first


@dataclass(frozen=True, slots=True)
class Pair:
    """Two wrong programs made at once, and the checks in which either shows first: where the tutor looks for them."""

    submission: Submission
    checks: frozenset[str]

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.submission.student.split(BOTH))


def candidates(assignment: Assignment, wrong: Sequence[WrongProgram], runs: Mapping[str, Sequence[Verdict]]) -> list[Pair]:
    """Return the pairs that can meddle with each other: those that fail a check in common where one of them shows first.

    *runs* holds each wrong program's verdicts. Edits that cannot be made together are no pair.
    """
    base = reference(assignment)
    failed = {name: {v.id for v in verdicts if v.outcome is not Outcome.PASS} for name, verdicts in runs.items()}
    first = {name: home(verdicts) for name, verdicts in runs.items()}
    found: list[tuple[int, Pair]] = []
    for one, other in combinations([program for program in wrong if program.id in runs], 2):
        shared = (first[one.id] & failed[other.id]) | (first[other.id] & failed[one.id])
        if not shared or misconception_of(one.id) == misconception_of(other.id):
            continue
        try:
            files = other.apply(one.apply(base.files))
        except SuiteError:
            continue
        submission = replace(base, student=f"{one.id}{BOTH}{other.id}", files=files)
        found.append((-len(shared), Pair(submission, first[one.id] | first[other.id])))
    found.sort(key=lambda row: (row[0], row[1].submission.student))
    return [pair for _, pair in found[:MOST]]


def home(verdicts: Iterable[Verdict]) -> frozenset[str]:
    """Return the failing checks of the first stage in which something failed."""
    lost = [verdict for verdict in verdicts if verdict.outcome is not Outcome.PASS]
    return frozenset(verdict.id for verdict in lost if verdict.stage == lost[0].stage)


def unexplained(grade: Grade, known: Known, seen: Seen) -> bool:
    """Return whether the tutor, who knows each mistake alone, does not name both where they were made at once, or names another.

    A pair of which one mistake hides the other altogether is that one mistake: nothing tells the difference.
    """
    if _hidden(grade, known):
        return False
    parts = set(misconception_of(grade.student).split(BOTH))
    groups = diagnose(grade.verdicts, known, grade.seed, lambda: seen).groups
    named = {part for part in parts if any(part in group for group in groups)}
    return named != parts or any(not parts & set(group) for group in groups)


def _hidden(grade: Grade, known: Known) -> bool:
    left = {v.id: (*v.trace, v.outcome.value) for v in grade.verdicts if v.outcome is not Outcome.PASS}
    for part in grade.student.split(BOTH):
        alone = known.of(part, grade.seed)
        if all(matches(left.get(v.id, ()), alone.get(v.id, ())) for v in grade.verdicts):  # type: ignore[arg-type]
            return True
    return False
