"""Run a command and say what it cost: wall and processor seconds, and the peak memory of its whole tree of processes."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SAMPLE = 0.01  # seconds between two looks at the memory
_SUBREAPER = 36  # prctl: orphans of what we start come to us, so that they are counted


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run cost. ``memory`` is MiB of proportional set size, summed over the tree, at its peak; 0 where nobody looked."""

    wall: float
    cpu: float
    memory: float
    code: int
    said: str = ""  # the end of what it wrote to stderr


@dataclass(frozen=True, slots=True)
class Row:
    """The costs of one contender over all repeats; ``memory`` is from runs of their own, because looking costs time."""

    name: str
    costs: tuple[Cost, ...]
    memory: float = 0.0
    work: int = 1  # submissions in one run

    def median(self, field: str) -> float:
        return statistics.median(getattr(cost, field) for cost in self.costs)

    def span(self, field: str) -> tuple[float, float]:
        values = [getattr(cost, field) for cost in self.costs]
        return min(values), max(values)

    @property
    def rate(self) -> float:
        """Submissions a second."""
        return self.work / self.median("wall")


@dataclass(frozen=True, slots=True)
class Contender:
    """One way of doing the work. ``clean`` removes what the last run left, so that every run does all of it."""

    command: Sequence[str]
    cwd: Path
    env: Mapping[str, str]
    clean: Callable[[], None]
    work: int = 1
    output: Path | None = None  # where what it prints is kept; nowhere

    def run(self, *, look: bool = False) -> Cost:
        self.clean()
        return run(self.command, self.cwd, self.env, look=look, output=self.output)


def nothing() -> None:
    """Clean up nothing."""


def environment(**extra: str) -> dict[str, str]:
    """Return this environment as a user has it: byte code is kept between runs, and no setting of the kit's is in force."""
    unwanted = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if name not in unwanted and not name.startswith("GRADE_")}
    return {**kept, **extra}


def run(command: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None, *, look: bool = False, output: Path | None = None) -> Cost:
    """Run *command* and wait; what it prints goes to *output* or nowhere. *look*: sample the memory too, every 10 ms."""
    _adopt_orphans()
    before, living = _spent(), _cpu_of_tree()
    peak, done = [0.0], threading.Event()
    watcher = threading.Thread(target=_watch, args=(os.getpid(), peak, done)) if look else None
    if watcher:
        watcher.start()
    null = subprocess.DEVNULL
    with open(output or os.devnull, "wb") as stdout, tempfile.TemporaryFile() as stderr:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, env=dict(env or environment()), stdin=null, stdout=stdout, stderr=stderr)
        code = process.wait()
        wall = time.perf_counter() - started
        stderr.seek(0)
        said = stderr.read()[-1000:].decode("utf-8", "replace")
    done.set()
    if watcher:
        watcher.join()
    _bury()
    return Cost(wall, _spent() - before + _cpu_of_tree() - living, peak[0], code, said)


def interleaved(contenders: Mapping[str, Contender], repeats: int, *, rounds: Mapping[str, int] | None = None) -> list[Row]:
    """Run every contender once for its memory (and to warm the disk's cache), then all of them in turn, *repeats* times.

    *rounds*: contenders that run fewer times. A run that ends with an unexpected status stops everything: no figure without the work.
    """
    memory = {name: _checked(name, contender.run(look=True)).memory for name, contender in contenders.items()}
    costs: dict[str, list[Cost]] = {name: [] for name in contenders}
    for turn in range(repeats):
        for name, contender in contenders.items():
            if turn < (rounds or {}).get(name, repeats):
                costs[name].append(_checked(name, contender.run()))
    return [Row(name, tuple(found), memory[name], contenders[name].work) for name, found in costs.items()]


def _checked(name: str, cost: Cost) -> Cost:
    if cost.code not in (0, 1):  # 1: some checks failed, which is a result
        raise SystemExit(f"bench: {name} ended with status {cost.code}:\n{cost.said}")
    return cost


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _adopt_orphans() -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SUBREAPER, 1)


def _bury() -> None:
    """Reap the orphans that have ended, so that their time is counted."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _cpu_of_tree() -> float:
    """Return the seconds that the living descendants of this process have used: what a run left behind is counted too."""
    ticks = 0
    for pid in _tree(os.getpid())[1:]:
        with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            ticks += sum(map(int, file.read().rpartition(")")[2].split()[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _watch(root: int, peak: list[float], done: threading.Event) -> None:
    while not done.wait(SAMPLE):
        peak[0] = max(peak[0], memory_of_tree(root))


def memory_of_tree(root: int) -> float:
    """Return the MiB of proportional set size of all descendants of *root*, itself left out."""
    return sum(map(_pss, _tree(root)[1:])) / 1024


def _tree(root: int) -> list[int]:
    found, queue = [], [root]
    while queue:
        pid = queue.pop()
        found.append(pid)
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                    queue += map(int, file.read().split())
    return found


def _pss(pid: int) -> float:
    """Return the proportional set size of one process in KiB, 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            return next((float(line.split()[1]) for line in file if line.startswith("Pss:")), 0.0)
    except (OSError, ValueError):
        return 0.0
