"""The public checks of homework 1: small numbers that you can follow with pencil and paper."""

import math

import pytest
from pytest import approx


@pytest.mark.stage("loss", points=2, zh="一个大了 1、一个小了 1，两个错误不会互相抵消。")
def test_two_errors_do_not_cancel(student):
    """An error of +1 and an error of -1 are two errors, not none."""
    # All knobs at 0: the neuron guesses 0. The wishes are 1 and -1.
    assert student.loss([0.0, 0.0], [[1.0], [1.0]], [1.0, -1.0]) == approx(2.0)


@pytest.mark.stage("loss", points=2, zh="损失是误差的平方之和。")
def test_the_loss_is_the_sum_of_squares(student):
    """The loss is the sum of the squared errors over all examples."""
    guess = math.tanh(0.5 * 2.0 + 0.25)  # weight 0.5, bias 0.25, input 2
    assert student.loss([0.5, 0.25], [[2.0]], [1.0]) == approx((guess - 1.0) ** 2)
    both = (guess - 1.0) ** 2 + (math.tanh(0.25) + 1.0) ** 2  # a second example: input 0, wish -1
    assert student.loss([0.5, 0.25], [[2.0], [0.0]], [1.0, -1.0]) == approx(both)


@pytest.mark.stage("slope", points=3, zh="斜率和数学公式给出的一样。")
def test_the_slope_matches_the_formula(student):
    """The slope is what the formulas say: x squared has slope 2x, x cubed has 3x squared."""
    assert student.slope(lambda knobs: knobs[0] ** 2, [3.0], 0) == approx(6.0, rel=1e-4, abs=1e-6)
    assert student.slope(lambda knobs: knobs[0] ** 3, [2.0], 0) == approx(12.0, rel=1e-4, abs=1e-6)
    assert student.slope(lambda knobs: math.sin(knobs[0]), [1.0], 0) == approx(math.cos(1.0), rel=1e-4, abs=1e-6)
    # A large loss has the same slope: the 100 is nowhere in 2x.
    assert student.slope(lambda knobs: 100 + knobs[0] ** 2, [3.3], 0) == approx(6.6, rel=1e-4, abs=1e-6)
    # Knob 1 of the two is asked for: the 5 in front of it is its slope.
    assert student.slope(lambda knobs: 2 * knobs[0] + 5 * knobs[1], [1.0, 1.0], 1) == approx(5.0, rel=1e-4, abs=1e-6)


@pytest.mark.stage("slope", points=3, zh="量完以后，旋钮要放回原处。")
def test_the_knob_is_put_back(student):
    """Asking for a slope leaves the knobs as they were."""
    knobs, tried = [1.0, 2.0, 3.0], []

    def f(now):
        tried.append(list(now))
        return sum(knob**2 for knob in now)

    student.value(student.slope(f, knobs, 1, 0.25))
    assert any(now[1] != 2.0 for now in tried), (
        "slope has to call f with knob 1 nudged a little, and it did not / slope 要把 1 号旋钮轻轻推一下再调用 f，可它没有"
    )
    assert knobs == approx([1.0, 2.0, 3.0], abs=1e-9)


@pytest.mark.stage("gradient", points=4, zh="每个旋钮都有自己的斜率，顺序不变。")
def test_one_slope_for_every_knob(student):
    """The gradient holds one slope for each knob, in the knobs' own order."""
    # f = a*a + 10*b, at a = 3 and b = 1: the slopes are 2*3 and 10.
    assert student.gradient(lambda knobs: knobs[0] ** 2 + 10 * knobs[1], [3.0, 1.0]) == approx([6.0, 10.0], rel=1e-4, abs=1e-6)
    assert student.gradient(lambda knobs: knobs[0] * knobs[1] * knobs[2], [2.0, 3.0, 4.0]) == approx([12.0, 8.0, 6.0], rel=1e-4)


def descend(student, *arguments):
    """Call her descend and return (knobs, history), or fail with a sentence."""
    answer = student.value(student.descend(*arguments))
    two = "descend must return two things, (knobs, history)"
    zh = "descend 要返回两样东西：(knobs, history)"
    assert isinstance(answer, (tuple, list)), f"{two}, not {answer!r} / {zh}，而不是 {answer!r}"
    assert len(answer) == 2, f"{two}, not {len(answer)} / {zh}，而不是 {len(answer)} 样"
    return answer


def valley(knobs):
    return (knobs[0] - 3.0) ** 2


def slope_of_valley(knobs):
    return [2 * (knobs[0] - 3.0)]


@pytest.mark.stage("descend", points=2, zh="第一步是往下走的。")
def test_the_first_step_goes_down(student):
    """One small step makes the loss smaller, on either side of the valley."""
    for start in (5.0, 1.0):
        knobs, _ = descend(student, valley, [start], 0.01, 1, slope_of_valley)
        en, zh = f"from {start} one step led to {knobs}: the loss went up or stayed", f"从 {start} 走一步到了 {knobs}：损失变大了，或没有变"
        assert valley(knobs) < valley([start]), f"{en} / {zh}"


@pytest.mark.stage("descend", points=2, zh="斜率越陡，步子越大。")
def test_the_step_follows_the_slope(student):
    """A move is the slope times lr: steep means urgent."""
    # From 5 the slope is 4, so the knob moves by 0.1 * 4, down. From 3.5 the slope is 1.
    assert descend(student, valley, [5.0], 0.1, 1, slope_of_valley)[0] == approx([4.6])
    assert descend(student, valley, [3.5], 0.1, 1, slope_of_valley)[0] == approx([3.4])


@pytest.mark.stage("descend", points=2, zh="history 里记着一路上的每个损失。")
def test_the_history_tells_every_loss(student):
    """The history begins with the loss at the start, and one more follows each move."""
    knobs, history = descend(student, valley, [5.0], 0.1, 1, slope_of_valley)
    assert history == approx([4.0, valley(knobs)], rel=1e-9)  # (5 - 3) squared, then the loss where the knob is now
    _, history = descend(student, valley, [5.0], 0.1, 4, slope_of_valley)
    en, zh = (
        f"4 steps pass 5 losses, with the one at the start; history has {len(history)}",
        f"走 4 步，连起点一共 5 个损失；history 里有 {len(history)} 个",
    )
    assert len(history) == 5, f"{en} / {zh}"
