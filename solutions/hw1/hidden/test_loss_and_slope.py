"""The hidden checks of loss, slope and gradient: random knobs, closed forms."""

import math

import nets
import pytest
from pytest import approx

# name, f of one number, its slope, where to ask
CURVES = {
    "x**2": (lambda x: x**2, lambda x: 2 * x, (-3, 3)),
    "x**3": (lambda x: x**3, lambda x: 3 * x**2, (1, 3)),
    "sin": (math.sin, math.cos, (-1.2, 1.2)),
    "tanh": (math.tanh, lambda x: 1 - math.tanh(x) ** 2, (-1.5, 1.5)),
}


@pytest.mark.stage("loss", points=2, zh="一个大了、一个小了同样多，两个错误不会互相抵消。")
def test_two_errors_do_not_cancel(student, rng):
    """Errors of opposite sign do not cancel."""
    for _ in range(3):
        size = rng.uniform(0.5, 2)
        assert student.loss([0.0, 0.0, 0.0], [[1.0, 2.0], [2.0, 1.0]], [size, -size]) == approx(2 * size**2, rel=1e-9)


@pytest.mark.stage("loss", points=4, zh="损失是所有例子的误差平方之和。")
def test_the_loss_is_the_sum_of_squares(student, rng):
    """The loss is the sum of the squared errors over all examples, for any number of knobs."""
    for inputs in (1, 3, 6):
        knobs = [rng.uniform(-1, 1) for _ in range(inputs + 1)]
        xs = [[rng.uniform(-2, 2) for _ in range(inputs)] for _ in range(rng.randint(2, 9))]
        ys = [rng.choice((-2.0, 2.0)) + rng.uniform(-0.3, 0.3) for _ in xs]
        assert student.loss(knobs, xs, ys) == approx(nets.neuron_loss(knobs, xs, ys), rel=1e-9)


@pytest.mark.stage("slope", points=5, zh="你自己选的那一推足够准：斜率和公式一致。")
def test_the_slope_matches_the_formula(student, rng):
    """With a nudge of your own choice the slope agrees with the formula, for curves of every kind."""
    for name, (f, exact, (low, high)) in CURVES.items():
        for _ in range(3):
            x, scale = rng.uniform(low, high), rng.uniform(0.5, 4)
            got = student.slope(lambda knobs, f=f, scale=scale: scale * f(knobs[1]), [0.3, x, -0.7], 1)
            assert got == approx(scale * exact(x), rel=1e-4, abs=1e-6), f"the slope of {name} is off"


@pytest.mark.stage("slope", points=3, zh="在一条直线上，推得大或推得小，斜率都一样。")
def test_the_slope_does_not_depend_on_the_nudge(student, rng):
    """On a straight line a large nudge and a small one give the same slope."""
    steep, x = rng.choice((-1, 1)) * rng.uniform(2, 5), rng.uniform(-1, 1)
    for h in (1.0, 0.5, 0.125, 0.01):
        assert student.slope(lambda knobs: steep * knobs[0] + 1, [x], 0, h) == approx(steep, rel=1e-6)


@pytest.mark.stage("slope", points=2, zh="给损失加上一个常数，斜率不变。")
def test_adding_to_the_loss_changes_no_slope(student, rng):
    """Adding a constant to the loss moves no slope."""
    for constant in (0.0, 5.0, -40.0, 100.0):
        for _ in range(2):
            x = rng.uniform(1, 3)
            got = student.slope(lambda knobs, constant=constant: constant + knobs[0] ** 2, [x], 0)
            assert got == approx(2 * x, rel=1e-4, abs=1e-6)


@pytest.mark.stage("slope", points=4, zh="量完以后旋钮回到原处，而且只动了要量的那一个。")
def test_the_knob_is_put_back(student, rng):
    """Asking for a slope leaves every knob as it was, and only the asked one is nudged on the way."""
    for h in (0.25, 0.01, None):
        knobs = [rng.uniform(-2, 2) for _ in range(4)]
        before, i, tried = list(knobs), rng.randrange(4), []

        def f(now, tried=tried):
            tried.append(list(now))
            return sum(knob**2 for knob in now)

        student.value(student.slope(f, knobs, i, h))
        moved = {j for now in tried for j in range(4) if now[j] != before[j]}
        assert moved == {i}, "to measure knob i, call f with knob i nudged and all the others as they are"
        assert knobs == approx(before, abs=1e-9), "the knobs are not what they were before the question"


@pytest.mark.stage("gradient", points=4, zh="每个旋钮一个斜率，顺序不乱，别的旋钮不受影响。")
def test_one_slope_for_every_knob(student, rng):
    """The gradient holds one slope for each knob, measured with all the others in place."""
    for size in (1, 2, 5):
        knobs = [rng.uniform(0.5, 2) for _ in range(size)]
        weights = [rng.uniform(1, 9) for _ in range(size)]

        def f(now, weights=weights):
            return sum(w * knob for w, knob in zip(weights, now, strict=True)) + math.prod(now)

        exact = [w + math.prod(knobs[:j] + knobs[j + 1 :]) for j, w in enumerate(weights)]
        assert student.gradient(f, list(knobs)) == approx(exact, rel=1e-4, abs=1e-6)


@pytest.mark.stage("gradient", points=4, zh="同一段代码也能量 41 个旋钮的网络。")
def test_forty_one_knobs(student, rng):
    """The same code measures a net with 41 knobs."""
    knobs = [rng.uniform(-1, 1) for _ in range(41)]
    assert student.gradient(nets.net_loss, list(knobs)) == approx(nets.net_slopes(knobs), rel=1e-4, abs=1e-5)
