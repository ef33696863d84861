"""Run homework 4's reference through every loss check on CUDA, and print the calibration table. Behind ``make gpu-check``.

For each of 20 seeds: the fixed recipe (1,000 steps), the side trainings (real answers, shuffled answers, lr = 0; 200 steps), the gradients
in float32 against float64 on the CPU; then the stretch (12,000 steps).
Exit codes: 0 all within their thresholds, 1 something is not, 2 no GPU here.
``--stretch 0`` leaves the longest part out; ``--jobs 8`` trains that many seeds at once, each on a core of its own: the steps are so
small that the processor, not the GPU, sets the pace. ``--device cpu`` tries the script itself without a GPU.
"""

from __future__ import annotations

import argparse
import functools
import multiprocessing
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # must stand before CUDA starts
sys.path.insert(0, str(Path(__file__).resolve().parent))

import calibrate
import hw4_cases as cases
import hw4_data as data
import hw4_exact as exact
import numpy as np

SIDE = (200, 1.0, data.BATCH)  # as in the hidden suite's side trainings


@functools.cache
def reference() -> Any:
    """Return homework 4's reference, on one thread."""
    import torch

    torch.set_num_threads(1)
    return calibrate.program()


def reached(recipe: str, device: str, seed: int) -> tuple[float, float]:
    """Return the held-out nats of one training, and its seconds."""
    module, began = reference(), time.perf_counter()
    return calibrate.reached(module, recipe, seed, device), time.perf_counter() - began


def side_losses(device: str, seed: int) -> tuple[float, float, float]:
    """Return the held-out nats of three side trainings: real answers, shuffled answers less the floor they may not pass, lr = 0."""
    import torch

    module, rng = reference(), random.Random(f"gpu:side:{seed}")
    world, start = data.world(calibrate.words(), rng), data.initial(rng)
    X, Y = data.encode(world.train, data.BLOCK)
    heldX, heldY = data.encode(world.held, data.BLOCK)
    nonsense = Y.copy()
    np.random.default_rng(rng.getrandbits(64)).shuffle(nonsense)

    def run(answers: np.ndarray, lr: float) -> float:
        params, _ = module.train(
            [torch.tensor(p) for p in start], torch.tensor(X), torch.tensor(answers), SIDE[0], lr, SIDE[2], seed, device
        )
        with torch.no_grad():
            return exact.loss(module.forward(params, torch.tensor(heldX, device=device)).cpu().numpy(), heldY)

    return run(Y, SIDE[1]), run(nonsense, SIDE[1]) - exact.entropy_of_targets(heldY), run(Y, 0.0)


def gradient_gap(device: str, seed: int) -> float:
    """Return how far float32 gradients on *device* lie from float64 on the CPU, in units of the check's tolerance (1 would fail)."""
    import torch

    module = reference()
    params, X, news = cases.small_net(random.Random(f"gpu:gradient:{seed}"))
    grads = []
    for dtype, where in ((torch.float64, "cpu"), (torch.float32, device)):
        learning = [torch.tensor(p, dtype=dtype, device=where, requires_grad=True) for p in params]
        (module.forward(learning, torch.tensor(X, device=where)) * torch.tensor(news, dtype=dtype, device=where)).sum().backward()
        grads.append([p.grad.double().cpu().numpy() for p in learning])
    return max(float((np.abs(here - true) / (1e-5 + 1e-3 * np.abs(true))).max()) for true, here in zip(*grads, strict=True))


def report(device: str, seeds: int, stretch: int, over: Callable[..., Any]) -> bool:
    """Print the table for *seeds* seeds, each function mapped *over* them; return whether all is within the thresholds."""
    rows, good = [], True
    for recipe, count, threshold in (("fixed", seeds, data.THRESHOLD), ("stretch", stretch, float(data.STRETCH["threshold"]))):
        if count:
            losses, seconds = zip(*over(functools.partial(reached, recipe, device), range(count)), strict=True)
            rows.append(calibrate.row(f"reference, {recipe}", list(losses), threshold, statistics.median(seconds)))
            good &= max(losses) <= threshold
    print(f"{calibrate.HEAD}\n" + "\n".join(rows) + "\n")
    sides = np.array(list(over(functools.partial(side_losses, device), range(seeds))))
    gap = max(over(functools.partial(gradient_gap, device), range(seeds)))
    print("| side check | asked for | worst of the seeds |\n|---|---|---|")
    print(f"| 200 steps on the right answers | below 2.75 | {sides[:, 0].max():.3f} |")
    print(f"| shuffled answers, above the entropy of the letters by | more than -0.02 | {sides[:, 1].min():.3f} |")
    print(f"| lr = 0, distance from ln 27 | below 0.05 | {np.abs(sides[:, 2] - np.log(data.V)).max():.4f} |")
    print(f"| float32 gradients against float64 on the CPU, in tolerances | at most 1 | {gap:.3f} |")
    good &= bool(sides[:, 0].max() < 2.75 and sides[:, 1].min() > -0.02 and np.abs(sides[:, 2] - np.log(data.V)).max() < 0.05 and gap <= 1)
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--stretch", type=int, default=10, help="seeds of the 12,000-step stretch")
    parser.add_argument("--jobs", type=int, default=1, help="trainings at once")
    chosen = parser.parse_args()
    try:
        import torch
    except ImportError:
        print("torch is not installed here; homework 4 needs it: pip install torch", file=sys.stderr)
        return 2
    if chosen.device == "cuda" and not torch.cuda.is_available():
        print("no GPU here: torch finds no CUDA device, so nothing was run; the CPU's figures are in docs/CALIBRATION.md", file=sys.stderr)
        return 2
    name = torch.cuda.get_device_name() if chosen.device == "cuda" else "the CPU"
    print(f"{name}, torch {torch.__version__}, {chosen.seeds} seeds\n")
    if chosen.jobs > 1:
        with ProcessPoolExecutor(chosen.jobs, multiprocessing.get_context("spawn")) as pool:
            good = report(chosen.device, chosen.seeds, chosen.stretch, pool.map)
    else:
        good = report(chosen.device, chosen.seeds, chosen.stretch, map)
    print("\nAll within their thresholds." if good else "\nSomething is beyond its threshold.")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
