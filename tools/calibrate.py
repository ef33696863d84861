"""Calibrate the loss thresholds of homework 4: the reference and the nearest wrong programs, over many secret worlds.

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
import random
import statistics
import sys
import time
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PRIVATE = ROOT / "solutions" / "hw4"
sys.path.insert(0, str(PRIVATE / "hidden"))

import hw4_data as data  # noqa: E402  (lies beside the hidden suite)
import hw4_exact as exact  # noqa: E402


def words() -> list[str]:
    return (ROOT / "assignments" / "hw4" / "last20k.txt").read_text(encoding="ascii").split()


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


def reached(module: Any, recipe: str, seed: int, device: str) -> float:
    """Return the held-out nats per character of one training in the world of *seed*, scored as the hidden check of *recipe* scores it."""
    import torch

    rng = random.Random(f"calibrate:{recipe}:{seed}")
    shape = (
        data.STRETCH
        if recipe == "stretch"
        else {"block": data.BLOCK, "places": data.PLACES, "hidden": data.HIDDEN, "batch": data.BATCH, "steps": data.STEPS}
    )
    block, steps, batch = int(shape["block"]), int(shape["steps"]), int(shape["batch"])
    world = data.world(words(), rng)
    X, Y = data.encode(world.train, block)
    start = [torch.tensor(p) for p in data.initial(rng, block, int(shape["places"]), int(shape["hidden"]))]
    params, _ = module.train(start, torch.tensor(X), torch.tensor(Y), steps, data.RATE, batch, rng.randrange(10**6), device)

    def logits(contexts: Any) -> Any:
        with torch.no_grad():
            return module.forward(params, torch.tensor(contexts, device=device)).cpu().numpy()

    every = data.encode(world.held, block)
    if recipe == "fixed":
        return exact.loss(logits(data.every_context())[data.row_numbers(every[0])], every[1])
    sample = data.one_place_each(world.held, block, rng)
    return exact.from_one_place_each(logits(sample[0]), sample, every, (X, Y), [p.cpu().numpy() for p in params])


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
    chosen = parser.parse_args()
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
