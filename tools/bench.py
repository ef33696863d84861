"""``make bench``: measure, and write docs/BENCHMARKS.md. ``--only one --repeats 3 --print`` for a quick look at a part."""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import engines, floor, long, many, one, page, store, tamper, training, walls, watch  # noqa: E402
from bench.page import Aim  # noqa: E402

PAGE = ROOT / "docs" / "BENCHMARKS.md"
FULL = {"size": 300, "engine_size": 300, "few": 300, "long": 3000, "torch_size": 300, "torch_peers": 60, "torch_few": 60, "rounds": 3}
Section = tuple[str, list[Aim]]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="the sizes of a large course (hours)")
    parser.add_argument("--repeats", type=int, default=15, help="of one check")
    parser.add_argument("--slow", type=int, default=5, help="of one check, where it takes seconds")
    parser.add_argument("--size", type=int, default=60, help="submissions in the class")
    parser.add_argument("--few", type=int, default=12, help="submissions for the slow contenders")
    parser.add_argument("--rounds", type=int, default=3, help="of the class")
    parser.add_argument("--torch-size", type=int, default=24, help="submissions in the class with torch")
    parser.add_argument("--torch-peers", type=int, default=24, help="of these for the peers")
    parser.add_argument("--torch-few", type=int, default=4, help="of these for the slow ones among them")
    parser.add_argument("--long", type=int, default=200, help="submissions in the long run")
    parser.add_argument("--engine-size", type=int, default=60, help="submissions for each engine, with one worker and with two")
    parser.add_argument("--attempts", type=int, default=10_000, help="in the term's gradebook, of a tenth as many students")
    parser.add_argument("--only", default="", help=f"some of: {', '.join(SECTIONS)}")
    parser.add_argument("--print", action="store_true", help="print the page instead of writing it")
    options = parser.parse_args()
    if options.full:
        for name, size in FULL.items():
            setattr(options, name, max(size, getattr(options, name)))
    unknown = set(filter(None, options.only.split(","))) - set(SECTIONS)
    if unknown:
        parser.error(f"no section {', '.join(unknown)}; known: {', '.join(SECTIONS)}")
    return options


def _one(options: argparse.Namespace) -> Section:
    rows, torch = one.rows(options.repeats, options.slow), one.rows(max(1, options.repeats // 3), max(1, options.slow // 2), torch=True)
    return page.one_section(rows, torch), page.one_aims(rows, torch)


def _class(options: argparse.Namespace) -> Section:
    rows, agreement = many.rows(options.size, options.few, options.rounds)
    torch, _ = many.rows(options.torch_size, options.torch_few, 1, peers_size=options.torch_peers, torch=True)
    return page.class_section(rows, agreement, torch), page.class_aims(rows, torch)


def _long(options: argparse.Namespace) -> Section:
    found = long.run(options.long)
    return page.long_section(found), page.long_aims(found)


def _watch(options: argparse.Namespace) -> Section:
    found, torch = watch.saves(options.repeats), watch.without_training(options.slow)
    return page.watch_section(found, torch), page.watch_aims(found, torch)


def _training(options: argparse.Namespace) -> Section:
    found = training.run()
    return page.training_section(found), page.training_aims(found)


def _floor(options: argparse.Namespace) -> Section:
    shares, *totals = floor.profile()
    return page.floor_section(shares, (totals[0], totals[1]), floor.bodies(), floor.steps()), []


def _tamper(options: argparse.Namespace) -> Section:
    return page.tamper_section(tamper.rows()), []


def _store(options: argparse.Namespace) -> Section:
    students = options.attempts // 10
    rows = store.rows(students, options.attempts, 3)
    return page.store_section(rows, students, options.attempts), page.store_aims(rows)


def _engines(options: argparse.Namespace) -> Section:
    found = engines.rows(options.engine_size, options.rounds)
    return engines.section(found), engines.aims(found)


def _wall(options: argparse.Namespace) -> Section:
    return walls.section(3 * options.repeats, max(3, options.rounds))


SECTIONS: dict[str, Callable[[argparse.Namespace], Section]] = {
    "one": _one,
    "class": _class,
    "long": _long,
    "engines": _engines,
    "training": _training,
    "wall": _wall,
    "watch": _watch,
    "store": _store,
    "floor": _floor,
    "tamper": _tamper,
}


def main() -> int:
    """Exit 1: a section could not be measured; the page says which, and why."""
    options = arguments()
    before, sections, aims, failed = os.getloadavg()[0], [], [], 0
    for name in options.only.split(",") if options.only else SECTIONS:
        started = time.monotonic()
        try:
            text, found = SECTIONS[name](options)
        except (Exception, SystemExit) as problem:  # what was measured before is worth keeping
            traceback.print_exc()
            text, found, failed = f"## {name}\n\n**Not measured**: {type(problem).__name__}: {problem}\n", [], 1
        print(f"bench: {name} took {time.monotonic() - started:.0f} s", file=sys.stderr)
        sections.append(text)
        aims += found
    sizes = f"{options.repeats} repeats of one check, {options.rounds} rounds of the class."
    parts = [page.head(sizes, (before, os.getloadavg()[0])), *([page.aims_section(aims)] if aims else []), *sections]
    text = "\n".join(parts)
    if options.print or options.only:
        print(text)
    else:
        PAGE.write_text(text, encoding="utf-8")
        print(f"bench: wrote {PAGE.relative_to(ROOT)}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
