"""A class run is killed with -9 at random moments, in any of its processes: nothing told is lost, nothing stands twice or survives."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest
from batch_kit import RIGHT, command, course, descendants, environment, hand_in, orphans, run

from grader import wall
from grader.gradebook import open_store

__all__ = ["course", "orphans"]  # fixtures
pytestmark = pytest.mark.skipif(wall.probe().tier > 2, reason="NOT RUN: no wall of tier 1 or 2 here")
MOMENTS = 200 if os.environ.get("GRADE_TEST_ALL") == "1" else 20
STUDENTS = 8


class Class:
    """A class that hands in anew whenever all of it is graded, so that there is always something to kill."""

    def __init__(self, course: Path) -> None:
        self.course = course
        self.round = 0
        self.told: list[tuple[str, str]] = []
        self.hand_in()

    def hand_in(self) -> None:
        self.round += 1
        for index in range(STUDENTS):
            hand_in(self.course, f"s{index}", RIGHT + f"# {self.round}.{index}\n")

    def killed_run(self, draw: random.Random) -> bool:
        """Start a run and kill one of its processes at a random moment; return whether the run came to its end."""
        words, pipe = command("class", "--json", "--workers", "2"), subprocess.PIPE
        process = subprocess.Popen(words, cwd=self.course, env=environment(), stdout=pipe, stderr=subprocess.DEVNULL)
        time.sleep(draw.random() ** 2 * 4)  # most of a run is its beginning, on a slow machine too
        victims = [process.pid, *descendants(process.pid)]
        victim = process.pid if draw.random() < 0.3 else draw.choice(victims)
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
        out, _ = process.communicate(timeout=120)
        for line in out.decode().splitlines(keepends=True):
            if line.endswith("\n"):  # half a line tells nobody anything
                record = json.loads(line)
                assert (record["status"], record["score"]) == ("graded", 100.0), "a kill is nobody's zero"
                self.told.append((record["student"], record["submission"]))
        return process.returncode == 0

    def stored(self) -> Counter[tuple[str, str]]:
        with open_store(self.course / "grades.sqlite") as book:
            return Counter((s.student, s.submission) for s in book.summaries("hw1") if s.status == "graded")


def test_a_kill_at_any_moment_loses_nothing(course, orphans):
    """Acknowledged is stored, once; the next run goes on; no process is left, whichever of them was killed."""
    draw = random.Random(MOMENTS)
    group = Class(course)
    for _ in range(MOMENTS):
        if group.killed_run(draw):
            group.hand_in()
        assert orphans() == []
    last = run(course, "class")
    assert last.returncode == 0, last.stderr
    stored = group.stored()
    assert set(group.told) <= set(stored)
    assert set(stored.values()) == {1}
    assert Counter(group.told).most_common(1)[0][1] == 1, "told once"
    assert len({student for student, _ in stored}) == STUDENTS
