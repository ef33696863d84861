"""Run a command and say what it cost: wall and processor seconds, and the peak memory of its whole tree of processes."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
SAMPLE = 0.01  # seconds between two looks at the memory


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run cost. ``memory`` is MiB of proportional set size, summed over the tree, at its peak."""

    wall: float
    cpu: float
    memory: float
    code: int


@dataclass(frozen=True, slots=True)
class Row:
    """The costs of one contender over all repeats."""

    name: str
    costs: tuple[Cost, ...]

    def median(self, field: str) -> float:
        return statistics.median(getattr(cost, field) for cost in self.costs)

    def span(self, field: str) -> tuple[float, float]:
        values = [getattr(cost, field) for cost in self.costs]
        return min(values), max(values)


def environment(**extra: str) -> dict[str, str]:
    """Return this environment as a user has it: byte code is kept between runs."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")}
    return {**kept, **extra}


def run(command: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None) -> Cost:
    """Run *command* and wait; its output goes nowhere."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=cwd, env=dict(env or environment()), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    peak = [0.0]
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, peak, done))
    watcher.start()
    code = process.wait()
    wall = time.perf_counter() - started
    done.set()
    watcher.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall, cpu, peak[0], code)


def interleaved(contenders: Mapping[str, Callable[[], Cost]], repeats: int, *, warm: int = 1) -> list[Row]:
    """Run every contender *warm* times unmeasured, then all of them in turn, *repeats* times."""
    for call in contenders.values():
        for _ in range(warm):
            call()
    costs: dict[str, list[Cost]] = {name: [] for name in contenders}
    for _ in range(repeats):
        for name, call in contenders.items():
            costs[name].append(call())
    return [Row(name, tuple(found)) for name, found in costs.items()]


def _watch(root: int, peak: list[float], done: threading.Event) -> None:
    while not done.wait(SAMPLE):
        peak[0] = max(peak[0], sum(_pss(pid) for pid in _tree(root)) / 1024)


def _tree(root: int) -> list[int]:
    found, queue = [], [root]
    while queue:
        pid = queue.pop()
        found.append(pid)
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                    queue += map(int, file.read().split())
        except OSError:
            continue
    return found


def _pss(pid: int) -> float:
    """Return the proportional set size of one process in KiB, 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            return next((float(line.split()[1]) for line in file if line.startswith("Pss:")), 0.0)
    except (OSError, ValueError):
        return 0.0
