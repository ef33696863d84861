"""The judge's own slopes, and the measurement that every check of the loop rests on: movement.

What stands in ``grad`` afterwards proves nothing: to wipe after the step is right too. So the knobs are put back before
each step, and what counts is how far they moved, in units of the true slope.
"""

import math


def line_loss(knobs, xs, ys):
    """Return the mean squared error of a straight line."""
    return sum((_guess(knobs, x) - y) ** 2 for x, y in zip(xs, ys, strict=True)) / len(xs)


def line_slopes(knobs, xs, ys):
    """Return the exact slopes of line_loss."""
    slopes = [0.0] * 4
    for x, y in zip(xs, ys, strict=True):
        error = _guess(knobs, x) - y
        for j, value in enumerate((*x, 1.0)):
            slopes[j] += 2 * error * value / len(xs)
    return slopes


def _guess(knobs, x):
    return sum(k * v for k, v in zip(knobs, (*x, 1.0), strict=True))


def net_slopes(knobs, xs, ys):
    """Return the exact slopes of the sum of squared errors of the net 3-4-4-1."""
    slopes = [0.0] * len(knobs)
    for x, y in zip(xs, ys, strict=True):
        outs, at = [tuple(x)], 0
        for neurons in (4, 4, 1):
            below, layer = outs[-1], []
            for _ in range(neurons):
                layer.append(math.tanh(sum(knobs[at + j] * v for j, v in enumerate(below)) + knobs[at + len(below)]))
                at += len(below) + 1
            outs.append(tuple(layer))
        blame = [2 * (outs[-1][0] - y)]
        for below, layer in zip(reversed(outs[:-1]), reversed(outs[1:]), strict=True):
            width = len(below) + 1
            at -= width * len(layer)
            sent = [0.0] * len(below)
            for k, out in enumerate(layer):
                here = blame[k] * (1 - out * out)
                for j, value in enumerate((*below, 1.0)):
                    slopes[at + k * width + j] += here * value
                for j in range(len(below)):
                    sent[j] += here * knobs[at + k * width + j]
            blame = sent
    return slopes


def points(rng, count=40, scale=(1.0, 1.0, 1.0), noise=0.05):
    """Return count points near a line whose knobs are 1 to 2 in size: xs, ys."""
    line = [rng.choice((-1, 1)) * rng.uniform(1, 2) for _ in range(4)]
    xs = [[s * rng.gauss(0, 1) for s in scale] for _ in range(count)]
    return xs, [_guess(line, x) + rng.gauss(0, noise) for x in xs]


def read(student, knobs, size):
    """Return where the knobs stand."""
    promised = [knobs[j].data for j in range(size)]  # one journey for all
    return [student.value(value) for value in promised]


def check_engine(student, kind, place, xs, ys, slopes):
    """Fail if the models are not those of the handout: telling twice must write twice the slope on the board."""
    model = getattr(student, kind)(place)
    for _ in range(2):
        model.loss(xs, ys).backward()
    knobs = model.parameters()
    promised = [knobs[j].grad for j in range(len(place))]
    told = [student.value(value) for value in promised]
    right = all(type(t) is float and abs(t - 2 * g) <= 1e-9 * max(1.0, abs(g)) for t, g in zip(told, slopes, strict=True))
    assert right, f"{kind} is not the one of engine.py; leave the import at the top of loop.py as it was"


def ratios(student, model, place, slopes, step, lr, steps):
    """Return, for each of *steps* calls of ``step()``, how far each knob moved, where 1 is -lr times its slope.

    The knobs are put back to *place* before each call. Knobs whose slope is nearly 0 are given as 1.
    """
    knobs = model.parameters()
    rows = []
    for _ in range(steps):
        for j, value in enumerate(place):
            knobs[j].data = value
        student.value(step())
        now = read(student, knobs, len(place))
        assert all(type(value) in (int, float) for value in now), "the data of every knob must stay a number"
        rows.append([(a - b) / (-lr * g) if abs(g) > 1e-3 else 1.0 for a, b, g in zip(now, place, slopes, strict=True)])
    return rows
