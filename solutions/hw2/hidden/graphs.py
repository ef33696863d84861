"""Random calculations on the judge's own floats, with trusted gradients; nothing of the student's is used here.

A *program* is a list of steps, one a node: ``("leaf", x)``, ``(op, i)``, ``(op, i, j)`` with the numbers of earlier
nodes, or ``(op, i, c)`` with a plain number c. The last node is the root.
"""

import math

import pytest

TWO = {
    "+": (lambda x, y: x + y, lambda x, y: (1.0, 1.0)),
    "*": (lambda x, y: x * y, lambda x, y: (y, x)),
    "-": (lambda x, y: x - y, lambda x, y: (1.0, -1.0)),
    "/": (lambda x, y: x / y, lambda x, y: (1 / y, -x / y**2)),
}
ONE = {
    "neg": (lambda x: -x, lambda x: -1.0),
    "tanh": (math.tanh, lambda x: 1 - math.tanh(x) ** 2),
    "exp": (math.exp, math.exp),
    "relu": (lambda x: max(x, 0.0), lambda x: 1.0 if x > 0 else 0.0),
    "log": (math.log, lambda x: 1 / x),
    "sigmoid": (lambda x: 1 / (1 + math.exp(-x)), lambda x: math.exp(-x) / (1 + math.exp(-x)) ** 2),
}
NUMBER = {  # the plain number c stands right of the operator, or left of it
    "x+c": (lambda x, c: x + c, lambda x, c: 1.0),
    "c+x": (lambda x, c: c + x, lambda x, c: 1.0),
    "x*c": (lambda x, c: x * c, lambda x, c: c),
    "c*x": (lambda x, c: c * x, lambda x, c: c),
    "x-c": (lambda x, c: x - c, lambda x, c: 1.0),
    "c-x": (lambda x, c: c - x, lambda x, c: -1.0),
    "x/c": (lambda x, c: x / c, lambda x, c: 1 / c),
    "c/x": (lambda x, c: c / x, lambda x, c: -c / x**2),
    "x**c": (lambda x, c: x**c, lambda x, c: c * x ** (c - 1)),
}
KINK = 0.02  # no point this near to relu's corner: differences would look at both sides
LARGEST = 12.0


def forward(program, leaves=None):
    """Return every node's number. *leaves* replaces the leaves' numbers, in order."""
    fresh = iter(leaves) if leaves is not None else None
    out = []
    for op, *args in program:
        if op == "leaf":
            out.append(next(fresh) if fresh is not None else args[0])
        elif op in TWO:
            out.append(TWO[op][0](out[args[0]], out[args[1]]))
        elif op in ONE:
            out.append(ONE[op][0](out[args[0]]))
        else:
            out.append(NUMBER[op][0](out[args[0]], args[1]))
    return out


def gradients(program):
    """Return d root / d node for every node, by walking the program back once."""
    x = forward(program)
    blame = [0.0] * len(program)
    blame[-1] = 1.0
    for k in range(len(program) - 1, -1, -1):
        op, *args = program[k]
        if op in TWO:
            left, right = TWO[op][1](x[args[0]], x[args[1]])
            blame[args[0]] += left * blame[k]
            blame[args[1]] += right * blame[k]
        elif op in ONE:
            blame[args[0]] += ONE[op][1](x[args[0]]) * blame[k]
        elif op in NUMBER:
            blame[args[0]] += NUMBER[op][1](x[args[0]], args[1]) * blame[k]
    return blame


def leaf_numbers(program):
    return [k for k, step in enumerate(program) if step[0] == "leaf"]


def differences(program):
    """Return d root / d leaf for each leaf, by central differences."""
    start = [program[k][1] for k in leaf_numbers(program)]
    out = []
    for i, x in enumerate(start):
        h = 6e-6 * max(1.0, abs(x))
        up, down = ([*start[:i], x + step, *start[i + 1 :]] for step in (h, -h))
        out.append((forward(program, up)[-1] - forward(program, down)[-1]) / (2 * h))
    return out


def build(student, program):
    """Return the student's node for each step of *program*."""
    out = []
    for op, *args in program:
        if op == "leaf":
            out.append(student.Value(args[0]))
        elif op == "neg":
            out.append(-out[args[0]])
        elif op in ONE:
            out.append(getattr(out[args[0]], op)())
        else:
            out.append(_apply(op, out, args))
    return out


def _apply(op, nodes, args):
    x = nodes[args[0]]
    if op in TWO:
        y = nodes[args[1]]
        return {"+": lambda: x + y, "*": lambda: x * y, "-": lambda: x - y, "/": lambda: x / y}[op]()
    c = args[1]
    number = {
        "x+c": lambda: x + c,
        "c+x": lambda: c + x,
        "x*c": lambda: x * c,
        "c*x": lambda: c * x,
        "x-c": lambda: x - c,
        "c-x": lambda: c - x,
        "x/c": lambda: x / c,
        "c/x": lambda: c / x,
        "x**c": lambda: x**c,
    }
    return number[op]()


class Draft:
    """A program that grows node by node and stays tame: small numbers, no division by nearly zero, no kinks."""

    def __init__(self, rng):
        self.rng = rng
        self.program = []
        self.x = []
        self.used = set()

    def leaf(self, x):
        return self._keep(("leaf", x), x)

    def _keep(self, step, x):
        self.program.append(step)
        self.x.append(x)
        return len(self.x) - 1

    def number(self):
        """Return a plain number that is neither 0, 1 nor -1, nor near them."""
        return self.rng.choice((-1, 1)) * self.rng.choice((self.rng.uniform(0.3, 0.8), self.rng.uniform(1.2, 2.5)))

    def fits(self, op, args):
        """Say whether the step's operands suit it and its number stays small."""
        x = self.x[args[0]]
        if (op in ("/", "x/c", "c/x")) and abs({"/": lambda: self.x[args[1]], "x/c": lambda: args[1], "c/x": lambda: x}[op]()) < 0.4:
            return False
        if (op == "exp" and x > 2) or (op == "relu" and abs(x) < KINK) or (op == "tanh" and abs(x) > 3):
            return False
        steep = op == "x**c" and (abs(x) > 2.5 or (args[1] < 1 and abs(x) < 0.4) or (args[1] != int(args[1]) and x < 0.4))
        return not steep

    def step(self, op, *args):
        """Append a step and return its node, or None where it does not fit."""
        if not self.fits(op, args):
            return None
        trial = [*((("leaf", self.x[i])) for i in (args if op in TWO else args[:1]))]
        x = forward([*trial, (op, *range(len(trial)), *(args[1:] if op in NUMBER else ()))])[-1]
        if abs(x) > LARGEST:
            return None
        self.used.update(args if op in TWO else args[:1])
        return self._keep((op, *args), x)

    def any_step(self, ops, sources=None):
        """Append a random step of *ops* that takes one of *sources* (default: any node); return its node."""
        for _ in range(200):
            op = self.rng.choice(ops)
            i = self.rng.choice(sources or range(len(self.x)))
            if op in TWO:
                pair = [i, self.rng.randrange(len(self.x))]
                self.rng.shuffle(pair)
                node = self.step(op, *pair)
            elif op in ONE:
                node = self.step(op, i)
            else:
                c = self.rng.choice((2, 3, 2, 3, 4, -1, -2, 0.5, 1.5, 2.5)) if op == "x**c" else self.number()
                node = self.step(op, i, c)
            if node is not None:
                return node
        return None


def draw(rng, special, others=("+", "*"), size=6):
    """Return a random program: *special* operations appear at least three times, *others* fill it up.

    Always in it: a node that is not a leaf and is used over a short and a long way; twins (two leaves with the same
    number, treated alike); a root that is a sum of all loose ends, each with a weight that is not 1.
    """
    for _ in range(1000):
        draft = _draft(rng, special, others, size)
        if draft is None:
            continue
        blame = gradients(draft.program)
        if max(abs(b) for b in blame) < 60 and sum(abs(blame[k]) > 1e-3 for k in leaf_numbers(draft.program)) >= 3:
            return draft.program
    raise AssertionError("no tame graph found: loosen the bounds")


def _draft(rng, special, others, size):
    draft = Draft(rng)
    for _ in range(3):
        draft.leaf(rng.choice((-1, 1)) * rng.uniform(0.4, 2.0))
    twin = rng.uniform(0.5, 1.5)
    pair = [draft.leaf(twin), draft.leaf(twin)]
    number = draft.number()
    risen = [draft.step("x+c", k, number) for k in pair]
    ops = (*special, *others)
    nodes = [draft.any_step(special), draft.step("*", *risen) if None not in risen else None]
    for _ in range(size):
        nodes.append(draft.any_step(ops))
    middle = draft.any_step(special)
    if middle is None or None in nodes:
        return None
    long_way = draft.any_step(ops, [middle])
    for _ in range(rng.randrange(1, 3)):
        long_way = draft.any_step(ops, [long_way]) if long_way is not None else None
    if long_way is None or draft.any_step(special, [middle]) is None:
        return None
    return draft if _readout(draft) else None


def _readout(draft):
    """Sum all loose ends, weighted, in random order."""
    loose = [k for k in range(len(draft.x)) if k not in draft.used]
    draft.rng.shuffle(loose)
    weighted = [draft.step(draft.rng.choice(("x*c", "c*x")), k, draft.number()) for k in loose]
    if None in weighted:
        return False
    total = weighted[0]
    for node in weighted[1:]:
        total = draft.step("+", *draft.rng.sample((total, node), 2))
        if total is None:
            return False
    return True


def close(want):
    """Equal to a trusted value, up to rounding: 1e-9 relative plus 1e-9 absolute."""
    return pytest.approx(want, rel=1e-9, abs=1e-9)
