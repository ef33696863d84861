"""What the loss thresholds of homework 3 rest on; `grade audit` measures them, see docs/CALIBRATION.md."""

import random

import lab
from test_steps import SETTLED
from test_stretch import LR, NARROW, STEPS, glided

THRESHOLDS = [
    {
        "name": "the line",
        "check": "hidden/test_steps.py::test_the_line_settles",
        "value": SETTLED,
        "seeds": 60,
        "wrong_seeds": 20,
        "also": ["biases-forgotten", "never-wiped"],
        "reads": ["hidden/lab.py", "hidden/test_steps.py"],
    },
    {
        "name": "friction",
        "check": "hidden/test_stretch.py::test_friction_beats_plain_descent",
        "value": 0.5,  # of what plain descent reaches
        "seeds": 60,
        "wrong_seeds": 20,
        "also": ["zeroes-the-data"],
        "reads": ["hidden/lab.py", "hidden/test_stretch.py"],
        "rivals": {"plain descent": lambda seed: 1.0, "no friction at all": lambda seed: _share(seed, 1.0)},
    },
]


def reached(program, name, seed):
    """Return the loss where the walk ends, by the judge's own arithmetic; for friction as a share of plain descent's."""
    rng = random.Random(f"calibrate:{name}:{seed}")
    xs, ys = lab.points(rng) if name == "the line" else lab.points(rng, scale=NARROW)
    model = program.Linear([0.0] * 4)
    if name == "the line":
        program.train(model, xs, ys, 0.05, 200)
    else:
        program.glide(model, xs, ys, LR, STEPS)
    loss = lab.line_loss([knob.data for knob in model.parameters()], xs, ys)
    return loss if name == "the line" else loss / _plain(xs, ys)


def _plain(xs, ys, keep=0.0):
    return lab.line_loss(glided([0.0] * 4, xs, ys, LR, STEPS, keep)[1], xs, ys)


def _share(seed, keep):
    xs, ys = lab.points(random.Random(f"calibrate:friction:{seed}"), scale=NARROW)
    return _plain(xs, ys, keep) / _plain(xs, ys)
