"""One judge: a process that collects a suite once and grades what it is sent, one submission after the other.

It reads one JSON value a line on standard input (first the set-up, then jobs) and answers likewise on standard output. When its input
ends it ends, and so does all that it started.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable
from typing import Any

from grader.batch.engine import Job, Setup, grade_record, job_from, setup_from
from grader.errors import CourseError, GraderFault
from grader.judge import Bench, with_suite
from grader.model import SUITES, Assignment, Grade
from grader.seeds import suite_hash
from grader.student.line import PATIENCE
from grader.student.process import OPTIMISER, Starter, mentioned, starter
from grader.tutor import Seen, annotate, caller, load_known, trace_paths

_SPARE = 120.0  # seconds on top of all limits before a judge itself counts as hanging


def annotator(assignment: Assignment) -> Callable[[Grade, Callable[[], Seen]], Grade]:
    """Return what every Grade passes through, its traces still in it, before it leaves the judge: the tutor names its misconceptions."""
    suites = SUITES if assignment.private is not None else SUITES[:1]
    known = load_known(trace_paths(assignment).values(), [suite_hash(assignment, [suite]) for suite in suites])
    return lambda grade, witness: annotate(grade, known, "both", witness)


class Starters:
    """The clean processes that workers are forked from: one for each set of packages that submissions ask for."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._known: dict[tuple[str, ...], Starter] = {}
        private = setup.assignment.private
        targets = (private / "break").rglob("*.py") if private else ()
        self._always = mentioned(setup.assignment.packages, {str(path): path.read_bytes() for path in targets})
        self.now: Starter | None = None

    def choose(self, job: Job) -> None:
        """Make ready what *job* needs."""
        wanted = {*self._always, *mentioned(self._setup.assignment.packages, job.submission.files)}
        preload = tuple(name for name in (*self._setup.assignment.packages, OPTIMISER) if name in wanted)
        if preload in self._known and not self._known[preload].alive():
            self._known.pop(preload).close()
        if preload not in self._known:
            setup = self._setup
            self._known[preload] = starter(setup.wall, setup.assignment.packages, preload, cuda=setup.cuda)
        self.now = self._known[preload]

    def current(self) -> Starter:
        if self.now is None:
            raise GraderFault("a grading without anything that starts workers")
        return self.now

    def close(self) -> None:
        """End them all."""
        self.now = None
        while self._known:
            self._known.popitem()[1].close()


class Judge:
    """Grades jobs with one collected suite."""

    def __init__(self, setup: Setup, lines: Iterable[bytes], say: Callable[[Any], None]) -> None:
        self._setup = setup
        self._lines = lines
        self._say = say
        self._starters = Starters(setup)
        self._annotate = annotator(setup.assignment)

    def run(self) -> None:
        """Collect, then serve until the input ends."""
        setup = self._setup
        try:
            with_suite(setup.assignment, setup.suites, self._starters.current, self._serve, cuda=setup.cuda)
        finally:
            self._starters.close()

    def _serve(self, bench: Bench) -> None:
        self._say({"ready": self._longest(bench), "hash": bench.suite_hash})
        gc.collect()
        gc.freeze()  # the suite stays: the collector need not look at it again
        gc.set_threshold(20_000, 20, 20)  # what a grading leaves lies in circles: at 100,000 it was 18 MiB before anybody looked
        for line in self._lines:
            job = job_from(json.loads(line))
            self._starters.choose(job)
            answer = self._graded(bench, job)
            if "lost" not in answer and not self._starters.current().alive():
                answer = {"lost": "a process that graded it ended"}
            if "lost" in answer:
                self._starters.close()
            self._say(answer)

    def _longest(self, bench: Bench) -> float:
        own = sum(check.rule.seconds or 0.0 for check in bench.checks)
        return (self._setup.assignment.limits.total + own) * PATIENCE + _SPARE

    def _graded(self, bench: Bench, job: Job) -> dict[str, Any]:
        try:
            return self._grade(bench, job)
        except Exception as error:
            os.write(2, traceback.format_exc().encode("utf-8", "backslashreplace"))
            return {"lost": f"{type(error).__name__}: {error}"}

    def _grade(self, bench: Bench, job: Job) -> dict[str, Any]:
        only = (lambda check: check.id in job.only) if job.only else None
        witness = caller(bench.assignment, self._starters.current, bench.program(job.submission.files))
        return {"grade": grade_record(self._annotate(bench.grade(job.submission, job.seed, only), witness))}


def end_with(parent: int) -> None:
    """Ask the kernel to end this process with *parent*; where it cannot, the closed pipes do."""
    if sys.platform.startswith("linux"):
        import ctypes

        ctypes.CDLL(None).prctl(1, int(signal.SIGKILL))  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)


def _speaker() -> Callable[[Any], None]:
    """Return what writes one answer a line; nothing that a suite prints can come in between."""
    out = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

    def say(answer: Any) -> None:
        data = memoryview(json.dumps(answer).encode() + b"\n")
        while data:
            data = data[os.write(out, data) :]

    return say


def main() -> None:
    """Be one judge."""
    say = _speaker()
    lines = iter(sys.stdin.buffer)
    line = next(lines, b"")
    if not line:
        return
    first = json.loads(line)
    end_with(first["parent"])
    try:
        setup = setup_from(first["setup"])
        Judge(setup, lines, say).run()
    except (CourseError, GraderFault) as error:
        kind = "course" if isinstance(error, CourseError) else "fault"
        say({"error": kind, "en": error.in_language("en"), "zh": error.in_language("zh")})
    except BrokenPipeError:  # nobody listens any more
        pass
