"""Stage nll: how surprised was the net?"""

import math

import pytest
from look4 import numbers
from pytest import approx


def surprise(student, logits, Y):
    return float(numbers(student, student.nll(student.tensor(logits, "float64"), student.tensor(Y, "int64")), (), "nll(logits, Y)"))


@pytest.mark.stage("nll", points=1, zh="二十七个一样可能的猜测：ln 27 = 3.296。")
def test_no_idea_costs_ln_27(student):
    """27 equal guesses: the surprise is ln 27 = 3.296, for 2 examples as for 8."""
    assert surprise(student, [[0.0] * 27] * 2, [3, 5]) == approx(math.log(27))
    assert surprise(student, [[0.0] * 27] * 8, [1] * 8) == approx(math.log(27))


@pytest.mark.stage("nll", points=1, zh="给每个 logit 都加上 1000，什么也不变。")
def test_adding_a_thousand_changes_nothing(student):
    """Adding 1000 to every logit changes nothing."""
    row = [1.0, 2.0, 3.0]
    want = math.log(sum(math.exp(z) for z in row)) - 2.0
    assert surprise(student, [row], [1]) == approx(want)
    assert surprise(student, [[z + 1000 for z in row]], [1]) == approx(want)


@pytest.mark.stage("nll", points=1, zh="一行很有把握，一行毫无头绪：取平均。")
def test_sure_and_clueless_are_averaged(student):
    """One row is sure and right, one has no idea: the mean is half of ln 27."""
    logits = [[0.0] * 27, [0.0] * 27]
    logits[0][4] = 60.0
    assert surprise(student, logits, [4, 9]) == approx(math.log(27) / 2)
