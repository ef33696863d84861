"""What the tutor asks a program when its numbers alone do not tell which mistake was made. No answer earns or costs a point."""

import math
import random

WORDS = ["anna", "otto", "emma", "eva", "ida", "ada", "nina", "lola", "mia", "ole"]


def look_data_dealt(student):
    """Ten words stand three times each: how many words does each part get, how many different ones are dealt, and none that is no word?"""
    parts = [list(student.value(part)) for part in student.value(student.split(WORDS * 3, 7))]
    dealt = set().union(*parts)
    return [*(len(part) for part in parts), len(dealt), dealt <= set(WORDS)]


def look_data_examples(student):
    """Which contexts does the program make of three words, and what comes next?"""
    X, Y = student.value(student.build_dataset(["ab", "c", "ba"], 2))
    return [_list(student, X), _list(student, Y)]


def look_embed_blame(student):
    """What does each letter's place hear, when letters were looked up once, twice, three times, and never?"""
    news = student.tensor([[[1.0, 2.0], [10.0, 20.0]], [[0.5, -1.0], [100.0, 200.0]], [[3.0, 5.0], [-7.0, 0.25]]], "float64")
    return _list(student, student.embed_backward(news, student.tensor([[1, 1], [2, 1], [0, 2]], "int64"), 4))


def look_forward_logits(student):
    """What comes out for three contexts of two letters, and for one of them alone?"""
    rows = ([[0.5, -1.0], [1.0, 2.0], [-0.25, 0.75]], [[0.1, -0.2], [0.3, 0.4], [-0.5, 0.6], [0.7, 0.05]], [0.25, -0.5])
    params = [student.tensor(row, "float64") for row in (*rows, [[1.0, -1.0, 0.5], [0.25, 2.0, -0.75]], [0.0, 0.5, -1.0])]
    every = [[0, 1], [2, 0], [1, 2]]
    return [_list(student, student.forward(params, student.tensor(X, "int64"))) for X in (every, every[:1])]


def look_nll_values(student):
    """How surprised was it, on different rows, alone and together?"""
    logits = [[0.5, -1.0, 2.0, 0.0], [1.5, 0.25, -0.5, 1.0], [-2.0, 0.75, 0.5, 3.0]]
    asked = ((logits, [2, 0, 1]), (logits[:2], [1, 1]), (logits[2:], [3]))
    return [_list(student, student.nll(student.tensor(rows, "float64"), student.tensor(Y, "int64"))) for rows, Y in asked]


def look_nll_far(student):
    """What is the answer for the same rows moved up and down: a number, or none?"""
    told = []
    for far in (0.0, 400.0, -400.0, 1000.0, -1000.0):
        logits = student.tensor([[far, far - 1.0], [far - 2.0, far + 1.0], [far + 0.5, far]], "float64")
        numbers = _flat([_list(student, student.nll(logits, student.tensor([0, 0, 1], "int64")))])
        told.append([number if math.isfinite(number) else "no number" for number in numbers])
    return told


def look_sweep_best(student):
    """Which rate wins, where the good one comes last, first, and between?"""
    params = _start(student, 5)
    X, Y = _examples(student)
    return [student.value(student.lr_sweep(params, X, Y, rates, 12, 8, 0)) for rates in ([1e-6, 0.5], [0.5, 1e5], [1e-6, 0.5, 1e5])]


def look_embed_hears(student):
    """Does the map hear the news of a look-up?"""
    C = student.tensor([[0.5, 1.0], [1.5, -1.0], [2.0, 3.0]], requires_grad=True)
    out = student.embed(C, student.tensor([[0, 2], [2, 1]], dtype="int64"))
    if not student.value(out.requires_grad):
        return "nothing"
    out.sum().backward()
    return [[float(x) for x in row] for row in student.value(C.grad)]


def look_train_moved(student):
    """Which of the five tensors did a short training move? A map that hears nothing cannot move: that is another question."""
    if look_embed_hears(student) == "nothing":
        return "the map hears nothing"
    params = _start(student, 3)
    before = [student.value(param.clone()) for param in params]
    X, Y = _examples(student)
    trained, losses = student.value(student.train(params, X, Y, 6, 0.5, 8, 0, "cpu"))
    after = [student.value(trained[j].detach()) for j in range(5)]
    return [*(bool((a != b).any()) for a, b in zip(before, after, strict=True)), len(losses)]


look_sweep_moved = look_train_moved  # a map that stays where it is shows in the sweep first, where the two share their steps


def _list(student, thing):
    return _rounded(student.value(thing.detach() if hasattr(thing, "detach") else thing).tolist())


def _rounded(thing):
    return [_rounded(one) for one in thing] if isinstance(thing, list) else round(float(thing), 5)


def _flat(thing):
    return [number for one in thing for number in _flat(one)] if isinstance(thing, list) else [thing]


def _start(student, seed):
    draw = random.Random(seed)
    return [student.tensor(_numbers(draw, shape)) for shape in ((27, 2), (6, 5), (5,), (5, 27), (27,))]


def _numbers(draw, shape):
    return [draw.uniform(-0.5, 0.5) if len(shape) == 1 else _numbers(draw, shape[1:]) for _ in range(shape[0])]


def _examples(student):
    rows = [[0, 0, 1], [0, 1, 14], [1, 14, 14], [14, 14, 1], [0, 0, 5], [0, 5, 13], [5, 13, 13], [13, 13, 1]]
    return student.tensor(rows, dtype="int64"), student.tensor([14, 14, 1, 0, 13, 13, 1, 0], dtype="int64")
