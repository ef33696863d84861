"""Homework 3, part 4: write tests that catch wrong programs.

Each function whose name begins with test_ gets ``student``, a whole loop.py: use student.Linear, student.zero_grad,
student.train_step, student.train. Raise (an assert is enough) when what you see cannot be right; return when all is well.
Your tests meet five wrong programs that you never see, and some right ones, which they must let pass. A right program
may leave anything in grad after a step: look at how far the knobs move.
"""


def near(got, want):
    """Return whether two numbers agree to about one part in a million (given)."""
    return abs(got - want) <= 1e-6 * max(1.0, abs(want))


def test_a_knob_moves_downhill(student):
    """An example (given): the guess is 0, the wish 1, so the bias has to grow."""
    model = student.Linear([0.0, 0.0, 0.0, 0.0])
    student.train_step(model, [[0.0, 0.0, 0.0]], [1.0], 0.1)
    assert model.parameters()[3].data > 0.0


# YOUR CODE HERE
