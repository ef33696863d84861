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


### BEGIN SOLUTION
def test_four_boards_are_wiped(student):
    dials = student.Linear([1.0, 1.0, 1.0, 1.0]).parameters()
    for i, told in enumerate((3.0, -4.0, 5.0, -6.0)):
        dials[i].grad = told
    student.zero_grad(dials)
    for i in range(4):
        assert near(dials[i].grad, 0.0)


def test_each_move_is_the_same(student):
    model = student.Linear([0.0, 0.0, 0.0, 0.0])
    dials = model.parameters()
    for _ in range(4):
        for i in range(4):
            dials[i].data = 0
        told = student.train_step(model, [[1.0, 2.0, -3.0]], [2.0], 0.1)
        assert near(told, 4.0)
        for i, moved in enumerate((0.4, 0.8, -1.2, 0.4)):
            assert near(dials[i].data, moved)


def test_two_steps_are_two(student):
    model = student.Linear([0.0, 0.0, 0.0, 0.0])
    history = student.train(model, [[0.0, 0.0, 0.0]], [8.0], 0.25, 2)
    assert len(history) == 2
    assert near(model.parameters()[3].data, 6.0)


### END SOLUTION
