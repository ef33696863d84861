"""The judge's own nets and slopes: closed forms, so that nothing of the student's is needed to know the right answer."""

import math
import random

XS = ((2.0, 3.0, -1.0), (3.0, -1.0, 0.5), (0.5, 1.0, 1.0), (1.0, 1.0, -1.0))
YS = (1.0, -1.0, -1.0, 1.0)


def neuron_loss(knobs, xs=XS, ys=YS):
    """Return the sum of squared errors of one tanh neuron."""
    return sum((_guess(knobs, x) - y) ** 2 for x, y in zip(xs, ys, strict=True))


def neuron_slopes(knobs, xs=XS, ys=YS):
    """Return the exact slopes of neuron_loss."""
    slopes = [0.0] * len(knobs)
    for x, y in zip(xs, ys, strict=True):
        guess = _guess(knobs, x)
        blame = 2 * (guess - y) * (1 - guess**2)
        for j, value in enumerate((*x, 1.0)):
            slopes[j] += blame * value
    return slopes


def _guess(knobs, x):
    return math.tanh(sum(w * v for w, v in zip(knobs, x, strict=False)) + knobs[-1])


def net_loss(knobs):
    """Return the sum of squared errors of the net 3-4-4-1 (41 knobs)."""
    return sum((_net(knobs, x)[-1][0] - y) ** 2 for x, y in zip(XS, YS, strict=True))


def net_slopes(knobs):
    """Return the exact slopes of net_loss."""
    slopes = [0.0] * len(knobs)
    for x, y in zip(XS, YS, strict=True):
        layers = _net(knobs, x)
        blame = [2 * (layers[-1][0] - y)]
        at = len(knobs)
        for below, above in zip(reversed(layers[:-1]), reversed(layers[1:]), strict=True):
            width = len(below) + 1
            at -= width * len(above)
            sent = [0.0] * len(below)
            for k, out in enumerate(above):
                heard = blame[k] * (1 - out**2)
                for j, value in enumerate((*below, 1.0)):
                    slopes[at + k * width + j] += heard * value
                for j in range(len(below)):
                    sent[j] += heard * knobs[at + k * width + j]
            blame = sent
    return slopes


def _net(knobs, x):
    layers, at = [tuple(x)], 0
    for neurons in (4, 4, 1):
        below, out = layers[-1], []
        for _ in range(neurons):
            out.append(math.tanh(sum(knobs[at + j] * v for j, v in enumerate(below)) + knobs[at + len(below)]))
            at += len(below) + 1
        layers.append(tuple(out))
    return layers


def start_that_learns(rng: random.Random, lr: float, goal: float, low: int, high: int):
    """Draw knobs from which an exact descent needs *low* to *high* steps to come below *goal*."""
    while True:
        start = [rng.uniform(-1, 1) for _ in range(4)]
        knobs = list(start)
        for step in range(high + 1):
            if neuron_loss(knobs) < goal:
                break
            knobs = [knob - lr * slope for knob, slope in zip(knobs, neuron_slopes(knobs), strict=True)]
        else:
            continue
        if step >= low:
            return start
