"""A right program: one-sided nudges, plain loops."""

import math


def neuron(params, x):
    total = params[-1]
    for j in range(len(x)):
        total += params[j] * x[j]
    return math.tanh(total)


def loss(params, xs, ys):
    total = 0
    for k in range(len(xs)):
        error = ys[k] - neuron(params, xs[k])
        total += error * error
    return total


def slope(f, params, i, h=None):
    h = 1e-7 if h is None else h
    here = f(params)
    kept = params[i]
    try:
        params[i] = kept + h
        return (f(params) - here) / h
    finally:
        params[i] = kept


def gradient(f, params, h=None):
    answer = []
    for i in range(len(params)):
        answer.append(slope(f, params, i, h))
    return answer


def descend(f, params, lr, steps, slopes=None):
    now = params[:]
    history = []
    while True:
        history.append(f(now))
        if len(history) == steps + 1:
            return now, history
        told = slopes(now) if slopes else gradient(f, now)
        for i, g in enumerate(told):
            now[i] -= lr * g


def v_curve(f, params, i, exact, hs):
    errors = []
    for h in hs:
        off = slope(f, params, i, h) - exact
        errors.append(off if off > 0 else -off)
    return errors


def best_nudge(hs, errors):
    if len(hs) == 0:
        raise ValueError("hs is empty")
    best = 0
    for k in range(1, len(hs)):
        if errors[k] < errors[best]:
            best = k
    return hs[best]
