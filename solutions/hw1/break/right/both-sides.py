"""A right program: nudges to both sides."""

import math


def neuron(params, x):
    total = sum(weight * value for weight, value in zip(params, x)) + params[-1]
    return math.tanh(total)


def loss(params, xs, ys):
    return sum((neuron(params, x) - y) ** 2 for x, y in zip(xs, ys))


def slope(f, params, i, h=None):
    if h is None:
        h = 1e-5
    old = params[i]
    params[i] = old + h
    above = f(params)
    params[i] = old - h
    below = f(params)
    params[i] = old
    return (above - below) / (2 * h)


def gradient(f, params, h=None):
    return [slope(f, params, i, h) for i in range(len(params))]


def descend(f, params, lr, steps, slopes=None):
    if slopes is None:
        slopes = lambda knobs: gradient(f, knobs)  # noqa: E731
    knobs = list(params)
    history = [f(knobs)]
    for _ in range(steps):
        told = slopes(knobs)
        knobs = [knob - lr * g for knob, g in zip(knobs, told)]
        history.append(f(knobs))
    return knobs, history


def v_curve(f, params, i, exact, hs):
    return [abs(slope(f, params, i, h) - exact) for h in hs]


def best_nudge(hs, errors):
    if not hs:
        raise ValueError("no nudge to choose from")
    return min(zip(errors, hs))[1]
