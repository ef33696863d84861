"""zero_grad wipes the first half of the boards."""

from engine import Linear, Net, Value  # noqa: F401 - the checks build their models through this file: leave this line


def zero_grad(params):
    for p in params[: (len(params) + 1) // 2]:
        p.grad = 0.0


def train_step(model, xs, ys, lr):
    loss = model.loss(xs, ys)
    zero_grad(model.parameters())
    loss.backward()
    for p in model.parameters():
        p.data -= lr * p.grad
    return loss.data


def train(model, xs, ys, lr, steps):
    return [train_step(model, xs, ys, lr) for _ in range(steps)]


def diagnose(history):
    n = len(history)
    steady, growing = [1] * n, list(range(1, n + 1))
    known = {
        "right": (steady, steady),
        "never wiped": (growing, growing),
        "biases forgotten": (steady, growing),
        "wiped too early": ([0] * n, [0] * n),
        "every second step": ([1 + k % 2 for k in range(n)],) * 2,
        "backward twice": ([2] * n, [2] * n),
    }
    for name, (w, b) in known.items():
        if all(abs(row[0] - x) < 0.05 and abs(row[1] - y) < 0.05 for row, x, y in zip(history, w, b)):
            return name
    return "last example only"


def glide(model, xs, ys, lr, steps, keep=None):
    keep = 0.8 if keep is None else keep
    knobs = model.parameters()
    speed = [0.0] * len(knobs)
    history = []
    for _ in range(steps):
        zero_grad(knobs)
        score = model.loss(xs, ys)
        score.backward()
        history.append(score.data)
        for j, knob in enumerate(knobs):
            speed[j] = keep * speed[j] + knob.grad
            knob.data -= lr * speed[j]
    return history


def accumulate(model, batches, lr):
    knobs = model.parameters()
    zero_grad(knobs)
    for xs, ys in batches:
        model.loss(xs, ys).backward()
    for knob in knobs:
        knob.data -= lr * knob.grad / len(batches)
