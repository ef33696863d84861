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


### BEGIN SOLUTION
def test_every_example_counts(student):
    assert near(student.loss([0.0, 0.0], [[1.0], [1.0], [1.0]], [1.0, 2.0, 3.0]), 14.0)


def test_each_knob_has_its_own_slope(student):
    def f(knobs):
        return 2.0 * knobs[0] + 7.0 * knobs[1]

    assert near(student.slope(f, [1.0, 1.0], 0), 2.0)
    assert near(student.slope(f, [1.0, 1.0], 1), 7.0)
    assert near(student.slope(lambda knobs: knobs[0] ** 2, [3.0], 0), 6.0)


def test_the_gradient_points_uphill(student):
    got = student.gradient(lambda knobs: knobs[0] - 3.0 * knobs[1], [1.0, 1.0])
    assert near(got[0], 1.0)
    assert near(got[1], -3.0)


def test_two_steps_are_two(student):
    def f(knobs):
        return (knobs[0] - 1.0) ** 2

    def slopes(knobs):
        return [2.0 * (knobs[0] - 1.0)]

    knobs, history = student.descend(f, [9.0], 0.25, 2, slopes)
    assert near(knobs[0], 3.0)
    assert len(history) == 3
    assert near(history[2], 4.0)


### END SOLUTION
