"""A limit is the program's own time: a busy machine turns no PASS into a TIMEOUT, and saves nobody who uses up what she has.

What ``grade run`` does when a check has run out of time beside others (once more, alone) is tested in test_batch_run.py.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from grader import judge, manifest, wall
from grader.model import Outcome, Submission
from grader.student.process import starter

LIMIT = 0.8  # seconds
WORK = 0.4  # of its own that the honest program needs: half the limit
RIVALS = 3  # on the same processor: what takes WORK alone takes four times as long

MANIFEST = f"""
name = "busy"
title = "Busy"
title_zh = "忙"

[submit]
module = "work"
files = ["work.py"]

[[stage]]
name = "work"
part = "solution"
title = "Work"
title_zh = "干活"
public = 20
hidden = 80

[limits]
seconds = {LIMIT}
total = 60
"""
SUITE = '''
import pytest


@pytest.mark.stage("work", points=20, zh="干活。")
def test_it_works(student):
    """It works."""
    assert student.work() == 1.0
'''
BURNS = "import time\n\ndef work():\n    while time.process_time() < {until}: pass\n    return 1.0\n"
SLEEPS = "import time\n\ndef work():\n    time.sleep(100)\n    return 1.0\n"

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="NOT RUN: Linux tells how long a process has waited")


@contextlib.contextmanager
def on_one_processor() -> Iterator[None]:
    """Whatever is started in here shares one processor."""
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(mine)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, mine)


@contextlib.contextmanager
def rivals(count: int) -> Iterator[None]:
    """As many processes that only burn time, of the same priority."""
    with on_one_processor():
        busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
        for process in busy:
            process.wait()


@pytest.fixture
def graded(tmp_path):
    """Grade a program beside RIVALS on one processor; return its verdict and the seconds that passed."""
    folder = tmp_path / "assignments" / "busy"
    (folder / "tests").mkdir(parents=True)
    (folder / "assignment.toml").write_text(MANIFEST, encoding="utf-8")
    (folder / "tests" / "test_work.py").write_text(SUITE, encoding="utf-8")

    def grade(tier: int, source: str):
        the_wall = wall.probe(tier)
        if the_wall.tier != tier:
            pytest.skip(f"NOT RUN: this machine gives tier {the_wall.tier}, not {tier}: {the_wall.reason}")
        with on_one_processor():
            workers = starter(the_wall, ())
        submission = Submission("s", {"work.py": source.encode()}, f"sha256:{hashlib.sha256(source.encode()).hexdigest()}")
        try:
            with rivals(RIVALS):
                started = time.monotonic()
                grade = judge.with_suite(manifest.load(folder), ["public"], lambda: workers, lambda bench: bench.grade(submission))
                return grade.verdicts[0], time.monotonic() - started
        finally:
            workers.close()

    return grade


@pytest.mark.parametrize("tier", [1, 2])
def test_a_busy_machine_turns_no_pass_into_a_timeout(graded, tier):
    """Half of its limit is all that the program needs; that the machine takes four times as long to give it is not her fault."""
    verdict, passed = graded(tier, BURNS.format(until=WORK))
    assert (verdict.outcome, verdict.message) == (Outcome.PASS, "")
    assert passed > LIMIT, "the machine was not busy: nothing was proved"


@pytest.mark.parametrize("tier", [1, 2])
def test_a_busy_machine_saves_no_endless_program(graded, tier):
    """Who uses up the limit gets a TIMEOUT, within a bounded number of limits."""
    verdict, passed = graded(tier, BURNS.format(until=60))
    assert verdict.outcome is Outcome.TIMEOUT
    assert passed < 12 * LIMIT


def test_to_sleep_is_not_to_wait_for_a_processor(graded):
    """Time that a program sleeps is its own, however busy the machine is."""
    verdict, passed = graded(2, SLEEPS)
    assert verdict.outcome is Outcome.TIMEOUT
    assert passed < 12 * LIMIT
