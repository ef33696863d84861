"""The numbers themselves: differences never test the forward pass, so plain floats do."""

import math

import graphs
import pytest


def exactly(want):
    return pytest.approx(want, rel=1e-12, abs=1e-12)


def two(rng):
    """Return two different numbers, one of each sign, neither near zero."""
    return rng.uniform(1.5, 3), -rng.uniform(0.5, 1.2)


@pytest.mark.stage("forward", points=1, zh="两个 Value 相加、相减、相乘、相除，结果与普通的数一样。")
def test_values_calculate_like_numbers(student, rng):
    """Values add, subtract, multiply and divide like plain numbers."""
    x, y = two(rng)
    a, b = student.Value(x), student.Value(y)
    got = [(a + b).data, (a - b).data, (b - a).data, (a * b).data, (a / b).data, (b / a).data, (-a).data]
    want = [x + y, x - y, y - x, x * y, x / y, y / x, -x]
    for number, wanted in zip(student.value(got), want, strict=True):
        assert number == exactly(wanted)


@pytest.mark.stage("forward", points=1, zh="普通的数可以站在右边：a - 3。")
def test_a_number_may_stand_on_the_right(student, rng):
    """A plain number may stand on the right: a - 3."""
    x, c = two(rng)
    n = rng.choice((2, 3, 4))
    a = student.Value(x)
    got = [(a + c).data, (a - c).data, (a * c).data, (a / c).data, (a**n).data, (a**-2).data, (a**0.5).data, (a + 2).data]
    want = [x + c, x - c, x * c, x / c, x**n, x**-2, x**0.5, x + 2]
    for number, wanted in zip(student.value(got), want, strict=True):
        assert number == exactly(wanted)


@pytest.mark.stage("forward", points=1, zh="普通的数可以站在左边：3 - a 不是 a - 3。")
def test_a_number_may_stand_on_the_left(student, rng):
    """A plain number may stand on the left: 3 - a is not a - 3."""
    x, c = two(rng)
    a = student.Value(x)
    got = [(c + a).data, (c - a).data, (c * a).data, (c / a).data, (1 - a).data, (1 / a).data]
    want = [c + x, c - x, c * x, c / x, 1 - x, 1 / x]
    for number, wanted in zip(student.value(got), want, strict=True):
        assert number == exactly(wanted)


@pytest.mark.stage("forward", points=1, zh="tanh、exp、relu 算出正确的数。")
def test_the_functions_know_their_numbers(student, rng):
    """tanh, exp and relu give the right numbers, on both sides of zero."""
    points = [*two(rng), rng.uniform(0.1, 0.4), -rng.uniform(2, 3)]
    got, want = [], []
    for x in points:
        a = student.Value(x)
        got += [a.tanh().data, a.exp().data, a.relu().data]
        want += [math.tanh(x), math.exp(x), max(x, 0.0)]
    for number, wanted in zip(student.value(got), want, strict=True):
        assert number == exactly(wanted)


@pytest.mark.stage("forward", points=1.5, zh="长长的算式，每一步都与普通的数一致。")
def test_long_calculations_agree_with_plain_numbers(student, rng):
    """In a long calculation every step agrees with plain numbers."""
    ops = ("+", "*", "-", "/", "neg", "tanh", "exp", "relu", "x-c", "x/c", "x**c")
    programs = [graphs.draw(rng, ops) for _ in range(8)]
    got = [[node.data for node in graphs.build(student, program)] for program in programs]
    for numbers, program in zip(student.value(got), programs, strict=True):
        for number, wanted in zip(numbers, graphs.forward(program), strict=True):
            assert number == exactly(wanted)


@pytest.mark.stage("forward", points=0.5, zh="运算得出新的 Value，不改动原来的数。")
def test_an_operation_leaves_its_operands_alone(student, rng):
    """An operation makes a new Value and leaves its operands as they were."""
    x, y = two(rng)
    a, b = student.Value(x), student.Value(y)
    c = a * b + a
    a.data = 0.5
    assert c.data == exactly(x * y + x)
    assert b.data == exactly(y)
    assert (a * b).data == exactly(0.5 * y)
    assert a.grad == exactly(0.0)
    assert c.grad == exactly(0.0)
