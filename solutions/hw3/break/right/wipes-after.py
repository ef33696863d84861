"""A right program: the board is wiped after the step."""

from engine import Linear, Net, Value


def zero_grad(params):
    [setattr(p, "grad", 0.0) for p in params]


def train_step(model, xs, ys, lr):
    score = model.loss(xs, ys)
    score.backward()
    knobs = model.parameters()
    for knob in knobs:
        knob.data = knob.data - lr * knob.grad
    zero_grad(knobs)
    return score.data


def train(model, xs, ys, lr, steps):
    history = []
    while len(history) < steps:
        history.append(train_step(model, xs, ys, lr))
    return history


def _close(seen, wanted):
    return max(abs(s - w) for s, w in zip(seen, wanted)) < 0.1


def diagnose(history):
    w, b = (list(column) for column in zip(*history))
    n = len(history)
    one, count = [1] * n, [k + 1 for k in range(n)]
    if _close(w, one):
        if _close(b, one):
            return "right"
        if _close(b, count):
            return "biases forgotten"
    if _close(w, count):
        return "never wiped"
    if _close(w, [0] * n) and _close(b, [0] * n):
        return "wiped too early"
    if _close(w, [2] * n) and _close(b, [2] * n):
        return "backward twice"
    if _close(w[::2], one[::2]) and _close(w[1::2], [2] * len(w[1::2])):
        return "every second step"
    return "last example only"


def glide(model, xs, ys, lr, steps, keep=0.9):
    keep = 0.9 if keep is None else keep
    history = []
    for _ in range(steps):
        score = model.loss(xs, ys)
        history.append(score.data)
        for knob in model.parameters():
            knob.grad *= keep  # forget a part of the board, and write on the rest
        score.backward()
        for knob in model.parameters():
            knob.data -= lr * knob.grad
    zero_grad(model.parameters())
    return history


def accumulate(model, batches, lr):
    train_step(model, [x for xs, _ in batches for x in xs], [y for _, ys in batches for y in ys], lr)
