"""A class: hw2's hidden suite on many submissions with two workers, results in the store."""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench import measure, work

WORKERS = 2


def kit(folder: Path, size: int, workers: int = WORKERS) -> measure.Cost:
    """Grade the class with ``grade run`` into a fresh store."""
    with tempfile.TemporaryDirectory() as stores:
        command = work.grade("run", work.HOMEWORK, str(folder), "--store", f"{stores}/grades.sqlite", "--workers", str(workers))
        return measure.run(command, work.ROOT, measure.environment(GRADE_COURSE_KEY="bench"))


def bare(folder: Path, size: int) -> measure.Cost:
    """Grade the class with a bare pytest process for each submission, two at a time."""
    suite = work.ROOT / "solutions" / work.HOMEWORK / "hidden"
    env = measure.environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    started = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        costs = list(pool.map(lambda student: measure.run(work.bare_pytest(suite, student), work.ROOT, env), sorted(folder.iterdir())))
    return measure.Cost(time.perf_counter() - started, 0.0, max(cost.memory for cost in costs), max(cost.code for cost in costs))


def rows(size: int, repeats: int) -> list[measure.Row]:
    """Return the kit and bare pytest on *size* submissions, interleaved."""
    with tempfile.TemporaryDirectory() as made:
        folder = work.class_folder(Path(made), size)
        contenders = {
            "bare pytest, two at a time": lambda: bare(folder, size),
            "grade run, 2 workers": lambda: kit(folder, size),
            "grade run, 1 worker": lambda: kit(folder, size, 1),
        }
        return measure.interleaved(contenders, repeats, warm=0)
