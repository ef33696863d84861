"""What the loss thresholds of homework 4 rest on; `grade audit` measures them, see docs/CALIBRATION.md. Needs torch. One thread.

Every seed draws its own letters, split, start and batches, as the judge does; the score is the judge's own float64 arithmetic.
"""

import random
from pathlib import Path

import hw4_data as data  # before torch: it sets the number of threads
import hw4_exact as exact

COURSE = Path(__file__).resolve().parents[2]
SHAPES = {
    "fixed": {"block": data.BLOCK, "places": data.PLACES, "hidden": data.HIDDEN, "batch": data.BATCH, "steps": data.STEPS},
    "stretch": {key: data.STRETCH[key] for key in ("block", "places", "hidden", "batch", "steps")},
}
READS = ["hidden/hw4_data.py", "hidden/hw4_exact.py"]


def words():
    return (COURSE / "assignments" / "hw4" / "last20k.txt").read_text(encoding="ascii").split()


def world(recipe, seed):
    """Return (the generator that drew it, the words dealt) for one seed."""
    rng = random.Random(f"calibrate:{recipe}:{seed}")
    return rng, data.world(words(), rng)


def reached(program, recipe, seed, device="cpu"):
    """Return the held-out nats per character of one training in the world of *seed*, scored as the hidden check of *recipe* scores it."""
    import torch

    torch.set_num_threads(1)
    rng, dealt = world(recipe, seed)
    shape = SHAPES[recipe]
    X, Y = data.encode(dealt.train, shape["block"])
    start = [torch.tensor(p) for p in data.initial(rng, shape["block"], shape["places"], shape["hidden"])]
    plan = (shape["steps"], data.RATE, shape["batch"], rng.randrange(10**6), device)
    params, _ = program.train(start, torch.tensor(X), torch.tensor(Y), *plan)

    def logits(contexts):
        with torch.no_grad():
            return program.forward(params, torch.tensor(contexts, device=device)).cpu().numpy()

    every = data.encode(dealt.held, shape["block"])
    if recipe == "fixed":
        return exact.loss(logits(data.every_context())[data.row_numbers(every[0])], every[1])
    sample = data.one_place_each(dealt.held, shape["block"], rng)
    return exact.from_one_place_each(logits(sample[0]), sample, every, (X, Y), [p.cpu().numpy() for p in params])


def table(recipe, seed, letters=3):
    """Return the nats per character of a smoothed table of the last letters on the same world."""
    _, dealt = world(recipe, seed)
    seen, held = data.encode(dealt.train, 3), data.encode(dealt.held, 3)
    if letters == 1:
        pairs = exact.counts(*seen).sum(axis=(0, 1)) + 0.1
        rows = pairs[held[0][:, 2]]
        return float(-exact.np.log(rows[range(len(held[1])), held[1]] / rows.sum(axis=1)).mean())
    return float(exact.table_surprises(exact.counts(*seen), *held, smooth=0.1).mean())


THRESHOLDS = [
    {
        "name": "fixed",
        "check": "hidden/test_train.py::test_a_thousand_steps_reach_the_loss_on_words_never_seen",
        "value": data.THRESHOLD,
        "seeds": 60,
        "wrong_seeds": 20,
        "also": ["map-frozen"],
        "reads": READS,
        "rivals": {"a table of one letter": lambda seed: table("fixed", seed, 1)},
    },
    {
        "name": "stretch",
        "check": "hidden/test_stretch_loss.py::test_five_letters_reach_the_loss_on_words_never_seen",
        "value": data.STRETCH["threshold"],
        "seeds": 20,
        "reads": READS,
        "rivals": {"a table of three letters": lambda seed: table("stretch", seed)},
    },
]
