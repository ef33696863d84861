"""Ramp 1: the numbers themselves."""

import math

import pytest
from says import expect


@pytest.mark.stage("forward", points=0.8, zh="两个 Value 可以相加、相乘。")
def test_values_add_and_multiply(student):
    """Two Values can be added and multiplied."""
    a, b = student.Value(2.0), student.Value(-3.0)
    expect("2 + (-3)", (a + b).data, -1.0)
    expect("2 * (-3)", (a * b).data, -6.0)


@pytest.mark.stage("forward", points=0.8, zh="相减、相除、取负也都会。")
def test_values_subtract_and_divide(student):
    """Values can be subtracted, divided and turned round."""
    a, b = student.Value(1.0), student.Value(4.0)
    expect("1 - 4", (a - b).data, -3.0)
    expect("1 / 4", (a / b).data, 0.25)
    expect("-4", (-b).data, -4.0)


@pytest.mark.stage("forward", points=0.8, zh="普通的数可以站在右边：a - 3。")
def test_a_number_on_the_right(student):
    """A plain number may stand on the right: a - 3."""
    a = student.Value(5.0)
    expect("5 + 2", (a + 2).data, 7.0)
    expect("5 - 3", (a - 3).data, 2.0)
    expect("5 * 0.5", (a * 0.5).data, 2.5)
    expect("5 / 4", (a / 4).data, 1.25)


@pytest.mark.stage("forward", points=0.8, zh="普通的数可以站在左边：3 - a。")
def test_a_number_on_the_left(student):
    """A plain number may stand on the left: 3 - a."""
    a = student.Value(4.0)
    expect("2 + 4", (2 + a).data, 6.0)
    expect("3 * 4", (3 * a).data, 12.0)
    expect("3 - 4", (3 - a).data, -1.0)
    expect("1 / 4", (1 / a).data, 0.25)


@pytest.mark.stage("forward", points=0.8, zh="乘方、tanh、exp、relu 算得出数。")
def test_powers_and_functions(student):
    """Powers, tanh, exp and relu know their numbers."""
    expect("2 ** 3", (student.Value(2.0) ** 3).data, 8.0)
    expect("tanh(0.5)", student.Value(0.5).tanh().data, math.tanh(0.5))
    expect("exp(2)", student.Value(2.0).exp().data, math.exp(2.0))
    expect("relu(2)", student.Value(2.0).relu().data, 2.0)
    expect("relu(-2)", student.Value(-2.0).relu().data, 0.0)
