"""Homework 1, part 4: write tests that catch wrong programs.

Each function whose name begins with test_ gets ``student``, a whole tuning.py: call student.loss, student.slope,
student.gradient, student.descend. Raise (an assert is enough) when what you see cannot be right; return when all is well.
Your tests meet five wrong programs that you never see, and some right ones, which they must let pass: right programs
may nudge a knob by another h, or to one side only, so leave room for small differences.
"""


def near(got, want):
    """Return whether two numbers agree to about one part in a thousand (given)."""
    return abs(got - want) <= 1e-3 * max(1.0, abs(want))


def test_a_perfect_guess_has_no_loss(student):
    """An example (given): all knobs 0, so the guess is 0; the wish is 0 too."""
    assert near(student.loss([0.0, 0.0], [[1.0]], [0.0]), 0.0)


# YOUR CODE HERE
