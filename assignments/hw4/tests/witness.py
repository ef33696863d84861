"""What the tutor asks a program when its numbers alone do not tell which mistake was made. No answer earns or costs a point."""

import random

WORDS = ["anna", "otto", "emma", "eva", "ida", "ada", "nina", "lola", "mia", "ole"]


def look_data_dealt(student):
    """Ten words stand three times each: how many words does each part get?"""
    parts = student.value(student.split(WORDS * 3, 7))
    return [len(part) for part in parts]


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
    draw = random.Random(3)
    params = [student.tensor(_numbers(draw, shape)) for shape in ((27, 2), (6, 5), (5,), (5, 27), (27,))]
    before = [student.value(param.clone()) for param in params]
    X, Y = _examples(student)
    trained, _ = student.value(student.train(params, X, Y, 6, 0.5, 8, 0, "cpu"))
    after = [student.value(trained[j].detach()) for j in range(5)]
    return [bool((a != b).any()) for a, b in zip(before, after, strict=True)]


look_sweep_moved = look_train_moved  # a map that stays where it is shows in the sweep first, where the two share their steps


def _numbers(draw, shape):
    return [draw.uniform(-0.5, 0.5) if len(shape) == 1 else _numbers(draw, shape[1:]) for _ in range(shape[0])]


def _examples(student):
    rows = [[0, 0, 1], [0, 1, 14], [1, 14, 14], [14, 14, 1], [0, 0, 5], [0, 5, 13], [5, 13, 13], [13, 13, 1]]
    return student.tensor(rows, dtype="int64"), student.tensor([14, 14, 1, 0, 13, 13, 1, 0], dtype="int64")
