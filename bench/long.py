"""A long run of ``grade run``: does a submission cost the same at the end as at the beginning, in time and in memory?"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from bench import kit, measure, work

LOOK = 0.2  # seconds between two looks at the memory


@dataclass(frozen=True, slots=True)
class Long:
    """When each grade came, in seconds from the start, and the tree's memory in MiB at some instants."""

    came: tuple[float, ...]
    memory: tuple[tuple[float, float], ...]

    @property
    def part(self) -> int:
        """How many submissions the beginning and the end are: 100, or a fourth of a shorter run."""
        return min(100, len(self.came) // 4)

    def rate(self, first: int, last: int) -> float:
        """Return submissions a second between the grade number *first* and the grade number *last*."""
        return (last - first) / (self.came[last] - self.came[first])

    def peak(self, first: int, last: int) -> float:
        """Return the median memory while the grades *first* to *last* came."""
        seen = [mib for at, mib in self.memory if self.came[first] <= at <= self.came[last]]
        return statistics.median(seen) if seen else 0.0

    @property
    def slope(self) -> float:
        """Return by how many milliseconds a submission costs more after a thousand others: least squares over the gaps, 20 at a time."""
        step = max(1, len(self.came) // 50)
        points = [(low, (self.came[low + step] - self.came[low]) / step) for low in range(20, len(self.came) - step, step)]
        middle_x, middle_y = (statistics.fmean(axis) for axis in zip(*points, strict=True))
        spread = sum((x - middle_x) ** 2 for x, _ in points)
        return 1000 * 1000 * sum((x - middle_x) * (y - middle_y) for x, y in points) / spread


def run(size: int) -> Long:
    """Grade *size* submissions with both suites of hw2 and two workers; watch the lines come."""
    with tempfile.TemporaryDirectory() as made:
        contender = kit.many_whole(Path(made), work.programs(size))
        contender.clean()
        started, done = time.perf_counter(), threading.Event()
        memory: list[tuple[float, float]] = []

        def look() -> None:
            while not done.wait(LOOK):
                memory.append((time.perf_counter() - started, measure.memory_of_tree(os.getpid())))

        watcher = threading.Thread(target=look)
        watcher.start()
        try:
            null = subprocess.DEVNULL
            process = subprocess.Popen(contender.command, cwd=contender.cwd, env=dict(contender.env), stdout=subprocess.PIPE, stderr=null)
            assert process.stdout is not None
            lines = [(time.perf_counter() - started, line) for line in process.stdout]
            code = process.wait()
        finally:
            done.set()
            watcher.join()
    if code or len(lines) != size:
        faults = {grade.get("message", "") for _, line in lines if (grade := json.loads(line))["status"] != "graded"}
        raise SystemExit(f"bench: grade run gave {len(lines)} of {size} grades and ended with status {code}: {'; '.join(faults)}")
    return Long(tuple(at for at, _ in lines), tuple(memory))
