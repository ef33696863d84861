"""Stage train: guess, score, blame, nudge, again. The hidden suite trains for 1,000 steps on words that are never sent."""

import pytest
from look4 import START, examples, numbers, parts

SHAPES = [(27, 2), (4, 8), (8,), (8, 27), (27,)]


def run(student, steps, lr):
    """Return the five trained arrays and the losses."""
    X, Y = examples(student)
    params, losses = parts(student, student.train([student.tensor(t) for t in START], X, Y, steps, lr, 32, 1, "cpu"), 2, "train")
    trained = [numbers(student, p, shape, "a trained tensor") for p, shape in zip(parts(student, params, 5, "the trained params"), SHAPES, strict=True)]
    losses = student.value(losses)
    assert type(losses) is list and len(losses) == steps, f"losses must be a list of {steps} floats. / losses 应有 {steps} 个数。"
    return trained, losses


@pytest.mark.stage("train", points=1, zh="一百步之后，损失降下来了，五个张量都动了。")
def test_the_loss_falls_and_all_five_tensors_move(student):
    """In 100 steps the loss falls well below where it began, and all five tensors move."""
    trained, losses = run(student, 100, 1.0)
    assert losses[0] > 3.0, "the first loss is the one before any nudge. / 第一个损失应是微调之前的。"
    assert sum(losses[-5:]) / 5 < 1.0, f"after 100 steps the loss is {losses[-1]:.2f}. / 一百步之后损失是 {losses[-1]:.2f}。"
    for now, was, name in zip(trained, START, ("C", "W1", "b1", "W2", "b2"), strict=True):
        assert abs(now - was).max() > 1e-3, f"{name} did not move. / {name} 没有动。"


@pytest.mark.stage("train", points=1, zh="学习率为零，什么也不动；七成之后，步子缩短到十分之一。")
def test_a_rate_of_zero_moves_nothing(student):
    """With lr = 0 nothing moves, and with lr above 0 something does."""
    still, _ = run(student, 5, 0.0)
    moved, _ = run(student, 5, 0.5)
    assert all(abs(now - was).max() < 1e-6 for now, was in zip(still, START, strict=True)), "lr = 0 moved something. / 学习率是 0 却有东西动了。"
    assert all(abs(now - was).max() > 1e-6 for now, was in zip(moved, START, strict=True)), "lr = 0.5 must move all five. / 五个都应动。"
