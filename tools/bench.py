"""``make bench``: measure, and write docs/BENCHMARKS.md. Options for a quick look: ``--repeats 3 --size 20``."""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import many, one  # noqa: E402
from bench.measure import Row  # noqa: E402

PAGE = ROOT / "docs" / "BENCHMARKS.md"


def table(rows: list[Row], base: str, unit: float = 1.0) -> str:
    """Return a Markdown table: seconds, processor seconds, memory, and the ratio of the medians to *base*."""
    due = next(row for row in rows if row.name == base).median("wall")
    lines = ["| | wall s (min .. max) | CPU s | peak MiB | ratio |", "|---|---|---|---|---|"]
    for row in rows:
        low, high = row.span("wall")
        wall, cpu = row.median("wall"), row.median("cpu")
        spent = f"{cpu / unit:.3f}" if cpu else "-"
        lines.append(
            f"| {row.name} | {wall / unit:.3f} ({low / unit:.3f} .. {high / unit:.3f}) | {spent} "
            f"| {row.median('memory'):.0f} | {wall / due:.2f} |"
        )
    return "\n".join(lines)


def aims(checks: list[Row], classes: list[Row]) -> str:
    """Return what was aimed at, and whether this run reached it."""
    by = {row.name: row for row in (*checks, *classes)}
    check = by["grade check, tier 1"].median("wall") / by["bare pytest, in-process"].median("wall")
    rate = by["bare pytest, two at a time"].median("wall") / by["grade run, 2 workers"].median("wall")
    rows = [
        ("one check, walled, against bare pytest", f"{check:.2f} x", "at most 1.5 x", check <= 1.5),
        ("a class against two parallel bare pytest", f"{rate:.2f} x", "at least 2 x", rate >= 2),
        ("`grade --help`", f"{1000 * by['grade --help'].median('wall'):.0f} ms", "under 70 ms", by["grade --help"].median("wall") < 0.07),
        (
            "memory of one check",
            f"{by['grade check, tier 1'].median('memory'):.0f} MiB",
            "under 150 MiB",
            by["grade check, tier 1"].median("memory") < 150,
        ),
    ]
    lines = [f"| {what} | {got} | {due} | {'reached' if met else 'not reached'} |" for what, got, due, met in rows]
    return "\n".join(["## Aims", "", "| | this run | aim | |", "|---|---|---|---|", *lines])


def page(repeats: int, size: int, rounds: int) -> str:
    """Measure everything and return the page."""
    checks = one.rows(repeats)
    classes = many.rows(size, rounds)
    rates = "\n".join(f"* {row.name}: {size / row.median('wall'):.1f} submissions/s" for row in classes)
    load = os.getloadavg()[0]
    return f"""# Benchmarks

`make bench` measures and writes this page. Every table comes from one run; contenders are interleaved; the figures are medians; ratios
matter, seconds belong to the machine. Memory is the proportional set size of the whole tree of processes at its peak.

{datetime.datetime.now(datetime.UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()},
Python {platform.python_version()},
pytest {version("pytest")}, click {version("click")}; load average {load:.1f} when the page was written.

## One check (hw2's public suite, whole process, {repeats} repeats)

{table(checks, "bare pytest, in-process")}

## A class (hw2's hidden suite, {size} submissions, {rounds} rounds)

{table(classes, "bare pytest, two at a time")}

{rates}

{aims(checks, classes)}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15, help="of one check")
    parser.add_argument("--size", type=int, default=100, help="submissions in the class")
    parser.add_argument("--rounds", type=int, default=3, help="of the class")
    parser.add_argument("--print", action="store_true", help="print the page instead of writing it")
    options = parser.parse_args()
    text = page(options.repeats, options.size, options.rounds)
    if options.print:
        print(text)
    else:
        PAGE.write_text(text, encoding="utf-8")
        print(f"bench: wrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
