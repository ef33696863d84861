"""What the tests of class runs share: a course of one small assignment, hand-ins of every kind, and a count of what is left running."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_release import plant

LINUX = sys.platform.startswith("linux")
TIER = f"no wall of tier 1 or 2 on {sys.platform}"
MANIFEST = """\
name = "hw1"
title = "Doubling"
submit = { module = "double", files = ["double.py", "note.json"], packages = ["numpy"] }
stage = [{ name = "double", part = "solution", public = 20, hidden = 80 }]
limits = { seconds = 0.5, total = 3 }
"""
PUBLIC = '''\
import pytest


@pytest.mark.stage("double", points=20, zh="两倍。")
def test_two(student):
    """Twice two is four."""
    assert student.double(2) == 4
'''
HIDDEN = '''\
import os
import signal

import pytest


@pytest.mark.stage("double", points=40, zh="分数。")
def test_a_fraction(student, rng):
    """Twice a fraction is right too."""
    number = rng.random()
    assert student.double(number) == number + number


@pytest.mark.stage("double", points=40, zh="负数。")
def test_below_zero(student, submission):
    """Twice a number below zero is right too."""
    if "note.json" in submission.names and submission.json("note.json") == "end the judge":
        os.kill(os.getpid(), signal.SIGKILL)
    assert student.double(-3) == -6
'''
RIGHT = "def double(number):\n    return number + number\n"
HAND_INS = {
    "right": RIGHT,
    "numpy": "import numpy\n\ndef double(number):\n    return float(numpy.float64(number) * 2)\n",
    "wrong": "def double(number):\n    return abs(number) * 2\n",
    "broken": "def double(number:\n",
    "loop": "def double(number):\n    while number:\n        pass\n    return 0\n",
    "crash": "import os\n\ndef double(number):\n    os._exit(0)\n",
}
SCORES = {"right": 100.0, "numpy": 100.0, "wrong": 60.0, "broken": 0.0, "loop": 0.0, "crash": 0.0}


@pytest.fixture
def course(tmp_path):
    """A course repository with one assignment; hand-ins go to its folder ``class``."""
    home = tmp_path / "course"
    plant(
        home,
        {
            "assignments/hw1/assignment.toml": MANIFEST,
            "assignments/hw1/tests/test_double.py": PUBLIC,
            "solutions/hw1/double.py": RIGHT,
            "solutions/hw1/hidden/test_more.py": HIDDEN,
        },
    )
    return home


def hand_in(course: Path, student: str, source: str, **files: str) -> None:
    plant(course / "class" / student, {"double.py": source, **{name.replace("_", "."): text for name, text in files.items()}})


def hand_in_all(course: Path, kinds: tuple[str, ...] = tuple(HAND_INS)) -> None:
    """One hand-in of each kind, and one student whose folder is empty."""
    for kind in kinds:
        hand_in(course, kind, HAND_INS[kind])
    (course / "class" / "missing").mkdir()


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "grader.cli", "run", "hw1", *arguments]


def environment(**variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GRADE_")}
    return {**kept, "GRADE_LANG": "en", "COLUMNS": "200", "PYTHONPATH": str(Path(__file__).parent.parent), **variables}


def run(course: Path, *arguments: str, prefix: tuple[str, ...] = (), **variables: str) -> subprocess.CompletedProcess[str]:
    """Run ``grade run hw1`` in *course* and wait for it."""
    return subprocess.run(
        [*prefix, *command(*arguments)],
        cwd=course,
        env=environment(**variables),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def records(output: str) -> list[dict]:
    """Return the JSON lines of a run, by student."""
    return sorted((json.loads(line) for line in output.splitlines()), key=lambda record: record["student"])


@pytest.fixture
def orphans():
    """Adopt whatever is left behind by a process that this test starts; return a function that lists it, after a moment to end."""
    if not LINUX:
        pytest.skip(f"NOT RUN: {TIER}")
    before = set(children())
    ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER

    def left(wait: float = 10.0) -> list[str]:
        deadline = time.monotonic() + wait
        while (found := {pid: words for pid, words in children().items() if pid not in before}) and time.monotonic() < deadline:
            time.sleep(0.02)
        return list(found.values())

    yield left
    ctypes.CDLL(None).prctl(36, 0)


def children(of: int | None = None) -> dict[int, str]:
    """Return pid -> command of the living children of a process; dead ones of this process are reaped."""
    parent, found = of or os.getpid(), {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state, ppid = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            if int(ppid) != parent:
                continue
            if state == "Z":
                if of is None:
                    os.waitpid(int(entry.name), os.WNOHANG)
                continue
            found[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")[:200]
        except (OSError, ValueError):
            continue
    return found


def descendants(of: int) -> list[int]:
    """Return the processes below *of*, nearest first."""
    found, level = [], [of]
    while level:
        level = [child for parent in level for child in children(parent)]
        found += level
    return found
