"""Stage nll: nats per character, and numbers that stay numbers."""

import math

import hw4_exact as exact
import numpy as np
import pytest
from hw4_cross import array, close, letters


def case(rng, n=32, scale=2.0):
    g = np.random.default_rng(rng.getrandbits(64))
    return g.standard_normal((n, 27)) * scale, g.integers(0, 27, n)


def surprise(student, logits, Y, dtype="float64"):
    return float(array(student, student.nll(student.tensor(logits, dtype), letters(student, Y)), (), "nll(logits, Y)"))


@pytest.mark.stage("nll", points=2, zh="损失是正确字母的 -ln(概率) 的平均值。")
def test_the_loss_is_the_mean_surprise(student, rng):
    """The loss is the mean of -ln(probability of the right letter)."""
    for n in (1, 7, 32):
        logits, Y = case(rng, n)
        assert surprise(student, logits, Y) == pytest.approx(exact.loss(logits, Y), rel=1e-9), "not the mean surprise of the rows. / 不是各行意外程度的平均。"


@pytest.mark.stage("nll", points=1, zh="二十七个一样可能的猜测：意外程度是 ln 27，与批量大小无关。")
def test_equal_guesses_cost_ln_27_whatever_the_batch(student, rng):
    """27 equal guesses cost ln 27, and the batch size does not matter."""
    for n in (1, 5, 32, 96):
        logits = np.full((n, 27), rng.uniform(-3, 3))
        assert surprise(student, logits, case(rng, n)[1]) == pytest.approx(math.log(27), rel=1e-9), f"27 equal guesses, batch of {n}. / 批量 {n}。"


@pytest.mark.stage("nll", points=1, zh="给整行加上同一个数，什么也不变；很大的数也不会变成 nan。")
def test_a_shift_changes_nothing(student, rng):
    """A shift of a whole row changes nothing, and large logits stay numbers."""
    logits, Y = case(rng)
    want = exact.loss(logits, Y)
    for shift in (1000.0, -1000.0):
        assert surprise(student, logits + shift, Y) == pytest.approx(want, rel=1e-9), f"every logit moved by {shift:g}. / 每个 logit 加上 {shift:g}。"
    big = logits.astype(np.float32) * 0 + 100 * (np.arange(27) == 3)
    Y[:] = 3
    Y[0] = 4
    assert surprise(student, big, Y, "float32") == pytest.approx(exact.loss(big, Y), rel=1e-4), "a logit of 100 in float32. / float32 里的 100。"


@pytest.mark.stage("nll", points=1, zh="完全有把握而且对了，损失可以降到零。")
def test_a_sure_and_right_answer_costs_nothing(student, rng):
    """Perfectly sure and right costs nothing; perfectly sure and wrong costs a lot."""
    _, Y = case(rng)
    sure = np.where(np.arange(27) == Y[:, None], 60.0, 0.0)
    assert surprise(student, sure, Y) < 1e-6, "perfectly sure, and right. / 完全有把握，而且对了。"
    assert surprise(student, sure, (Y + 1) % 27) == pytest.approx(60.0, rel=1e-6), "perfectly sure, and wrong. / 完全有把握，却错了。"


@pytest.mark.stage("nll", points=1, zh="损失的梯度是（概率减去答案）除以样本数。")
def test_the_blame_is_probability_minus_answer(student, rng):
    """The gradient of the loss is (probability - answer) / N."""
    logits, Y = case(rng)
    t = student.tensor(logits, "float64", "cpu", True)
    weight = rng.uniform(0.5, 2)
    (student.nll(t, letters(student, Y)) * weight).backward()
    want = np.exp(exact.log_softmax(logits))
    want[np.arange(len(Y)), Y] -= 1
    close(array(student, t.grad, logits.shape, "logits.grad"), weight * want / len(Y), "logits.grad")
