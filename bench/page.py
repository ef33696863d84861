"""docs/BENCHMARKS.md: the tables, the aims, and what was reached."""

from __future__ import annotations

import datetime
import os
import platform
from dataclasses import dataclass
from importlib.metadata import version

from bench import peers, suite, venvs
from bench.floor import Share
from bench.long import Long
from bench.many import Agreement
from bench.measure import Row
from bench.tamper import Given
from bench.training import Training
from bench.watch import Save

OTHERS = ("gradescope-utils", "check50 --dev", "otter run", "nbgrader autograde")
CHECK, AGAIN, CLASS = "grade check, tier 1", "grade check again, tier 1", "grade run, 2 workers, tier 1"


@dataclass(frozen=True, slots=True)
class Aim:
    """One figure that was aimed at. *most*: smaller is better."""

    what: str
    got: float
    due: float
    unit: str = "x"
    most: bool = True

    @property
    def met(self) -> bool:
        return self.got <= self.due if self.most else self.got >= self.due

    def line(self) -> str:
        bound = "at most" if self.most else "at least"
        digits = 0 if self.unit == "ms" else 2
        due = f"{bound} {self.due:g} {self.unit}"
        return f"| {self.what} | {self.got:.{digits}f} {self.unit} | {due} | {'reached' if self.met else '**not reached**'} |"


def head(options: str, loads: tuple[float, float]) -> str:
    """Return the page's first lines: what this is, the machine, the versions."""
    names = ", ".join(f"{peer} {venvs.version(peer)}" for peer in peers.VERSIONS)
    return f"""# Benchmarks

`make bench` measures and writes this page; `make bench FULL=1` takes the sizes of a large course. Contenders are interleaved, figures
are medians (smallest and largest in brackets), and only ratios within one table mean anything: seconds belong to the machine. Processor
seconds are those of the whole tree of processes, what outlives the command included. Memory is the tree's proportional set size at its
peak, from a run of its own, because looking costs time.

The work is hw2's public suite: {len(suite.points())} checks, 20 points, their bodies word for word. pytest runs the files as they are; the
other peers run the same functions through a thin file in their own form, without having to import pytest. Environments, bundles,
releases and copies are made beforehand and not measured, which favours the peers. None of them walls the program off.

{datetime.datetime.now(datetime.UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()},
Python {platform.python_version()};
pytest {version("pytest")}, click {version("click")}, {names}. {options}
Load average {loads[0]:.1f} before and {loads[1]:.1f} after{_warned(loads[0])}.
"""


def _warned(load: float) -> str:
    return ": **the machine was not idle, so the seconds below are too large**" if load > 0.5 else ""


def table(rows: list[Row], base: str, *, rates: bool = False) -> str:
    """Return a Markdown table of *rows*; the ratio is of the cost for one submission to *base*'s."""
    due = next(row for row in rows if row.name == base)
    title = "submissions/s" if rates else "wall s (min .. max)"
    lines = [f"| | {title} | CPU s{' each' if rates else ''} | peak MiB | ratio |", "|---|---|---|---|---|"]
    for row in rows:
        low, high = row.span("wall")
        wall, cpu = row.median("wall"), row.median("cpu") / row.work
        if rates:
            figure = f"{row.rate:.2f} ({row.work / high:.2f} .. {row.work / low:.2f}), of {row.work}"
            ratio = row.rate / due.rate
        else:
            figure, ratio = f"{wall:.3f} ({low:.3f} .. {high:.3f})", wall / due.median("wall")
        lines.append(f"| {row.name} | {figure} | {cpu:.3f} | {row.memory:.0f} | {ratio:.2f} |")
    return "\n".join(lines)


def one_section(rows: list[Row], torch: list[Row]) -> str:
    text = (
        "## One check\n\nFrom the command's start to its end, the reference handed in. *Again*: at a terminal the first check leaves\n"
        f"a judge that waits for the next; its processor time and its memory are counted.\n\n{table(rows, 'bare pytest')}\n"
    )
    return text + (f"\nThe same with `import torch` in the program:\n\n{table(torch, 'bare pytest')}\n" if torch else "")


def class_section(rows: list[Row], agreement: Agreement, torch: list[Row]) -> str:
    text = (
        "## A class\n\nTwo workers. Eight kinds of program in turn, three of them wrong; no two submissions are alike. The kit's results\n"
        "are in its store. nbgrader grades one submission after another, so two courses share the class; the others run one command a\n"
        f"submission, two at a time. The slow ones get fewer submissions.\n\n{table(rows, 'bare pytest', rates=True)}\n\n"
        f"{agreement.words} A run that disagrees gives no figures.\n"
    )
    if not torch:
        return text
    why = "the peers get fewer submissions: each of theirs starts a process and imports torch, whichever it is"
    return f"{text}\nThe same with `import torch` in every program; {why}:\n\n{table(torch, 'bare pytest', rates=True)}\n"


def long_section(found: Long) -> str:
    part, last = found.part, len(found.came) - 1
    return (
        f"## A long run\n\n`grade run hw2`, both suites, 2 workers, {len(found.came)} submissions in one run.\n\n"
        f"| | first {part} | last {part} |\n|---|---|---|\n"
        f"| submissions/s | {found.rate(0, part):.2f} | {found.rate(last - part, last):.2f} |\n"
        f"| memory of all processes, MiB | {found.peak(0, part):.0f} | {found.peak(last - part, last):.0f} |\n\n"
        f"The first grade came after {found.came[0]:.2f} s. {_flat(found)}\n"
    )


def _flat(found: Long) -> str:
    if len(found.came) < 100:
        return "Too few for a slope."
    return f"A submission after a thousand others costs {found.slope:+.1f} ms more (least squares over the whole run; 0 is flat)."


def training_section(found: Training) -> str:
    return (
        "## Training\n\nhw4's hidden suite on the reference: the checks' own seconds in a bare pytest that has loaded torch, and in the\n"
        "kit; one thread each.\n\n| | bare s | kit s | ratio |\n|---|---|---|---|\n"
        f"| the checks that train | {found.bare_training:.1f} | {found.kit_training:.1f} | "
        f"{found.kit_training / found.bare_training:.2f} |\n"
        f"| all {found.checks} hidden checks | {found.bare:.1f} | {found.kit:.1f} | {found.kit / found.bare:.2f} |\n\n"
        f"The whole `grade run hw4`, both suites, start and import of torch included: {found.whole:.1f} s. Run once each way.\n"
    )


def watch_section(found: list[Save], torch: list[float]) -> str:
    first, whole = (sorted(getattr(save, name) for save in found) for name in ("first", "whole"))
    middle = len(found) // 2
    return (
        f"## Watching\n\n`grade check hw2 --watch` in a terminal, {len(found)} saves.\n\n"
        "| from the save to | median ms (min .. max) |\n|---|---|\n"
        f"| the check that she looks at | {first[middle]:.0f} ({first[0]:.0f} .. {first[-1]:.0f}) |\n"
        f"| the whole public suite | {whole[middle]:.0f} ({whole[0]:.0f} .. {whole[-1]:.0f}) |\n"
        f"| hw4's public checks that train nothing, torch warm, {len(torch)} rounds | {sorted(torch)[len(torch) // 2]:.0f}"
        f" ({min(torch):.0f} .. {max(torch):.0f}) |\n"
    )


def floor_section(shares: list[Share], totals: tuple[float, float], bodies: float, steps: list[tuple[str, float]]) -> str:
    lines = [f"| {share.what} | {share.one:.1f} | {share.of_many:.1f} |" for share in shares if share.one >= 0.05 or share.of_many >= 0.05]
    below = [f"| {what} | {cost:.2f} |" for what, cost in steps]
    return "\n".join(
        [
            "## Where each millisecond goes",
            "",
            "A sample of the main thread every millisecond, in the command and in its judges, each put down to the innermost frame that",
            "belongs to one of these. One check: the median of some runs of `grade check`. One of a class: all processes of a `grade run`",
            "with one worker, idle waiting left out, divided by the submissions, so its start is shared. Being sampled costs a little.",
            "",
            "| | one check, ms | one of a class, ms |",
            "|---|---|---|",
            *lines,
            f"| **all** | {totals[0]:.0f} | {totals[1]:.0f} |",
            "",
            "The floor below which no grader gets, and what the parts cost that processes, a wall and a store cannot do without:",
            "",
            "| | ms |",
            "|---|---|",
            f"| the bodies of all checks in one warm process, garbage collector off | {bodies:.2f} |",
            *below,
            "",
        ]
    )


def tamper_section(found: list[Given]) -> str:
    lines = [f"| {given.name} | {given.honest:g} | {given.tampered:g} |" for given in found]
    return "\n".join(
        [
            "## A submission that tampers",
            "",
            "The starter, which has done nothing; and the same file with fifteen lines that empty every check they find around them.",
            "",
            "| points of 20 | starter | the starter, tampering |",
            "|---|---|---|",
            *lines,
            "",
        ]
    )


def store_section(rows: list[Row], students: int, attempts: int) -> str:
    return (
        f"## A term's gradebook\n\n{attempts:,} attempts of {students:,} students at one homework, 37 checks each, in SQLite; every\n"
        f"export is written to files.\n\n{table(rows, rows[0].name)}\n"
    )


def aims_section(aims: list[Aim]) -> str:
    return "\n".join(["## Aims", "", "| | this run | aim | |", "|---|---|---|---|", *(aim.line() for aim in aims), ""])


def one_aims(rows: list[Row], torch: list[Row]) -> list[Aim]:
    by, heavy = ({row.name: row.median("wall") for row in found} for found in (rows, torch))
    fastest = min(by[name] for name in OTHERS)
    return [
        Aim("one check, walled, after another, against the fastest peer", by[AGAIN] / fastest, 1.0),
        Aim("the same with torch imported", heavy[AGAIN] / min(heavy[name] for name in OTHERS), 1.0),
        Aim("one check, walled, the first, against bare pytest", by[CHECK] / by["bare pytest"], 1.2),
        Aim("`grade --help`", 1000 * by["grade --help"], 70, "ms"),
    ]


def class_aims(rows: list[Row], torch: list[Row]) -> list[Aim]:
    by = {row.name: row.rate for row in rows}
    aims = [
        Aim(f"a class, walled, against {name}", by[CLASS] / by[name], due, most=False)
        for name, due in (("gradescope-utils", 1.5), ("bare pytest", 3), ("nbgrader autograde", 15), ("otter run", 15))
    ]
    if torch:
        rates = {row.name: row.rate for row in torch}
        best = max(rates[name] for name in OTHERS)
        aims.append(Aim("a class that imports torch, against the best peer", rates[CLASS] / best, 7, most=False))
    return aims


def long_aims(found: Long) -> list[Aim]:
    part, last = found.part, len(found.came) - 1
    return [
        Aim("rate of the last submissions against the first", found.rate(last - part, last) / found.rate(0, part), 0.95, most=False),
        Aim("memory with the last submissions against the first", found.peak(last - part, last) / (found.peak(0, part) or 1), 1.1),
    ]


def training_aims(found: Training) -> list[Aim]:
    return [Aim("hw4's hidden suite against the same training in a bare script", found.kit / found.bare, 1.15)]


def watch_aims(found: list[Save], torch: list[float]) -> list[Aim]:
    middle = len(found) // 2
    return [
        Aim("from a save to the first failing check", sorted(save.first for save in found)[middle], 150, "ms"),
        Aim("from a save to the whole suite", sorted(save.whole for save in found)[middle], 400, "ms"),
        Aim("hw4's public checks that train nothing, torch warm", sorted(torch)[len(torch) // 2], 500, "ms"),
    ]


def store_aims(rows: list[Row]) -> list[Aim]:
    slowest = max(rows, key=lambda row: row.median("wall"))
    return [Aim(f"the slowest reading command (`{slowest.name}`)", slowest.median("wall"), 2, "s")]
