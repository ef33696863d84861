"""The demands that an assignment must meet, each proved by running programs against its suites."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path
from typing import Any

import grader
from grader import handout, judge, manifest, seeds, wall
from grader.audit import knowledge, pairs, programs, thresholds
from grader.audit.programs import WrongProgram
from grader.errors import CourseError, SuiteError
from grader.model import SEEDS, SUITES, Assignment, Grade, Outcome, Submission
from grader.student.process import Starter, starter
from grader.tutor import Known, Seen, caller

FULL_MARK_SEEDS = (0, 3, 6)
SAMPLE = 3  # every third of the other checks is run on a wrong program, unless the audit is full
SCRATCH = {"__pycache__", ".pytest_cache", ".grade"}  # what tools leave behind is no input
LOCK = "audit.lock"


@dataclass(frozen=True, slots=True)
class Finding:
    """One demand that is not met."""

    program: str
    what: str


@dataclass
class Report:
    """What an audit found."""

    assignment: str
    findings: list[Finding] = field(default_factory=list)
    skipped: bool = False
    runs: int = 0

    @property
    def sound(self) -> bool:
        return not self.findings


@dataclass(frozen=True, slots=True)
class _Job:
    """One program to be graded under one seed; the globs say with which checks."""

    kind: str
    submission: Submission
    seed: int
    checks: frozenset[str]
    asks: bool = False  # the witness too


def audit(
    assignment: Assignment, *, full: bool = False, workers: int | None = None, say: Callable[[str], None] = lambda text: None
) -> Report:
    """Prove *assignment*; unchanged since the last proof = skipped. A full audit runs everything and writes the tutor's traces."""
    report = Report(assignment.name)
    key = inputs_hash(assignment)
    lock = _lock(assignment)
    if not full and lock.get("inputs") == key and lock.get("sound"):
        report.skipped = True
        return report
    manifest.need_packages(assignment)
    report.findings += list(_texts(assignment))
    wrong = programs.wrong_programs(assignment)
    report.findings += [Finding(program, what) for program, what in thresholds.check(assignment, wrong, say)]
    traces_key = seeds.suite_hash(assignment, SUITES) + _programs_hash(wrong, assignment)
    traces_due = full or lock.get("traces") != traces_key
    _run_everything(assignment, wrong, report, full=full, traces=traces_due, workers=workers or os.cpu_count() or 1, say=say)
    if report.sound:
        _write_hidden_concepts(assignment)
        report.findings += list(_leaks(assignment))
    if report.sound:
        record = {"inputs": inputs_hash(assignment), "sound": True, "traces": traces_key}
        (_private(assignment) / LOCK).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return report


def _private(assignment: Assignment) -> Path:
    if assignment.private is None:
        raise CourseError(f"{assignment.name}: no solutions/{assignment.name} here; only the course's staff can audit")
    return assignment.private


def _lock(assignment: Assignment) -> dict[str, Any]:
    try:
        found = json.loads((_private(assignment) / LOCK).read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    except (OSError, ValueError):
        return {}


def inputs_hash(assignment: Assignment) -> str:
    """Return a hash over all that an audit depends on: the assignment's two folders and the rooms that grade."""
    derived = {LOCK, thresholds.RECORD, "traces.json.gz", "hidden.json", "version.json"}
    kit = Path(grader.__file__).parent
    roots = [assignment.folder, _private(assignment), *(kit / room for room in ("judge", "student", "worker", "audit", "tutor"))]
    digest = hashlib.sha256()
    for path in [kit / "wire.py", kit / "seeds.py", *(path for root in roots for path in sorted(root.rglob("*")))]:
        if path.is_file() and path.name not in derived and not SCRATCH & set(path.parts):
            digest.update(f"{path.name}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _programs_hash(wrong: Sequence[WrongProgram], assignment: Assignment) -> str:
    digest = hashlib.sha256(repr(sorted(programs.reference(assignment).files.items())).encode())
    makers = ("student/trace.py", "tutor/known.py", "tutor/witness.py", "audit/pairs.py")
    for maker in makers:  # another way to write traces makes the old ones stale
        digest.update((Path(grader.__file__).parent / maker).read_bytes())
    for style in programs.right_programs(assignment):
        digest.update(repr(sorted(style.files.items())).encode())
    for program in wrong:
        digest.update(program.path.read_bytes())
    return digest.hexdigest()[:16]


def _texts(assignment: Assignment) -> Iterator[Finding]:
    """Demand a fresh starter, and every text in both languages."""
    for name in handout.stale(assignment):
        yield Finding("handout", f"{name} is stale: it is not what the reference gives; `grade release {assignment.name}` refreshes it")
    texts = [assignment.folder / "README.md", *sorted((assignment.folder / "text").glob("*.md"))]
    for path in texts:
        if path.name.endswith(".zh.md"):
            continue
        for needed in (path, path.with_name(path.name.removesuffix(".md") + ".zh.md")):
            if not needed.is_file():
                yield Finding("handout", f"{needed.name} is missing; every text stands in both languages")


def _leaks(assignment: Assignment) -> Iterator[Finding]:
    for line in handout.leaks(assignment, handout.contents(assignment)):
        yield Finding("handout", line)


def _run_everything(
    assignment: Assignment,
    wrong: Sequence[WrongProgram],
    report: Report,
    *,
    full: bool,
    traces: bool,
    workers: int,
    say: Callable[[str], None],
) -> None:
    """Collect both suites once, grade every program in forks of that, and judge the grades."""

    def work(bench: judge.Bench) -> None:
        report.findings += [Finding(manifest.FILE_NAME, what) for what in programs.idle_rules(assignment, (c.id for c in bench.checks))]
        jobs = list(_jobs(assignment, bench, wrong, full=full, traces=traces))
        grades: dict[tuple[str, str], list[tuple[_Job, Grade]]] = {}
        seen: dict[str, Seen] = {}
        for number, (job, grade, told) in enumerate(_graded(bench, jobs, workers), 1):
            grades.setdefault((job.kind, job.submission.student), []).append((job, grade))
            if job.asks:
                seen[job.submission.student] = told
            report.runs += 1
            if number % 20 == 0:
                say(f"{assignment.name}: {number} of {len(jobs)} runs")
        for (kind, name), done in grades.items():
            program = next((p for p in wrong if p.id == name), None) if kind == "wrong" else None
            for job, grade in done:
                report.findings += list(_judged(kind, program, job, grade, assignment))
        right = [grade for (kind, _), done in grades.items() if kind in ("reference", "right") for _, grade in done]
        wrongs = [grade for (kind, _), done in grades.items() if kind == "wrong" for _, grade in done]
        report.findings += [Finding(*row) for row in knowledge.styled({grade.student: seen.get(grade.student, {}) for grade in right})]
        if report.sound and traces:
            runs = knowledge.Runs(wrong, wrongs, right, knowledge.drawing(bench), seen)
            known = _known(assignment, bench, runs, workers, say)
            knowledge.write(assignment, known)
            whole = [grade for grade in wrongs if grade.seed == 0]  # under the other seeds only what a program names was run
            missed = knowledge.unrecognised(assignment, whole, lambda name: seen.get(name, {}))
            report.findings += [Finding(program, what) for program, what in missed]

    judge.with_suite(assignment, SUITES, _no_starter, work)


def _known(assignment: Assignment, bench: judge.Bench, runs: knowledge.Runs, workers: int, say: Callable[[str], None]) -> Known:
    """Return what the tutor knows: every mistake alone, and the pairs that it would not find by that."""
    known = knowledge.known_of(runs)
    found = pairs.candidates(assignment, runs.wrong, {grade.student: grade.verdicts for grade in runs.wrongs if grade.seed == 0})
    once = list(_graded(bench, [_Job("pair", pair.submission, 0, pair.checks, asks=True) for pair in found], workers))
    meddling = {grade.student: told for _, grade, told in once if pairs.unexplained(grade, known, told)}
    kept = [pair for pair in found if pair.submission.student in meddling]
    say(f"{assignment.name}: {len(found)} pairs of mistakes run, {len(kept)} meddle with each other")
    again = [_Job("pair", pair.submission, seed, pair.checks & runs.drawing) for pair in kept for seed in range(1, SEEDS)]
    together = [grade for _, grade, _ in once if grade.student in meddling] + [grade for _, grade, _ in _graded(bench, again, workers)]
    return knowledge.known_of(runs, together, meddling)


def _no_starter() -> Starter:
    raise SuiteError("the audit starts its own workers")


def _jobs(assignment: Assignment, bench: judge.Bench, wrong: Sequence[WrongProgram], *, full: bool, traces: bool) -> Iterator[_Job]:
    every = frozenset(check.id for check in bench.checks)
    cheap = frozenset(check.id for check in bench.checks if check.rule.seconds is None)
    drawing = knowledge.drawing(bench)
    runs_her_code = frozenset(check.id for check in bench.checks if check.uses_student)
    base = programs.reference(assignment)
    yield _Job("reference", base, 0, every, asks=True)
    starters = {**base.files, **handout.starter(assignment)}
    yield _Job("starter", replace(base, student="starter", files=starters), 0, every)
    for value in ("0.0", "nan"):
        yield _Job("constant", programs.constant_program(assignment, value), 0, every)
    for style in programs.right_programs(assignment):
        for seed in FULL_MARK_SEEDS:
            first = seed == FULL_MARK_SEEDS[0]
            yield _Job("right", style, seed, every if first or full else cheap & drawing, asks=first)
    for program in wrong:
        edited = replace(base, student=program.id, files=program.apply(base.files))
        named = frozenset(check for check in every if programs.named(check, (*program.loses, *program.may_lose)))
        sample = frozenset(sorted(every - named)[::SAMPLE])
        rest = every if full else cheap if traces else sample & cheap
        if all(edit.file == assignment.source_name for edit in program.edits):
            rest &= runs_her_code  # evidence and break-it tests are the reference's own: no edit of the module shows there
        yield _Job("wrong", edited, 0, named | rest, asks=True)
        if traces:
            for seed in range(1, SEEDS):
                yield _Job("wrong", edited, seed, cheap & drawing & (every if full else named))


_BENCH: judge.Bench | None = None
_STARTER: Starter | None = None


def _graded(bench: judge.Bench, jobs: Sequence[_Job], workers: int) -> Iterator[tuple[_Job, Grade, Seen]]:
    """Grade the jobs in forks of this process, which has the suite collected; where there is no fork, here. With what the witness saw."""
    global _BENCH  # noqa: PLW0603  # a forked process finds the collected suite by this name: pytest's items cannot be sent
    _BENCH = bench
    try:
        if workers > 1 and "fork" in get_all_start_methods():
            with ProcessPoolExecutor(workers, mp_context=get_context("fork")) as pool:
                yield from ((job, *done) for job, done in zip(jobs, pool.map(_grade_here, jobs, chunksize=2), strict=True))
        else:
            yield from ((job, *_grade_here(job)) for job in jobs)
    finally:
        _BENCH = None
        _close_starter()


def _grade_here(job: _Job) -> tuple[Grade, Seen]:
    global _STARTER  # noqa: PLW0603  # one zygote for each process of the pool; it ends when the process does
    assert _BENCH is not None
    if _STARTER is None:
        packages = _BENCH.assignment.packages
        _STARTER = starter(wall.probe(), packages)
    workers = _STARTER
    _BENCH.use(lambda: workers)
    grade = _BENCH.grade(job.submission, job.seed, lambda check: check.id in job.checks)
    seen = caller(_BENCH.assignment, lambda: workers, _BENCH.program(job.submission.files))() if job.asks else {}
    return grade, seen


def _close_starter() -> None:
    global _STARTER  # noqa: PLW0603
    if _STARTER is not None:
        _STARTER.close()
        _STARTER = None


def _judged(kind: str, program: WrongProgram | None, job: _Job, grade: Grade, assignment: Assignment) -> Iterator[Finding]:
    """Yield what one graded program does that it must not."""
    name = job.submission.student
    solution = {stage.name for stage in assignment.stages if stage.part in ("solution", "stretch")}
    for verdict in grade.verdicts:
        if verdict.outcome is Outcome.FAULT:
            yield Finding(name, f"{verdict.id}: {verdict.message}")
        passed = verdict.outcome is Outcome.PASS
        if kind in ("reference", "right") and not passed and verdict.outcome is not Outcome.PENDING:
            yield Finding(name, f"seed {job.seed}: {verdict.id} is {verdict.outcome.value}: {verdict.message}")
        if kind == "starter" and passed and verdict.stage in solution:
            yield Finding(name, f"{verdict.id} passes on the starter")
        if kind == "constant" and passed:
            yield Finding(name, f"{verdict.id} passes on a program that answers the same to everything")
    if program is not None:
        yield from _losses(program, job, grade)


def _losses(program: WrongProgram, job: _Job, grade: Grade) -> Iterator[Finding]:
    lost = {v.id for v in grade.verdicts if v.outcome is not Outcome.PASS}
    run = {v.id for v in grade.verdicts}
    for check in sorted(lost):
        if not programs.named(check, (*program.loses, *program.may_lose)):
            yield Finding(program.id, f"loses {check}, which neither 'loses' nor 'may_lose' names")
    for glob in program.loses:
        hit = [check for check in run if programs.named(check, (glob,))]
        if job.seed == 0 and not hit:
            yield Finding(program.id, f"'loses' names {glob}, and no check is called so")
        elif hit and not any(check in lost for check in hit):
            yield Finding(program.id, f"passes {glob} (seed {job.seed}), which it must lose")


def _write_hidden_concepts(assignment: Assignment) -> None:
    """Write the concepts of the hidden checks into the handout: that they exist is no secret."""

    def work(bench: judge.Bench) -> list[dict[str, str]]:
        seen: dict[str, dict[str, str]] = {}
        for check in bench.checks:
            seen.setdefault(check.concept, {"stage": check.stage, "en": check.concept, "zh": check.concept_zh})
        return list(seen.values())

    rows = judge.with_suite(assignment, ["hidden"], _no_starter, work)
    path = assignment.folder / ".kit" / "hidden.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
