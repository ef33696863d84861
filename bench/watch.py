"""``grade check --watch`` in a pseudo-terminal: how long from a save to the first failing check on the screen, and to the whole suite."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench import kit, measure, work

RUNNING, KEYS = b"checking the rest", b"q quit"
PATIENCE = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Save:
    """Milliseconds from one save to the two screens."""

    first: float
    whole: float


TORCH, TRAINING = "hw4", ("sweep", "train")  # the homework that needs torch, and its stages that train


def without_training(repeats: int) -> list[float]:
    """Return the milliseconds of each round of the public checks that train nothing: a judge and a process with torch that are warm."""
    from grader import audit, judge, manifest, practice

    assignment = manifest.find(TORCH, Path(__file__).resolve().parent.parent)
    submission = audit.reference(assignment)
    workers = practice.open_starter(assignment, submission)

    def work_(bench: judge.Bench) -> list[float]:
        found = []
        for _ in range(repeats + 1):
            started = time.perf_counter()
            bench.grade(submission, practice.SEED, lambda check: check.stage not in TRAINING)
            found.append(1000 * (time.perf_counter() - started))
        return found[1:]

    try:
        return judge.with_suite(assignment, ["public"], lambda: workers, work_)
    finally:
        workers.close()


def saves(repeats: int) -> list[Save]:
    """Return what *repeats* saves took; two programs that fail different checks take turns."""
    programs = work.kinds()[-2:]
    with tempfile.TemporaryDirectory() as made:
        home = work.handout(Path(made), programs[1])
        master, theirs = pty.openpty()
        env = measure.environment(**kit.KEY, TERM="xterm", COLUMNS="120", LINES="40")
        command = work.grade("check", work.HOMEWORK, "--watch")
        process = subprocess.Popen(command, cwd=home, env=env, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
        os.close(theirs)
        try:
            _screens(master, time.perf_counter())
            found = []
            for turn in range(repeats + 1):
                time.sleep(0.5)  # she reads; the machine is idle
                (home / f"{work.MODULE}.py").write_text(programs[turn % 2] + f"# {turn}\n", encoding="utf-8")
                found.append(_screens(master, time.perf_counter()))
            os.write(master, b"q")
            process.wait(10)
        finally:
            process.kill()
            process.wait()
            os.close(master)
    return found[1:]


def _screens(master: int, since: float) -> Save:
    """Wait for the next screen with a verdict, and for the one that shows the whole suite."""
    first, seen = 0.0, b""
    while time.perf_counter() - since < PATIENCE:
        if not select.select([master], [], [], 1.0)[0]:
            continue
        seen += os.read(master, 65536)
        while KEYS in seen:
            screen, _, seen = seen.partition(KEYS)
            now = 1000 * (time.perf_counter() - since)
            first = first or now
            if RUNNING not in screen:
                return Save(first, now)
    raise SystemExit(f"bench: grade check --watch showed nothing in {PATIENCE:.0f} s; last: {seen[-300:]!r}")
