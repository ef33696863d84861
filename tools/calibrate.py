"""Calibrate the loss thresholds: print what `grade audit` measured, or train homework 4 again over as many secret worlds as you like.

``python tools/calibrate.py --recorded`` prints the tables of every homework, from each ``solutions/hwN/calibration.json``.

``python tools/calibrate.py --recipe fixed --seeds 20`` or ``--recipe stretch --seeds 10``; prints a Markdown table.
``--wrong ID`` (may be repeated) adds wrong programs; ``--device cuda`` trains there.
Every seed draws its own letters, split, start and batches,
just as the judge does; the score is the judge's own float64 arithmetic. Needs torch. One thread.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import platform
import statistics
import sys
import time
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PRIVATE = ROOT / "solutions" / "hw4"
sys.path[:0] = [str(PRIVATE / "hidden"), str(ROOT)]

import hw4_data as data  # noqa: E402  (lies beside the hidden suite)

_spec = importlib.util.spec_from_file_location("hw4_calibrate", PRIVATE / "calibrate.py")
assert _spec is not None
assert _spec.loader is not None
_hw4: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_hw4)
words, reached = _hw4.words, _hw4.reached


def program(wrong: str | None = None) -> ModuleType:
    """Return the reference, or the reference with the edits of wrong/<id>.toml, as a fresh module."""
    source = (PRIVATE / "embeddings.py").read_text(encoding="utf-8")
    for edit in tomllib.loads((PRIVATE / "wrong" / f"{wrong}.toml").read_text(encoding="utf-8"))["edit"] if wrong else ():
        if source.count(edit["find"]) != 1:
            raise SystemExit(f"{wrong}: find does not occur exactly once")
        source = source.replace(edit["find"], edit["replace"])
    spec = importlib.util.spec_from_loader(f"hw4_{wrong or 'reference'}", loader=None)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    exec(compile(source, f"<{wrong or 'reference'}>", "exec"), module.__dict__)
    return module


def row(name: str, losses: list[float], threshold: float, seconds: float) -> str:
    """Return one line of the table; its last rate is that of false fails, for a normal distribution of that width."""
    mean, sigma = statistics.fmean(losses), statistics.stdev(losses) if len(losses) > 1 else float("nan")
    failed = sum(not loss <= threshold for loss in losses)
    chance = 0.5 * math.erfc((threshold - mean) / sigma / math.sqrt(2)) if sigma > 0 else float("nan")
    cells = [
        name,
        len(losses),
        f"{mean:.4f}",
        f"{sigma:.4f}",
        f"{min(losses):.3f} to {max(losses):.3f}",
        f"{mean + 4 * sigma:.3f}",
        threshold,
    ]
    return "| " + " | ".join(map(str, [*cells, f"{failed}/{len(losses)}", f"{chance:.1e}", f"{seconds:.1f}"])) + " |"


def recorded() -> list[str]:
    """Return the tables of all thresholds that the audit has measured."""
    from grader import manifest
    from grader.audit import thresholds

    lines = []
    for folder in sorted((ROOT / "solutions").glob("hw*")):
        for one in thresholds.recorded(manifest.find(folder.name, ROOT)):
            lines += [
                f"**{folder.name}, {one.name}** (`{one.check}`): threshold {one.value:g}",
                "",
                "| program | seeds | mean | sigma | range |",
            ]
            lines[-1] += " mean + 4 sigma | above it |"
            lines.append("|---|---|---|---|---|---|---|")
            for seen in one.measured:
                spread = f"{seen.mean:.4g} | {seen.sigma:.2g} | {seen.least:.4g} to {seen.most:.4g} | {seen.bound:.4g}"
                lines.append(f"| {seen.program} | {seen.seeds} | {spread} | {seen.above}/{seen.seeds} |")
            lines.append("")
    return lines


HEAD = """| program | seeds | mean | sigma | range | mean + 4 sigma | threshold | above it | chance of a normal | s each |
|---|---|---|---|---|---|---|---|---|---|"""


def table(recipe: str, seeds: int, wrong: list[str], device: str) -> list[str]:
    """Train every program over *seeds* worlds and return the table's rows; progress goes to stderr."""
    threshold = float(data.STRETCH["threshold"]) if recipe == "stretch" else data.THRESHOLD
    rows = []
    for name in [None, *wrong]:
        module, began, losses = program(name), time.perf_counter(), []
        for seed in range(seeds):
            losses.append(reached(module, recipe, seed, device))
            print(f"{recipe} {name or 'reference'} {seed}: {losses[-1]:.4f}", file=sys.stderr, flush=True)
        rows.append(row(name or "reference", losses, threshold, (time.perf_counter() - began) / seeds))
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--recipe", choices=["fixed", "stretch"], default="fixed")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--wrong", action="append", default=[], help="a wrong program's id")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--recorded", action="store_true", help="print what the audit measured, for every homework")
    chosen = parser.parse_args()
    if chosen.recorded:
        print("\n".join(recorded()))
        return 0
    import torch

    torch.set_num_threads(1)
    if chosen.device == "cuda" and not torch.cuda.is_available():
        print("no CUDA device here", file=sys.stderr)
        return 2
    print(f"Recipe {chosen.recipe}, {chosen.device}, torch {torch.__version__}, {platform.machine()}, one thread.\n\n{HEAD}")
    for line in table(chosen.recipe, chosen.seeds, chosen.wrong, chosen.device):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
