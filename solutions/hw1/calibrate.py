"""What the loss threshold of homework 1 rests on; `grade audit` measures it, see docs/CALIBRATION.md."""

import random

import nets
from test_descend import BUDGET, GOAL, LR

THRESHOLDS = [
    {
        "name": "the neuron",
        "check": "hidden/test_descend.py::test_the_neuron_learns",
        "value": GOAL,
        "seeds": 60,
        "wrong_seeds": 20,
        "also": ["loss-times-nudge", "no-division", "uphill"],
        "reads": ["hidden/nets.py", "hidden/test_descend.py"],
    },
]


def reached(program, name, seed):
    """Return the loss after the budgeted steps from a start drawn as the check draws it, by the judge's own arithmetic."""
    start = nets.start_that_learns(random.Random(f"calibrate:{seed}"), LR, GOAL, low=8, high=33)
    knobs, _ = program.descend(nets.neuron_loss, list(start), LR, BUDGET)
    return nets.neuron_loss(knobs)
