"""Tests that catch wrong programs. A test is a function test_*(student) that raises where the program is wrong.

*student* is some program like your micrograd.py: student.Value, student.topo, student.MLP ... You never see which one.
Two kinds are tried: right ones, which every test must let pass, and wrong ones, each of which some test must catch.
A test may ask only what micrograd.py's docstrings promise: a right program may differ in everything else.
"""


def near(got, want):
    """Return whether two numbers agree up to rounding. (Given.)"""
    return abs(got - want) <= 1e-9 * max(1.0, abs(want))


def test_a_sum_shares_its_blame(student):
    """An example. Every program that will be tried passes this one; find out where they do differ."""
    a, b = student.Value(2.0), student.Value(3.0)
    (a + b).backward()
    assert near(a.grad, 1.0)
    assert near(b.grad, 1.0)


# YOUR CODE HERE
