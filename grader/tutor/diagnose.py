"""Explain failing checks by the smallest set of known misconceptions whose traces match. A false diagnosis is worse than none."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from grader.model import Grade, Outcome, Verdict
from grader.tutor.known import Known
from grader.tutor.trace import UNWRITTEN, Token, matches


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What explains a grade's failures. ``names[check]`` lists what could explain it: one name is a diagnosis, more are an ambiguity."""

    names: Mapping[str, tuple[str, ...]]
    unknown: tuple[str, ...]

    @property
    def misconceptions(self) -> tuple[str, ...]:
        """The misconceptions that are certain: each explains a check alone."""
        return tuple(dict.fromkeys(names[0] for names in self.names.values() if len(names) == 1))


@dataclass(frozen=True)
class _Case:
    """One grade as evidence: which checks failed with which trace, which passed, and which say nothing."""

    failed: Mapping[str, tuple[Token, ...]]
    passed: frozenset[str]


def diagnose(verdicts: Sequence[Verdict], known: Known, seed: int) -> Diagnosis:
    """Return what explains the failing checks among *verdicts*.

    A program that we know is a candidate if every check that it fails failed here too, with the same trace. Of the candidates that explain
    the same checks none is preferred. A check that none explains is unknown.
    """
    case = _case(verdicts)
    fits = {program: _explained(program, case, known, seed) for program in known.programs()}
    fits = {program: checks for program, checks in fits.items() if checks}
    chosen = _smallest_cover(fits)
    names: dict[str, tuple[str, ...]] = {}
    for group in chosen:
        for check in fits[group[0]]:
            parts = [program.split("+") for program in group]
            fitting = tuple(dict.fromkeys(name for names_ in parts for name in _alone(names_, check, case, known, seed)))
            names.setdefault(check, fitting)
    return Diagnosis(names, tuple(check for check in case.failed if check not in names))


def _case(verdicts: Iterable[Verdict]) -> _Case:
    failed, passed = {}, set()
    for verdict in verdicts:
        if verdict.outcome is Outcome.PASS:
            passed.add(verdict.id)
        elif verdict.outcome in (Outcome.FAIL, Outcome.CRASH, Outcome.TIMEOUT):
            trace: tuple[Token, ...] = verdict.trace  # type: ignore[assignment]
            if UNWRITTEN not in trace:  # a part that is not written yet says nothing of what is
                failed[verdict.id] = (*trace, verdict.outcome.value)
    return _Case(failed, frozenset(passed))


def _explained(program: str, case: _Case, known: Known, seed: int) -> frozenset[str]:
    """Return the checks that *program* explains, or nothing if one check speaks against it."""
    explained = set()
    for check in case.passed:
        if program in known.of(check, seed):
            return frozenset()
    for check, trace in case.failed.items():
        expected = known.of(check, seed).get(program)
        if expected is None:
            continue
        if not matches(trace, expected):
            if not _shared(program, check, case, known, seed):
                return frozenset()
            continue
        explained.add(check)
    return frozenset(explained)


def _shared(program: str, check: str, case: _Case, known: Known, seed: int) -> bool:
    """Return whether a recorded pair that holds *program* accounts for what *check* showed."""
    trace = case.failed[check]
    return any(program in pair.split("+") and "+" in pair and matches(trace, expected) for pair, expected in known.of(check, seed).items())


def _alone(parts: Sequence[str], check: str, case: _Case, known: Known, seed: int) -> Sequence[str]:
    """Return which of a pair's *parts* explain this check by themselves; both if only together."""
    if len(parts) == 1:
        return parts
    single = [part for part in parts if part in known.of(check, seed) and matches(case.failed[check], known.of(check, seed)[part])]
    return single or [part for part in parts if part in known.of(check, seed)] or parts


def _smallest_cover(fits: Mapping[str, frozenset[str]]) -> list[list[str]]:
    """Return groups of programs that together explain all that can be explained; a group's members explain the same checks."""
    left = set().union(*fits.values()) if fits else set()
    chosen: list[list[str]] = []
    while left:
        best = max(fits, key=lambda program: (len(fits[program] & left), -program.count("+"), program))
        gain = fits[best] & left
        group = sorted(p for p in fits if fits[p] & left == gain and p.count("+") == best.count("+"))
        chosen.append([best, *(p for p in group if p != best)])
        left -= gain
    return chosen


def annotate(grade: Grade, known: Known | None, lang: str = "en") -> Grade:
    """Return *grade* with the misconception and the tutor's question at each check that has one explanation, or the two that it could be."""
    if known is None or grade.status != "graded":
        return grade
    found = diagnose(grade.verdicts, known, grade.seed)
    return dataclasses.replace(grade, verdicts=tuple(_asked(v, found.names.get(v.id, ()), known, lang) for v in grade.verdicts))


def _asked(verdict: Verdict, names: Sequence[str], known: Known, lang: str) -> Verdict:
    if not names:
        return verdict
    texts = [getattr(known.misconceptions[name], lang) for name in names[:2] if name in known.misconceptions]
    joiner = " / " if lang == "en" else " ／ "
    return dataclasses.replace(verdict, misconception="|".join(names[:2]), question=joiner.join(texts) or None)
