"""Nudge up, nudge down twice as far, nudge back: the knob returns to within a rounding of its place. Tuples out."""

import math


def neuron(params, x):
    return math.tanh(math.fsum(w * v for w, v in zip(params, x)) + params[len(x)])


def loss(params, xs, ys):
    errors = [neuron(params, x) - y for x, y in zip(xs, ys)]
    return math.fsum(e * e for e in errors)


def slope(f, params, i, h=None):
    if h is None:
        h = 1e-4
    params[i] += h
    up = f(params)
    params[i] -= 2 * h
    down = f(params)
    params[i] += h
    return (up - down) / h / 2


def gradient(f, params, h=None):
    told = [0.0] * len(params)
    for i in range(len(params)):
        told[i] = slope(f, params, i, h)
    return tuple(told)


class _Walk:
    def __init__(self, f, params, lr):
        self.f, self.lr, self.knobs = f, lr, list(params)
        self.history = [f(self.knobs)]

    def step(self, told):
        moves = [-self.lr * g for g in told]
        self.knobs = [knob + move for knob, move in zip(self.knobs, moves)]
        self.history.append(self.f(self.knobs))


def descend(f, params, lr, steps, slopes=None):
    walk = _Walk(f, params, lr)
    for _ in range(steps):
        walk.step((slopes or (lambda knobs: gradient(f, knobs)))(walk.knobs))
    return [walk.knobs, walk.history]


def v_curve(f, params, i, exact, hs):
    return [math.fabs(slope(f, list(params), i, h) - exact) for h in hs]


def best_nudge(hs, errors):
    if not hs:
        raise ValueError("an empty list has no best")
    return sorted(zip(hs, errors), key=lambda pair: pair[1])[0][0]
