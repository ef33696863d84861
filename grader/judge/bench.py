"""Collect a suite once, then grade any number of submissions with it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pytest

import grader
from grader import manifest
from grader.errors import GraderFault, SuiteError
from grader.evidence import Evidence
from grader.judge import failures
from grader.judge.breakit import BreakIt
from grader.judge.given import Given
from grader.judge.workers import Workers
from grader.model import Assignment, CheckRule, Grade, Outcome, Submission, Verdict
from grader.seeds import suite_folders, suite_hash
from grader.student.errors import WorkerKilled
from grader.student.line import Budget, Program
from grader.student.process import Starter
from grader.student.proxy import Student
from grader.student.session import Session
from grader.student.trace import normalise


@dataclass(frozen=True, slots=True)
class Check:
    """One collected check: what it is worth and what it asks for."""

    id: str
    stage: str
    points: float
    concept: str
    concept_zh: str
    rule: CheckRule
    item: pytest.Item = field(repr=False, compare=False)

    @property
    def uses_student(self) -> bool:
        return "student" in getattr(self.item, "fixturenames", ())


@dataclass
class _Running:
    """The one submission that is being graded now."""

    submission: Submission
    seed: int
    starter: Starter
    workers: Workers
    check: Check | None = None
    session: Session | None = None
    printed: str = ""
    failure: failures.Failure | None = None
    breakit: BreakIt | None = None
    killed: bool = False


class Bench:
    """The plugin that pytest runs, and what ``work`` gets: checks, and ``grade``."""

    def __init__(self, assignment: Assignment, suites: Sequence[str], starter: Callable[[], Starter], cuda: bool) -> None:
        self.assignment = assignment
        self.suites = tuple(suites)
        self.checks: tuple[Check, ...] = ()
        self.cuda = cuda
        self._starter = starter
        self._folders = suite_folders(assignment, suites)
        self._now: _Running | None = None
        self._given = Given(assignment.folder)
        self._targets: dict[bytes, Program] = {}
        self._hash: str | None = None
        self.faults: list[str] = []
        self.frames = 0
        self.wire_bytes = 0

    @property
    def suite_hash(self) -> str:
        if self._hash is None:
            self._hash = suite_hash(self.assignment, self.suites)
        return self._hash

    def use(self, starter: Callable[[], Starter]) -> None:
        """Start workers with *starter* from now on: a forked judge has its own."""
        self._starter = starter

    # grading

    def grade(
        self,
        submission: Submission,
        seed: int = 0,
        only: Callable[[Check], bool] | None = None,
        enough: Callable[[Verdict], bool] | None = None,
    ) -> Grade:
        """Run the checks (all, or those that *only* admits) against *submission*; never raises for what the student did.

        *enough* is told each verdict as it is made, and ends the grading there with True.
        """
        started = time.perf_counter()
        starter = self._starter()
        checks = [check for check in self.checks if only is None or only(check)]
        asked = [check for check in checks if self.cuda or check.rule.device != "cuda"]
        workers = Workers(starter, self.program(submission.files), asked, self.budget, self.assignment.limits.total)
        self._now = _Running(submission, seed, starter, workers)
        try:
            verdicts = tuple(self._verdicts(checks, enough))
        finally:
            if checks:  # one that was broken off leaves its module on pytest's stack, and the next would find it there
                checks[0].item.session._setupstate.teardown_exact(None)
            workers.close()
            self.frames += workers.frames
            self.wire_bytes += workers.bytes
            self._now = None
        fault = any(verdict.outcome is Outcome.FAULT for verdict in verdicts)
        return Grade(
            assignment=self.assignment.name,
            student=submission.student,
            submission=submission.digest,
            suites=self.suites,
            suite_hash=self.suite_hash,
            status="fault" if fault else "graded",
            tier=starter.wall.tier,
            device="cuda" if self.cuda and any(check.rule.device != "cpu" for check in checks) else "cpu",
            seed=seed,
            verdicts=verdicts,
            seconds=time.perf_counter() - started,
            message=next((v.message for v in verdicts if v.outcome is Outcome.FAULT), ""),
            versions={"grade": grader.__version__},
        )

    def _verdicts(self, checks: list[Check], enough: Callable[[Verdict], bool] | None) -> Iterator[Verdict]:
        now = self._current()
        for index, check in enumerate(checks):
            following = checks[index + 1] if index + 1 < len(checks) else None
            verdict = self._run(check, following)
            if now.killed:  # perhaps not of her making, so it is tried once more: a kill is nobody's zero
                verdict = self._run(check, following)
            yield verdict
            if enough is not None and enough(verdict):
                return

    def _run(self, check: Check, following: Check | None) -> Verdict:
        now = self._current()
        now.check, now.failure, now.session, now.printed, now.killed = check, None, None, "", False
        if check.rule.device == "cuda" and not self.cuda:
            return self._verdict(check, Outcome.PENDING, 0.0, "waits for a machine with a CUDA device")
        started = time.perf_counter()
        item = check.item
        try:
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following.item if following else None)
        except GraderFault as error:
            now.failure = failures.fault(error)
        finally:
            now.printed, gone = now.workers.done(check, now.session)
        now.killed = isinstance(gone, WorkerKilled)
        seconds = time.perf_counter() - started
        failure = now.failure
        if gone is not None and (failure is None or failure.outcome is Outcome.FAIL):
            failure = failures.Failure(Outcome(gone.outcome), failures._gone_words(gone))
        return self._verdict(check, failure.outcome if failure else Outcome.PASS, seconds, failure=failure)

    def _verdict(
        self, check: Check, outcome: Outcome, seconds: float, message: str = "", failure: failures.Failure | None = None
    ) -> Verdict:
        now = self._current()
        return Verdict(
            id=check.id,
            stage=check.stage,
            concept=check.concept,
            concept_zh=check.concept_zh,
            outcome=outcome,
            points=check.points if outcome is Outcome.PASS else 0.0,
            max_points=check.points,
            seconds=round(seconds, 4),
            message=failure.message if failure else message,
            traceback=failure.traceback if failure else "",
            output=now.printed,
            where=failure.where if failure else "",
            trace=normalise(now.session.trace) if now.session is not None else (),
        )

    def _current(self) -> _Running:
        if self._now is None:
            raise GraderFault("a check ran outside a grading")
        return self._now

    # workers

    def budget(self, check: Check) -> Budget:
        """Return what *check* may use: the assignment's limits, and its own rule over them."""
        limits, rule = self.assignment.limits, check.rule
        cuda = self.cuda and rule.device != "cpu"
        return Budget(
            seconds=rule.seconds or limits.seconds,
            memory=limits.memory,
            cap=rule.cap or limits.cap,
            output=limits.output,
            cuda=cuda,
        )

    def program(self, files: Mapping[str, bytes]) -> Program:
        """Return the program that a worker loads: her Python files, and the handout's given ones over them."""
        sources = {name: data for name, data in files.items() if name.endswith(".py")}
        sources |= {name: self._given.source(name) for name in self.assignment.given if name.endswith(".py")}
        return Program(sources, self.assignment.module, self.assignment.packages)

    def target(self, source: bytes) -> Program:
        """Return the program that her own tests are tried on: one of ours, the same for every submission."""
        if source not in self._targets:
            self._targets[source] = self.program({self.assignment.source_name: source})
        return self._targets[source]

    # fixtures

    @pytest.fixture
    def student(self) -> Student:
        """The student's module behind the wall."""
        now = self._current()
        assert now.check is not None
        worker, names = now.workers.open(now.check)
        now.session = session = Session(worker)
        return Student(session, names)

    @pytest.fixture
    def seed(self) -> int:
        return self._current().seed

    @pytest.fixture
    def rng(self) -> random.Random:
        now = self._current()
        assert now.check is not None
        return random.Random(f"{now.seed}:{now.check.id}")

    @pytest.fixture
    def device(self) -> str:
        now = self._current()
        assert now.check is not None
        return "cuda" if self.cuda and now.check.rule.device != "cpu" else "cpu"

    @pytest.fixture
    def submission(self) -> Evidence:
        return Evidence(self._current().submission.files)

    @pytest.fixture
    def given(self) -> Given:
        return self._given

    @pytest.fixture
    def break_it(self) -> BreakIt:
        now = self._current()
        if now.breakit is None:
            now.breakit = BreakIt(self.assignment, now.submission, now.starter, self.program, self.target)
        return now.breakit

    # pytest's hooks

    def pytest_configure(self, config: pytest.Config) -> None:
        config.addinivalue_line("markers", "stage(name, points, zh): the stage and points of a check")

    def pytest_assertrepr_compare(self, op: str, left: object, right: object) -> list[str] | None:
        return failures.compare_words(op, left, right)

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Iterator[None]:
        result = yield
        session = self._current().session
        if session is not None:
            session.flush()  # a promise that nobody asked for fails the check too
        return result

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport:
        """Explain a failure in our words, in the place of pytest's, which take longer than the check."""
        now = self._current()
        if call.excinfo is not None and (now.failure is None or now.failure.outcome is Outcome.FAIL):
            found = failures.explain(call.excinfo, call.when)
            if now.failure is None or found.outcome is Outcome.FAULT:
                now.failure = found
        outcome: Literal["passed", "failed"] = "passed" if call.excinfo is None else "failed"
        assert call.when != "collect"
        return pytest.TestReport(item.nodeid, item.location, {}, outcome, None, call.when)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            lines = [line for line in str(report.longrepr).splitlines() if line.startswith("E ")]
            self.faults.append(f"{report.nodeid}: {lines[-1][1:].strip() if lines else 'cannot be collected'}")

    def collected(self, items: Sequence[pytest.Item]) -> None:
        """Turn pytest's items into checks, in the ramp's order. Raises SuiteError for one that breaks the rules."""
        ramp = [stage.name for stage in self.assignment.stages]
        found = [self._check(item) for item in items]
        self.checks = tuple(sorted(found, key=lambda check: ramp.index(check.stage)))  # a ramp is climbed in its order

    def _check(self, item: pytest.Item) -> Check:
        path = item.path
        suite = next((name for name, folder in self._folders.items() if folder in path.parents), "public")
        name = f"{suite}/{path.name}::{item.name}"
        mark = item.get_closest_marker("stage")
        if mark is None or len(mark.args) != 1 or "points" not in mark.kwargs:
            raise SuiteError(f'{path.name}::{item.name} has no stage; write @pytest.mark.stage("NAME", points=N) above it')
        stage = mark.args[0]
        if stage not in {known.name for known in self.assignment.stages}:
            raise SuiteError(
                f"{path.name}::{item.name}: no stage {stage!r} in {manifest.FILE_NAME}"
                + manifest.nearest(stage, [known.name for known in self.assignment.stages])
            )
        doc = (getattr(item, "obj", None).__doc__ or "").strip().splitlines()
        concept = doc[0].strip() if doc else ""
        if not concept:
            raise SuiteError(f"{path.name}::{item.name} has no docstring; its first line is the concept that the student reads")
        rule = manifest.rule_for(self.assignment, name)
        return Check(name, stage, float(mark.kwargs["points"]), concept, mark.kwargs.get("zh", concept), rule, item)
