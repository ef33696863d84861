"""Stage forward: the whole net, small enough to do by hand."""

import math

import pytest
from look4 import numbers
from pytest import approx


def net(student):
    """Three letters with one place each, two letters of context, two hidden neurons."""
    C = [[0.0], [1.0], [2.0]]
    W1 = [[1.0, 0.0], [0.0, 0.5]]
    W2 = [[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]]
    return [student.tensor(t, "float64") for t in (C, W1, [0.5, 0.0], W2, [0.0, 0.0, 1.0])]


@pytest.mark.stage("forward", points=2, zh="一张小网，可以用手算出来。")
def test_a_net_that_can_be_done_by_hand(student):
    """For the context (1, 2) the hidden neurons are tanh(1.5) and tanh(1), and three logits follow."""
    got = numbers(student, student.forward(net(student), student.tensor([[1, 2]], "int64")), (1, 3), "forward(params, X)")
    a, b = math.tanh(1.5), math.tanh(1.0)
    assert got[0].tolist() == approx([a, b, 2 * a + 1])


@pytest.mark.stage("forward", points=1, zh="第一行只看第一个上文。")
def test_row_one_reads_context_one(student):
    """Row 1 reads context 1: with another second context it stays as it was."""
    one, two = (numbers(student, student.forward(net(student), student.tensor([[1, 2], last], "int64")), (2, 3), "forward") for last in ([0, 1], [2, 2]))
    assert one[0].tolist() == approx(two[0].tolist())
    assert one[1].tolist() != approx(two[1].tolist())
