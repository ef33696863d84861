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


### BEGIN SOLUTION
def gradients(make, student, *numbers):
    """Return (the number, the gradients) of make(*Values)."""
    knobs = [student.Value(x) for x in numbers]
    result = make(*knobs)
    result.backward()
    return [result.data, *(knob.grad for knob in knobs)]


def agree(got, want):
    assert all(near(x, y) for x, y in zip(got, want, strict=True))


def test_numbers_on_the_left(student):
    agree(gradients(lambda a: 2 + a, student, 3.0), [5.0, 1.0])
    agree(gradients(lambda a: 2 * a, student, 3.0), [6.0, 2.0])
    agree(gradients(lambda a: 2 - a, student, 3.0), [-1.0, -1.0])
    agree(gradients(lambda a: 2 / a, student, 4.0), [0.5, -0.125])
    agree(gradients(lambda a, b: a / b, student, 3.0, 2.0), [1.5, 0.5, -0.75])
    agree(gradients(lambda a, b: a - b, student, 3.0, 2.0), [1.0, 1.0, -1.0])


def test_functions_far_from_zero(student):
    t = 0.9640275800758169
    agree(gradients(lambda a: a.tanh(), student, 2.0), [t, 1 - t * t])
    agree(gradients(lambda a: a.relu(), student, 2.0), [2.0, 1.0])
    agree(gradients(lambda a: a.relu(), student, -2.0), [0.0, 0.0])
    agree(gradients(lambda a: a**3, student, -2.0), [-8.0, 12.0])
    agree(gradients(lambda a, b: a * b * 1000, student, 2.0, 3.0), [6000.0, 3000.0, 2000.0])
    agree(gradients(lambda a: a * a, student, -50.0), [2500.0, -100.0])


def test_a_reused_middle(student):
    agree(gradients(lambda a: (a + 1) * (a + 1), student, 3.0), [16.0, 8.0])

    def shared(a):
        b = a + 1
        return 2 * b + 3 * b

    agree(gradients(shared, student, 3.0), [20.0, 5.0])
### END SOLUTION
