"""Nothing is ever changed in place: new lists, a nudge that grows with the knob, and no call of one's own gradient."""

from math import tanh


def neuron(params, x):
    *weights, bias = params
    return tanh(bias + sum(w * v for w, v in zip(weights, x)))


def loss(params, xs, ys):
    return float(sum(map(lambda x, y: pow(neuron(params, x) - y, 2), xs, ys)))


def _with(params, i, value):
    return [value if j == i else knob for j, knob in enumerate(params)]


def slope(f, params, i, h=None):
    if not h:
        h = 6e-6 * max(1.0, abs(params[i]))
    right, left = params[i] + h, params[i] - h
    return (f(_with(params, i, right)) - f(_with(params, i, left))) / (right - left)


def gradient(f, params, h=None):
    return list(map(lambda i: slope(f, params, i, h), range(len(params))))


def descend(f, params, lr, steps, slopes=None):
    """Measure with one's own slope, whatever ``slopes`` says: slower, and the same answer."""
    if steps == 0:
        return list(params), [f(list(params))]
    moved = [knob - lr * g for knob, g in zip(params, gradient(f, list(params)))]
    end, history = descend(f, moved, lr, steps - 1)
    return end, [f(list(params)), *history]


def v_curve(f, params, i, exact, hs):
    return [abs(exact - slope(f, params, i, h)) for h in hs]


def best_nudge(hs, errors):
    return hs[min(range(len(hs)), key=errors.__getitem__)] if hs else _nothing()


def _nothing():
    raise ValueError
