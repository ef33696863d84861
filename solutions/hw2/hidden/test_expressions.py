"""Hand-minimal expressions: each is the smallest one that shows one thing about the walk back."""

import math

import pytest
from graphs import close

T = math.tanh


def blames(student, cases):
    """Run every case ``(make, numbers, gradients)``: build it on fresh Values, walk back, compare."""
    asked = []
    for make, numbers, _ in cases:
        knobs = [student.Value(x) for x in numbers]
        make(*knobs).backward()
        asked.append([knob.grad for knob in knobs])
    for got, (_, _, want) in zip(student.value(asked), cases, strict=True):
        for grad, wanted in zip(got, want, strict=True):
            assert grad == close(wanted)


@pytest.mark.stage("backward", points=1, zh="从根出发：根对自己的敏感度是 1，消息一手一手乘下去。")
def test_the_message_is_multiplied_from_hand_to_hand(student, rng):
    """The walk starts at the root with 1, and every hand multiplies the message."""
    x, y, z = rng.uniform(1, 2), rng.uniform(2, 3), -rng.uniform(1, 2)
    blames(
        student,
        [
            (lambda a, b: a + b, (x, z), (1, 1)),
            (lambda a, b: a * b, (2, 3), (3, 2)),
            (lambda a, b, c: a * b * c, (2, 3, 5), (15, 10, 6)),
            (lambda a, b: 5 * (a + b), (x, y), (5, 5)),
            (lambda a: -a * 3, (x,), (-3,)),
            (lambda a, b: 2 * (a - b) * 3, (x, y), (6, -6)),
            (lambda a: ((a + 1) * 2 + 3) * 4, (x,), (8,)),
        ],
    )


@pytest.mark.stage("backward", points=0.5, zh="藏在算式里的函数和除法，责任也对。")
def test_functions_inside_a_longer_expression(student, rng):
    """Functions, powers and quotients inside a longer expression get their blame right."""
    x, z = rng.uniform(1, 2), -rng.uniform(1, 2)
    bend = 1 - T(0.5 * z) ** 2
    blames(
        student,
        [
            (lambda a: 3 * a.tanh(), (0.5,), (3 * (1 - T(0.5) ** 2),)),
            (lambda a: (2 * a).exp(), (x,), (2 * math.exp(2 * x),)),
            (lambda a: 4 * a**3, (2,), (48,)),
            (lambda a, b: (a * b).tanh() * 2, (0.5, z), (2 * bend * z, bend)),
            (lambda a: 1 / a, (4,), (-1 / 16,)),
            (lambda a: 1 - a, (3,), (-1,)),
            (lambda a, b: a / b, (x, 2), (1 / 2, -x / 4)),
            (lambda a: (a * 3).relu() + (a * -3).relu(), (x,), (3,)),
        ],
    )


@pytest.mark.stage("backward", points=1, zh="几条路通到同一个数，责任要加起来。")
def test_blame_from_several_ways_adds_up(student, rng):
    """Where several ways lead to one number, their blame adds up, also behind a node that is reused."""
    x, y = rng.uniform(1, 2), rng.uniform(2, 3)

    def reused(a):
        b = a + 1
        return 2 * b + 3 * b

    def square_of_sum(a, b):
        c = a + b
        return c * c

    def six_nodes(a, b):
        c = a * b
        return (c + a) + c * b

    blames(
        student,
        [
            (lambda a: a + a, (x,), (2,)),
            (lambda a: a * a, (3,), (6,)),
            (lambda a: a * a * a, (3,), (27,)),
            (reused, (x,), (5,)),
            (square_of_sum, (x, y), (2 * (x + y), 2 * (x + y))),
            (six_nodes, (2, 3), (13, 14)),
            (lambda a, b: (a + b) * (a - b), (x, y), (2 * x, -2 * y)),
            (lambda a, b: (a + 1) * (b + 1), (2, 2), (3, 3)),
        ],
    )


@pytest.mark.stage("backward", points=1, zh="一个节点听完所有消息，才能往下说。")
def test_a_node_speaks_only_after_it_has_heard_everyone(student, rng):
    """A node hands its blame on only after it has heard everyone, whichever way is longer."""
    x = rng.uniform(0.2, 0.5)

    def short_way_first(a):
        b = 2 * a
        return b + b * 3

    def long_way_first(a):
        b = 2 * a
        return b * 3 + b

    def very_long_way(a):
        b = a * 3
        return b + ((b * 2 + 1) * 3 + 1) * 5

    def very_long_way_first(a):
        b = a * 3
        return ((b * 2 + 1) * 3 + 1) * 5 + b

    def ladder(a):
        c = a + a
        d = c + c
        return d + c + a

    def two_roads(a, b):
        c = a * b
        d = c * 2
        return (d + c) * (c + 1)

    xy = x * 3
    blames(
        student,
        [
            (short_way_first, (x,), (8,)),
            (long_way_first, (x,), (8,)),
            (very_long_way, (x,), (93,)),
            (very_long_way_first, (x,), (93,)),
            (ladder, (x,), (7,)),
            (two_roads, (x, 3), ((6 * xy + 3) * 3, (6 * xy + 3) * x)),
        ],
    )


@pytest.mark.stage("backward", points=0.5, zh="五千步长的链，责任也走得回来。")
def test_blame_walks_back_five_thousand_steps(student, rng):
    """Blame walks back over a chain of 5,000 operations."""
    x, step = student.Value(rng.uniform(1, 2)), student.Value(0.001)
    out = x
    for _ in range(5000):
        out = out + step
    root = 3.0 * out
    root.backward()
    assert x.grad == close(3.0)
    assert step.grad == close(15000.0)
