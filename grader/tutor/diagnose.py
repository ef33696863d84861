"""Explain failing checks by the smallest set of known misconceptions whose traces match. A false diagnosis is worse than none.

A mistake shows itself first in the stage where it was made: the *home* of a known program is the first stage of the ramp in which it fails
a check. There its traces must match; further up, where a graph is walked in another order or a loop is built on other helpers, the same
mistake may look different, and what it looks like there decides only between programs that fit at home.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from grader.model import Grade, Outcome, Verdict
from grader.tutor.known import BOTH, Known, misconception_of
from grader.tutor.trace import UNWRITTEN, Token, matches, telling
from grader.tutor.witness import Seen

FEW = 2  # matches at home that outweigh a mismatch there
MANY = 4  # matches that convince though none of them holds a telling number


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What explains a grade's failures. ``names[check]`` lists what could explain it: one name is a diagnosis, more are an ambiguity."""

    names: Mapping[str, tuple[str, ...]]
    unknown: tuple[str, ...]

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The explanations, each a group of misconceptions that these traces cannot tell apart."""
        return tuple(dict.fromkeys(self.names.values()))

    @property
    def misconceptions(self) -> tuple[str, ...]:
        """The misconceptions that are certain: each explains a check alone, or together with one more."""
        return tuple(dict.fromkeys(part for names in self.groups if len(names) == 1 for part in names[0].split(BOTH)))


@dataclass(frozen=True)
class _Case:
    """One grade as evidence: which checks failed with which trace, which passed, and each check's place on the ramp."""

    failed: Mapping[str, tuple[Token, ...]]
    passed: frozenset[str]
    place: Mapping[str, int]
    stage: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Fit:
    """One known program held against a case."""

    program: str
    equal: frozenset[str]  # checks that show the same
    other: frozenset[str]  # checks that fail too, and show something else
    missing: frozenset[str]  # checks that it fails and that passed here
    home: frozenset[str]
    telling: frozenset[str]  # of the equal ones: those that end in a number that no accident gives
    plain: frozenset[str]  # of the others: those that show zeros and ones alone, which no style explains
    stage: str
    before: frozenset[str]  # failing checks of earlier stages, which it does not explain
    proven: bool = False  # by the witness, not by its traces

    def convinces(self, loose: frozenset[str]) -> bool:
        """Return whether it looks at home as it must. Zeros and ones weigh little for it, since many mistakes show them, and much against.

        A *loose* check looks different in each right style too, so what differs there says nothing.
        """
        same = len(self.home & self.equal)
        against = len(self.home & self.missing) + len((self.home & self.other) - loose)
        if not self.telling & self.home:
            plain = self.home & (self.plain | self.missing) - loose
            many = len(self.equal) >= MANY and against == 0
            return len(self.equal) >= FEW and (many or bool(self.telling)) and not plain and same >= against
        if self.home & self.other and len(self.equal) < FEW:
            return False
        return against == 0 or (same >= FEW and same > against)


def diagnose(verdicts: Sequence[Verdict], known: Known, seed: int, witness: Callable[[], Seen] | None = None) -> Diagnosis:
    """Return what explains the failing checks among *verdicts*.

    Programs that explain equally much, equally well, are told apart by the *witness*, which is asked only if something failed; where it
    cannot, or there is none, all of them are named. A check that nothing explains is unknown.
    """
    case = _case(verdicts)
    seen = witness() if witness is not None and case.failed and known.signs.programs else {}
    fits = [_fit(program, case, known, seed) for program in sorted(known.programs())]
    left = [stands for fit in fits if fit is not None and (stands := _stands(fit, known, seen)) is not None]
    left = _believed(left, known, seen)
    names: dict[str, tuple[str, ...]] = {}
    while left:
        done = names.keys()
        hopeful = frozenset().union(done, *(fit.equal for fit in left))
        open_ = [fit for fit in left if _founded(fit, case, done, hopeful)]
        if not open_:
            break
        best = max(open_, key=lambda fit: _worth(fit, done))
        group = [fit for fit in open_ if _worth(fit, done) == _worth(best, done) and fit.equal - done == best.equal - done]
        left = [fit for fit in left if fit not in group]
        if not best.equal - done:
            break
        if not (best.home & best.equal) - done and best.home & done:
            continue  # where it would have been made, something else was
        wholly = [fit for fit in group if known.signs.wholly(fit.program, seen)]
        called = tuple(dict.fromkeys(misconception_of(fit.program) for fit in wholly or group))
        for check in best.equal | best.other:
            names.setdefault(check, called)
    ordered = {check: names[check] for check in case.failed if check in names}
    return Diagnosis(ordered, tuple(check for check in case.failed if check not in names))


def _stands(fit: _Fit, known: Known, seen: Seen) -> _Fit | None:
    """Return *fit* if it explains something, with what the witness has *seen*; None if not.

    What the witness saw and only this program shows counts as much as equal traces do: its numbers may be noise, which differs from style
    to style. But where it would have been made, most checks must fail, and what failed before that stage must be explained.
    """
    signs = known.signs
    if seen and signs.against(fit.program, fit.stage, seen):
        return None
    if fit.convinces(known.loose):
        return fit
    failed = fit.home & (fit.equal | fit.other)
    if seen and len(failed) > len(fit.home & fit.missing) and signs.proves(fit.program, fit.stage, seen, _parts):
        return dataclasses.replace(fit, equal=fit.equal | failed, other=fit.other - failed, proven=True)
    return None


def _believed(fits: Sequence[_Fit], known: Known, seen: Seen) -> list[_Fit]:
    """Return *fits* without those at whose home the witness saw something that none of them shows, unless it vouches for one."""
    programs = {fit.program for fit in fits}
    strange = {stage for stage in {fit.stage for fit in fits} if known.signs.strange(stage, seen, programs)}
    return [fit for fit in fits if fit.stage not in strange or known.signs.vouches(fit.program, fit.stage, seen)]


def _founded(fit: _Fit, case: _Case, done: Iterable[str], hopeful: Iterable[str]) -> bool:
    """Return whether what *fit* stands on stands itself: no earlier stage mostly fails for a reason that is not known.

    In its own stage, no more checks may fail that nothing could explain (*hopeful* are those that something could) than fail of those that
    it speaks of. For what the witness alone proves, nothing before it may fail unexplained.
    """
    beside = {check for check in case.failed if case.stage[check] == fit.stage}.difference(fit.home, hopeful)
    if len(beside) > len(fit.home & (fit.equal | fit.other)):
        return False
    unexplained = fit.before.difference(done)
    if fit.proven or not unexplained:
        return not unexplained
    stages = [case.stage[check] for check in case.place]
    fallen = [case.stage[check] for check in unexplained]
    return all(2 * fallen.count(stage) <= stages.count(stage) for stage in set(fallen))


def _parts(program: str) -> list[str]:
    return misconception_of(program).split(BOTH)


def _worth(fit: _Fit, done: Iterable[str]) -> tuple[int, int, int]:
    return len(fit.equal.difference(done)), -len(fit.other) - len(fit.missing), -fit.program.count(BOTH)


def _case(verdicts: Iterable[Verdict]) -> _Case:
    failed, passed, place, stage = {}, set(), {}, {}
    stages: dict[str, int] = {}
    for verdict in verdicts:
        place[verdict.id] = stages.setdefault(verdict.stage, len(stages))
        stage[verdict.id] = verdict.stage
        if verdict.outcome is Outcome.PASS:
            passed.add(verdict.id)
        elif verdict.outcome in (Outcome.FAIL, Outcome.CRASH, Outcome.TIMEOUT):
            trace: tuple[Token, ...] = verdict.trace  # type: ignore[assignment]
            if trace and UNWRITTEN not in trace:  # a part that is not written yet says nothing of what is
                failed[verdict.id] = (*trace, verdict.outcome.value)
    return _Case(failed, frozenset(passed), place, stage)


def _fit(program: str, case: _Case, known: Known, seed: int) -> _Fit | None:
    """Hold *program* against *case*; None if it fails none of the checks that were run."""
    expected = known.of(program, seed)
    run = {check: trace for check, trace in expected.items() if check in case.failed or check in case.passed}
    if not run:
        return None
    first = min(case.place[check] for check in run)
    failed = run.keys() & case.failed.keys()
    equal = frozenset(check for check in failed if matches(case.failed[check], run[check]))
    home = frozenset(check for check in run if case.place[check] == first)
    missing = frozenset(run.keys() & case.passed)
    other = frozenset(failed - equal)
    plain = frozenset(check for check in other if not telling(case.failed[check]))
    if BOTH in program and not _together(known.own(program, seed), case, known.loose):
        return None
    told = frozenset(check for check in equal if telling(run[check]))
    before = frozenset(check for check in case.failed if case.place[check] < first)
    return _Fit(program, equal, other, missing, home, told, plain, case.stage[next(iter(home))], before)


def _together(own: Mapping[str, tuple[Token, ...]], case: _Case, loose: frozenset[str]) -> bool:
    """Return whether *case* shows what only the two mistakes of a pair show together, all of it: either alone is the simpler story."""
    run = {check: trace for check, trace in own.items() if check in case.failed or check in case.passed}
    same = {check for check, trace in run.items() if matches(case.failed.get(check, ()), trace)}
    return run.keys() - loose <= same and any(telling(run[check]) for check in same)


def annotate(grade: Grade, known: Known | None, lang: str = "en", witness: Callable[[], Seen] | None = None) -> Grade:
    """Return *grade* with the misconception and the tutor's question at each check that is explained; an ambiguity shows two.

    *lang* ``both`` writes ``ENGLISH / 中文``, of which ``phrases.in_language`` shows the reader her half.
    """
    if known is None or grade.status != "graded":
        return grade
    found = diagnose(grade.verdicts, known, grade.seed, witness)
    return dataclasses.replace(grade, verdicts=tuple(_asked(v, found.names.get(v.id, ()), known, lang) for v in grade.verdicts))


def _asked(verdict: Verdict, names: Sequence[str], known: Known, lang: str) -> Verdict:
    if not names:
        return verdict
    parts = [part for name in names for part in name.split(BOTH)]
    asked = [known.misconceptions[part] for part in parts if part in known.misconceptions]
    english = " / ".join(list(dict.fromkeys(one.en for one in asked))[:2])
    chinese = " ／ ".join(list(dict.fromkeys(one.zh for one in asked))[:2])
    question = {"en": english, "zh": chinese}.get(lang, f"{english} / {chinese}" if asked else "")
    return dataclasses.replace(verdict, misconception="|".join(names), question=question or None)
