"""Stretch: log, sigmoid, and the contract of a second walk."""

import math

import pytest
from graphs import close

CONTRACTS = ("echo", "accumulate", "fresh", "refuse")


@pytest.mark.stage("stretch", points=3, zh="log：数、斜率，以及对 0 和负数说不。")
def test_log_has_a_slope_and_a_border(student, rng):
    """log gives the number and the slope 1/x, and refuses zero and below."""
    x, y = rng.uniform(0.2, 0.8), rng.uniform(1.5, 4)
    a, b = student.Value(x), student.Value(y)
    for knob, number in ((a, x), (b, y)):
        out = 3.0 * knob.log()
        out.backward()
        assert out.data == close(3 * math.log(number))
        assert knob.grad == close(3 / number)
    for bad in (0.0, -x):
        with pytest.raises(ValueError):  # noqa: PT011 - whatever her message says
            float(student.Value(bad).log().data)


@pytest.mark.stage("stretch", points=3, zh="sigmoid：数、斜率，还有正负一千。")
def test_sigmoid_survives_a_thousand(student, rng):
    """sigmoid gives the number and its slope, and survives plus and minus a thousand."""
    points = [rng.uniform(0.1, 0.3), rng.uniform(0.5, 3), -rng.uniform(0.5, 3), 1000.0, -1000.0]
    knobs = [student.Value(x) for x in points]
    outs = [knob.sigmoid() for knob in knobs]
    for out in outs:
        (5.0 * out).backward()
    for knob, out, x in zip(knobs, outs, points, strict=True):
        s = 1 / (1 + math.exp(-x)) if x > 0 else 1 - 1 / (1 + math.exp(x))
        assert out.data == close(s)
        assert knob.grad == close(5 * s * (1 - s))


def walks(kind, x):
    """Return the leaf's gradient after one and after two walks of u = v*v; L = u*v + u, written out by hand."""
    once = 3 * x**2 + 2 * x
    twice = {
        "echo": once + 2 * x**2 + (3 * x + 2) * 2 * x,  # u*v now says 2, and u, which knew x + 1, hears 2x + 1 more
        "accumulate": 2 * once,
        "fresh": once,
        "refuse": once,
    }
    return once, twice[kind]


@pytest.mark.stage("stretch", points=4, zh="第二次回走：说了什么约定，就守什么约定。")
def test_the_second_walk_keeps_the_stated_contract(student, rng):
    """Called a second time, backward does what second_backward() says."""
    kind = student.value(student.second_backward())
    assert kind in CONTRACTS, f"second_backward() returns one of {', '.join(CONTRACTS)}"
    for x in (3.0, rng.uniform(1.2, 2.5)):
        v = student.Value(x)
        u = v * v
        root = u * v + u
        root.backward()
        once, twice = walks(kind, x)
        assert v.grad == close(once)
        if kind == "refuse":
            with pytest.raises(RuntimeError):
                student.value(root.backward())
        else:
            root.backward()
        assert v.grad == close(twice)
