"""The boundary's promises, each kept in-process, on tier 1, tier 2 and tier 3: the same suite, the same verdicts."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from grader import judge, manifest, seeds, wall
from grader.errors import SuiteError
from grader.model import Grade, Outcome, Submission
from grader.student.process import starter

COURSE = Path(__file__).parent / "boundary"
LIVE = (
    "test_process_gone",
    "test_time_used_up",
    "test_swallowed_end_still_counts",
    "test_process_gone_in_a_long_row",
    "test_time_used_up_in_a_long_row",
)  # these would end a process that is not walled off


@cache
def graded(tier: int) -> Grade:
    """Return the grade of the boundary's program on *tier*, or skip where this machine cannot build it."""
    the_wall = wall.probe(tier)
    if the_wall.tier != tier:
        pytest.skip(f"NOT RUN: this machine gives tier {the_wall.tier}, not {tier}: {the_wall.reason}")
    assignment = manifest.load(COURSE / "assignments" / "boundary")
    program = (COURSE / "program.py").read_bytes()
    workers = starter(the_wall, assignment.packages)
    try:
        submission = Submission("s", {"program.py": program}, "sha256:0")
        return judge.with_suite(assignment, ["public"], lambda: workers, lambda bench: bench.grade(submission))
    finally:
        workers.close()


@cache
def in_process() -> dict[str, str]:
    """Return what plain pytest says of the same suite, check by check."""
    suite = COURSE / "assignments" / "boundary" / "tests"
    command = [sys.executable, "-m", "pytest", "-p", "grader.inprocess", "-p", "no:randomly", "-c", os.devnull, "--rootdir", str(suite)]
    run = subprocess.run(
        [*command, "-rA", "-q", "--student", str(COURSE), "-k", " and ".join(f"not {name}" for name in LIVE), str(suite)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    rows = [line.split() for line in run.stdout.splitlines() if line.startswith(("PASSED ", "FAILED "))]
    return {row[1].split("::")[1]: row[0] for row in rows}


def names() -> list[str]:
    source = (COURSE / "assignments" / "boundary" / "tests" / "test_rules.py").read_text(encoding="utf-8")
    return [line[4 : line.index("(")] for line in source.splitlines() if line.startswith("def test_")]


def expected(name: str) -> str:
    """A rule's name says how its check ends: ``..._fails``, one of the three that end a worker, or a pass."""
    if name in LIVE:
        return "TIMEOUT" if name.startswith("test_time_used_up") else "CRASH"
    return "FAIL" if name.endswith("_fails") else "PASS"


@pytest.mark.parametrize("tier", [1, 2, 3])
@pytest.mark.parametrize("name", names())
def test_a_rule_holds_behind_the_wall(name: str, tier: int) -> None:
    """Each rule of docs/BOUNDARY.md has a check in tests/boundary; it ends as its name says."""
    verdict = next(v for v in graded(tier).verdicts if v.id.endswith(f"::{name}"))
    assert verdict.outcome.value == expected(name), verdict.message


@pytest.mark.parametrize("name", [name for name in names() if name not in LIVE])
def test_a_rule_holds_in_process(name: str) -> None:
    """The same suite file gives the same verdict under plain pytest."""
    assert in_process()[name] == {"PASS": "PASSED", "FAIL": "FAILED"}[expected(name)]


def test_a_failure_says_what_came_and_what_should_have() -> None:
    """The message is for the student: the expression, what came, what was due."""
    verdict = next(v for v in graded(2).verdicts if v.id.endswith("::test_wrong_number_fails"))
    assert verdict.message.startswith("student.Value(2.0).data: got 2.0, should be 3.0")


def test_an_exception_shows_her_lines_only() -> None:
    """The traceback names her file and quotes her line, and no file of ours."""
    verdict = next(v for v in graded(2).verdicts if v.id.endswith("::test_an_uncaught_exception_fails"))
    assert verdict.where.startswith("program.py:")
    assert 'return {}["k"]' in verdict.traceback
    assert "grader" not in verdict.traceback


@pytest.mark.parametrize("tier", [1, 2, 3])
def test_a_flood_of_output_is_capped_and_costs_nothing(tier: int) -> None:
    """The first kilobytes of print are kept, the rest is drained; the check passes."""
    verdict = next(v for v in graded(tier).verdicts if v.id.endswith("::test_prints_do_not_matter"))
    assert verdict.outcome is Outcome.PASS
    assert 0 < len(verdict.output) <= 64 * 1024


def _suite_refused(tmp_path: Path, check: str) -> str:
    folder = tmp_path / "assignments" / "slip"
    (folder / "tests").mkdir(parents=True)
    text = (COURSE / "assignments" / "boundary" / "assignment.toml").read_text(encoding="utf-8")
    (folder / "assignment.toml").write_text(text.replace('"boundary"', '"slip"'), encoding="utf-8")
    (folder / "tests" / "test_slip.py").write_text("import pytest\n" + check, encoding="utf-8")
    assignment = manifest.load(folder)
    with pytest.raises(SuiteError) as error:
        judge.with_suite(assignment, ["public"], lambda: pytest.fail("no worker is needed"), lambda bench: bench)
    return str(error.value)


def test_an_unmarked_check_is_refused(tmp_path: Path) -> None:
    """A check without a stage would be worth nothing in silence."""
    assert "has no stage" in _suite_refused(tmp_path, 'def test_x():\n    """x"""\n')


def test_points_that_do_not_add_up_are_refused(tmp_path: Path) -> None:
    """What the manifest promises and what the checks give must agree."""
    said = _suite_refused(tmp_path, '@pytest.mark.stage("rules", points=3)\ndef test_x():\n    """x"""\n')
    assert "add up to 3 points" in said
    assert "says 20" in said


def test_an_unknown_stage_names_the_nearest(tmp_path: Path) -> None:
    """A slip of the pen gets the right word back."""
    assert "did you mean 'rules'" in _suite_refused(tmp_path, '@pytest.mark.stage("rulez", points=20)\ndef test_x():\n    """x"""\n')


def test_a_suite_that_does_not_import_is_refused(tmp_path: Path) -> None:
    """A syntax error in the suite is the instructor's to mend, and says where."""
    assert "test_slip.py" in _suite_refused(tmp_path, "def test_x(:\n")


def test_what_tools_leave_behind_is_no_part_of_a_suite(tmp_path: Path) -> None:
    """A cache beside the checks changes no hash: else a debugging run would ask for a regrade of the class."""
    import shutil

    shutil.copytree(COURSE / "assignments" / "boundary", tmp_path / "boundary", ignore=shutil.ignore_patterns("__pycache__"))
    assignment = manifest.load(tmp_path / "boundary")
    before = seeds.suite_hash(assignment, ["public"])
    cache = tmp_path / "boundary" / "tests" / ".pytest_cache"
    cache.mkdir(exist_ok=True)
    (cache / "left-behind").write_text("cache", encoding="utf-8")
    assert seeds.suite_hash(assignment, ["public"]) == before
    (tmp_path / "boundary" / "tests" / "new.py").write_text("x = 1\n", encoding="utf-8")
    assert seeds.suite_hash(assignment, ["public"]) != before
