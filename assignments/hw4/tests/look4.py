"""Brings an answer over and looks at its form, for the public suite of homework 4."""

import random


def numbers(student, thing, shape, what):
    """Return the answer as a numpy array of *shape* (a float for shape ()), or fail with what was expected and what came."""
    got = student.value(thing)
    if shape == () and type(got) in (int, float):
        return float(got)
    assert got is not None, f"{what}: expected a tensor of shape {shape}, received None. / 应为形状 {shape} 的张量，收到 None。"
    assert type(got).__name__ == "ndarray", f"{what}: expected a tensor of shape {shape}, received a {type(got).__name__}. / 应为张量。"
    assert got.shape == shape, f"{what}: expected shape {shape}, received {got.shape}. / 形状应为 {shape}，收到 {got.shape}。"
    assert (got == got).all(), f"{what}: holds nan. / 含有 nan。"
    return got


def counts(student, thing):
    """Return a dict of dicts as plain ones; a defaultdict or a Counter is a dict too."""
    got = student.value(thing)
    assert hasattr(got, "items"), f"table must return a dict of dicts, not a {type(got).__name__}. / 应返回字典的字典。"
    rows = {context: student.value(row) for context, row in list(got.items())}
    return {context: {letter: times for letter, times in list(row.items())} for context, row in rows.items()}  # noqa: C416  (a handle is no mapping here)


def parts(student, thing, count, what):
    """Return the *count* parts of a tuple or list, or fail."""
    got = student.value(thing)
    assert type(got) in (tuple, list) and len(got) == count, f"{what} must return {count} things. / 应返回 {count} 样东西。"
    return got


# A start for a net of two letters of context, two places on the map, eight hidden neurons.
_DRAW = random.Random(4)
START = [[[round(_DRAW.gauss(0, scale), 3) for _ in range(columns)] for _ in range(rows)] for rows, columns, scale in ((27, 2, 1), (4, 8, 0.8), (8, 27, 0.1))]
START = [START[0], START[1], [0.0] * 8, START[2], [0.0] * 27]


def examples(student):
    """'abab...' with some noise: what follows is mostly clear."""
    r = random.Random(4)
    X = [[r.randint(1, 3), r.randint(1, 3)] for _ in range(200)]
    Y = [x[1] % 3 + 1 for x in X]
    return student.tensor(X, "int64"), student.tensor(Y, "int64")
