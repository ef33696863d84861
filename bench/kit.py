"""This kit as a contender, through its command line alone."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench import measure, suite, work
from bench.measure import Contender

KEY = {"GRADE_COURSE_KEY": "bench", "GRADE_LANG": "en"}


def check(folder: Path, program: str, *, tier: int, torch: bool = False) -> Contender:
    """Return ``grade check hw2`` in a handout with *program*: what a student types."""
    home = work.handout(folder, program, torch=torch)
    return Contender(work.grade("check", work.HOMEWORK), home, measure.environment(**KEY, GRADE_TIER=str(tier)), measure.nothing)


def check_again(folder: Path, program: str, *, tier: int, torch: bool = False) -> Contender:
    """Return the same once more: at a terminal the first check leaves a judge that waits for the next."""
    first = check(folder, program, tier=tier, torch=torch)
    runtime = folder / "run"
    runtime.mkdir(mode=0o700)
    env = {**first.env, "GRADE_WARM": "60", "XDG_RUNTIME_DIR": str(runtime)}

    def wait() -> None:
        while not any(path.suffix != ".lock" for path in runtime.glob("grade-kit/*")):
            measure.run(first.command, first.cwd, env)
            time.sleep(5 if torch else 1)

    return replace(first, env=env, clean=wait)


def end_waiting(folder: Path) -> None:
    """End the judges that wait below *folder*: their memory is not the next section's."""
    for lock in folder.glob("*/run/grade-kit/*.lock"):
        with contextlib.suppress(OSError, ValueError):
            os.kill(int(lock.read_text(encoding="ascii")), signal.SIGTERM)
    latest = time.monotonic() + 10  # one that was killed has left its lock
    while any(folder.glob("*/run/grade-kit/*.lock")) and time.monotonic() < latest:
        time.sleep(0.05)


def check_score(home: Path, program: str, tier: int) -> float:
    """Return the score that ``grade check`` prints for *program*, written into the handout *home*."""
    (home / f"{work.MODULE}.py").write_text(program, encoding="utf-8")
    env = measure.environment(**KEY, GRADE_TIER=str(tier))
    done = subprocess.run(work.grade("check", work.HOMEWORK, "--json"), cwd=home, env=env, capture_output=True, text=True, check=False)
    return round(float(json.loads(done.stdout)["score"]), 6)


def many(folder: Path, programs: Mapping[str, str], *, workers: int = 2, tier: int = 1, torch: bool = False) -> Contender:
    """Return ``grade run`` on the course of these checks alone: results in a store of its own, and one JSON line each."""
    home = suite.course(folder, torch=torch)
    work.class_folder(folder / "class", dict(programs))
    return _run(home, folder, workers, tier, len(programs))


def many_whole(folder: Path, programs: Mapping[str, str], *, workers: int = 2) -> Contender:
    """Return ``grade run`` on the real course: the public and the hidden suite, and the tutor."""
    work.class_folder(folder / "class", dict(programs))
    return _run(work.ROOT, folder, workers, 1, len(programs))


def _run(home: Path, folder: Path, workers: int, tier: int, size: int) -> Contender:
    stores, lines = folder / "stores", folder / "grades.jsonl"

    def clean() -> None:
        shutil.rmtree(stores, ignore_errors=True)
        stores.mkdir()
        lines.unlink(missing_ok=True)

    options = ["--store", str(stores / "grades.sqlite"), "--workers", str(workers), "--json"]
    command = work.grade("run", work.HOMEWORK, str(folder / "class"), *options)
    return Contender(command, home, measure.environment(**KEY, GRADE_TIER=str(tier)), clean, size, lines)


def scores(contender: Contender, times: float = suite.TIMES) -> dict[str, float]:
    """Return the scores of the last run by student, in points of twenty."""
    return {grade["student"]: round(grade["score"] / times, 6) for grade in grades(contender)}


def grades(contender: Contender) -> list[dict[str, Any]]:
    """Return what the last run printed."""
    assert contender.output is not None
    return [json.loads(line) for line in contender.output.read_text(encoding="utf-8").splitlines()]
