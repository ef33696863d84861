"""Counts that must not grow unseen: what a check imports, says on the wire and forks; what an attempt asks of the store.

A timed test would fail on a slow day and pass on a fast machine. A count fails when the work grows, and then on any machine. Who makes one
larger on purpose changes the number here, and says why in the commit.
"""

from __future__ import annotations

import json
import marshal
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from gradebook_kit import grade

from grader import judge, manifest, wall
from grader.gradebook import open_store
from grader.judge import Bench
from grader.model import Submission
from grader.student.process import starter

ROOT = Path(__file__).resolve().parents[1]
MODULES = (ROOT / "tests" / "golden" / "check_modules.txt").read_text(encoding="utf-8").split()
PUBLIC_FRAMES, PUBLIC_BYTES = 205, 173_319  # hw2's reference, 23 checks; and its byte code, told once: each Python's is of another length
HIDDEN_FRAMES = 498  # 48 checks, long rows of operations in parts; what her own tests ask through the judge is not in it
STATEMENTS = ["BEGIN", "SELECT", "SELECT", "INSERT", "DELETE"]
TOO_HEAVY = {"torch", "numpy", "sqlalchemy", "rich", "jinja2", "nbgrader", "nbformat", "asyncio", "ssl", "http", "multiprocessing"}
COUNT = """\
import json, sys
sys.argv = ["grade", "check", "hw2"]
from grader.cli import main
try:
    main(prog_name="grade")
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def imported(folder: Path) -> set[str]:
    """Return the modules that one ``grade check hw2`` imports in the judge's process."""
    env = {**os.environ, "GRADE_LANG": "en"}
    done = subprocess.run(
        [sys.executable, "-c", COUNT], cwd=folder, env=env, capture_output=True, text=True, encoding="utf-8", check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return set(json.loads(done.stderr.strip().splitlines()[-1]))


def test_a_check_that_passes_imports_these_modules_of_the_kit_and_nothing_heavy(handout: Path) -> None:
    found = imported(handout)
    assert sorted(name for name in found if name.partition(".")[0] == "grader") == MODULES
    assert found & TOO_HEAVY == set()


def graded(suites: list[str], tier: int) -> tuple[dict[str, int], int]:
    """Grade the reference twice; return the second time's counts, and how many checks there are."""
    the_wall = wall.probe(tier)
    if the_wall.tier != tier:
        pytest.skip(f"NOT RUN: this machine gives tier {the_wall.tier}, not {tier}: {the_wall.reason}")
    assignment = manifest.find("hw2", ROOT)
    files = {p.name: p.read_bytes() for p in (ROOT / "solutions" / "hw2").iterdir() if p.suffix in (".py", ".json", ".jsonl")}
    workers = starter(the_wall, assignment.packages, [])
    submission = Submission("s", files, "sha256:0")

    def work(bench: Bench) -> tuple[dict[str, int], int]:
        bench.grade(submission)
        before = bench.frames, bench.wire_bytes, workers.forks, getattr(workers, "embryos", 0)
        assert bench.grade(submission).score > 0
        counts = {"frames": bench.frames - before[0], "bytes": bench.wire_bytes - before[1], "forks": workers.forks - before[2]}
        counts["embryos"] = getattr(workers, "embryos", 0) - before[3]
        return counts, len(bench.checks)

    try:
        return judge.with_suite(assignment, suites, lambda: workers, work)
    finally:
        workers.close()


def test_the_public_suite_takes_one_worker(handout: Path) -> None:
    """On tier 3 as well, where each worker is a Python of its own. Two frames a question, and two for each fresh start."""
    counts, checks = graded(["public"], 3)
    assert checks == 23
    source = (ROOT / "solutions" / "hw2" / "micrograd.py").read_bytes()
    code = len(marshal.dumps(compile(source, "micrograd.py", "exec", dont_inherit=True)))
    assert counts == {"frames": PUBLIC_FRAMES, "bytes": PUBLIC_BYTES + code, "forks": 1, "embryos": 0}


def test_the_hidden_suite_takes_a_worker_a_check_and_no_more() -> None:
    """And for the tests that she wrote, a pair for each program that they are tried on, and one that counts them."""
    counts, checks = graded(["hidden"], 2)
    pairs = len(list((ROOT / "solutions" / "hw2" / "break").rglob("*.py")))
    with_student = 40
    assert checks == 48
    assert counts["forks"] == with_student + 2 * pairs + 1
    assert counts["embryos"] == 1
    assert counts["frames"] == HIDDEN_FRAMES


def test_an_attempt_costs_the_store_one_transaction_and_these_statements(tmp_path: Path) -> None:
    """One commit is one fsync of SQLite's log."""
    with open_store(tmp_path / "grades.sqlite") as book:
        book.append(grade("alice"))
        statements: list[str] = []
        commits: list[int] = []
        engine = book._database._engine
        sa.event.listen(engine, "before_cursor_execute", lambda *event: statements.append(event[2].split()[0]))
        sa.event.listen(engine, "commit", lambda connection: commits.append(1))
        book.append(grade("alice", submission="sha256:2"), work="hw1/alice")
        assert len(commits) == 1
        assert statements == STATEMENTS
