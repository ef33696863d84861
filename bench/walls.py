"""What the wall costs: the same zygote, judge and checks with it and without it, in turn, in one run.

Without it means the zygote of tiers 1 and 2 with no namespaces around it, and workers that put no layer on (``Open``): for staff's own
programs, and no command of the kit's can ask for it. For a quick look: ``python -m bench.walls``.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from unittest import mock

from bench.page import Aim
from grader import judge, manifest, wall
from grader.audit import programs
from grader.model import Outcome
from grader.student import plain, process
from grader.student.line import Budget, Program
from grader.student.process import Zygote

ROOT = Path(__file__).resolve().parent.parent
OFF = wall.Wall(3, (), "measured without a wall")
TRIVIAL = Program({"program.py": b"def answer():\n    return 1.0\n"}, "program", ("torch", "numpy"))
BUDGET = Budget(seconds=20, memory=2048)
WARM_UP = 5


class Open(Zygote):
    """A zygote whose workers are not sealed."""

    def _open(self) -> None:
        parent = plain.package_parent()
        with mock.patch.multiple(process, WORKER=Path(__file__).with_name("unsealed.py"), package_parent=lambda: parent):
            super()._open()


@dataclass(frozen=True, slots=True)
class Cost:
    """One contender: the seconds of a warm check, or the processor seconds of a suite, of all repeats."""

    name: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)


def walls() -> dict[str, wall.Wall]:
    """Return the walls that this machine can build, and none; one that it cannot build is not in the tables."""
    found = {f"tier {tier}": made for tier in (1, 2) if (made := wall.probe(tier)).tier == tier}
    return {**found, "the wall off": OFF}


@contextlib.contextmanager
def zygotes(packages: tuple[str, ...]) -> Iterator[dict[str, Zygote]]:
    """One warm zygote behind each wall."""
    with contextlib.ExitStack() as stack:
        made = {name: (Open if the_wall is OFF else Zygote)(the_wall, packages) for name, the_wall in walls().items()}
        for zygote in made.values():
            stack.callback(zygote.close)
        yield made


def warm_checks(repeats: int) -> list[Cost]:
    """Time a check that asks nothing, with torch loaded: fork, seal, load the program, greet, end."""
    with zygotes(("torch", "numpy")) as made:
        for zygote in made.values():
            for _ in range(WARM_UP):
                _check(zygote)
        return _interleaved({name: lambda zygote=zygote: _check(zygote) for name, zygote in made.items()}, repeats)  # type: ignore[misc]


def _check(zygote: Zygote) -> float:
    started = time.perf_counter()
    worker = zygote.start(TRIVIAL, BUDGET)
    worker.names()
    worker.close()
    return time.perf_counter() - started


def suites(homework: str, rounds: int, grades: int) -> list[Cost]:
    """Measure the processor seconds of *homework*'s hidden suite on the reference: the judge's, the zygote's and all its workers'.

    *grades* gradings are one measurement, since the kernel counts the time of processes that have ended in hundredths of a second.
    """
    assignment = manifest.find(homework, ROOT)
    base = programs.reference(assignment)

    def work(bench: judge.Bench) -> list[Cost]:
        with zygotes(assignment.packages) as made:

            def spend(zygote: Zygote) -> float:
                bench.use(lambda: zygote)
                before = time.process_time() + _spent_by(zygote)
                for number in range(grades):
                    grade = bench.grade(replace(base, digest=f"sha256:{number}"), number % 8)
                    if grade.score != due:
                        failed = next(v for v in grade.verdicts if v.outcome is not Outcome.PASS)
                        raise SystemExit(f"bench: the reference got {grade.score:g} of {due:g} points; {failed.id}: {failed.message}")
                return (time.process_time() + _spent_by(zygote) - before) / grades

            for zygote in made.values():
                spend(zygote)
            return _interleaved({name: lambda zygote=zygote: spend(zygote) for name, zygote in made.items()}, rounds)  # type: ignore[misc]

    due = sum(stage.hidden for stage in assignment.stages)

    def nobody() -> Zygote:
        raise SystemExit("bench: a starter was asked for before there is one")

    return judge.with_suite(assignment, ["hidden"], nobody, work)


def _interleaved(contenders: Mapping[str, object], repeats: int) -> list[Cost]:
    values: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(repeats):
        for name, call in contenders.items():
            values[name].append(call())  # type: ignore[operator]
    return [Cost(name, tuple(found)) for name, found in values.items()]


def _spent_by(zygote: Zygote) -> float:
    """Return the processor seconds of everything below the process that the zygote was started as, the dead and buried included."""
    ticks, queue = 0, [zygote._process.pid]
    while queue:
        pid = queue.pop()
        with contextlib.suppress(OSError, ValueError, IndexError):
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                ticks += sum(map(int, file.read().rpartition(")")[2].split()[11:15]))
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                    queue += map(int, file.read().split())
    return ticks / os.sysconf("SC_CLK_TCK")


def section(repeats: int, rounds: int, grades: int = 5, homework: str = "hw2") -> tuple[str, list[Aim]]:
    """Measure, and return the page's section and its aims."""
    warm, spent = warm_checks(repeats), suites(homework, rounds, grades)
    return f"{_text(warm, spent, homework, rounds * grades)}\n", _aims(warm, spent, homework)


def _text(warm: list[Cost], spent: list[Cost], homework: str, graded: int) -> str:
    off, bare = warm[-1].median, spent[-1].median
    lines = [
        "## The wall",
        "",
        "The same zygote, judge and checks behind each wall and behind none (staff's programs only; no command can ask for that), in turn.",
        "",
        f"A warm check that asks nothing, torch loaded: fork, seal, load, greet, end ({len(warm[0].values)} repeats):",
        "",
        "| | ms (min .. max) | more than off, ms |",
        "|---|---|---|",
        *(f"| {one.name} | {_milliseconds(one)} | {1000 * (one.median - off):.1f} |" for one in warm),
        "",
        f"{homework}'s hidden suite on the reference, processor seconds of judge, zygote and workers for one grading ({graded} gradings):",
        "",
        "| | CPU s (min .. max) | ratio to off |",
        "|---|---|---|",
        *(f"| {one.name} | {one.median:.3f} ({min(one.values):.3f} .. {max(one.values):.3f}) | {one.median / bare:.2f} |" for one in spent),
    ]
    return "\n".join(lines)


def _milliseconds(one: Cost) -> str:
    return f"{1000 * one.median:.1f} ({1000 * min(one.values):.1f} .. {1000 * max(one.values):.1f})"


def _aims(warm: list[Cost], spent: list[Cost], homework: str) -> list[Aim]:
    by, cpu = {one.name: one.median for one in warm}, {one.name: one.median for one in spent}
    if "tier 1" not in by:
        return []
    return [
        Aim("the wall, for a warm check with torch loaded", 1000 * (by["tier 1"] - by["the wall off"]), 15, "ms"),
        Aim(f"CPU time of {homework}'s hidden suite on tier 1, against the wall off", cpu["tier 1"] / cpu["the wall off"], 1.1),
    ]


if __name__ == "__main__":
    text, aims = section(20, 3)
    print(text, *(aim.line() for aim in aims), sep="\n")
