"""Ramp 4: the walk back from the root."""

import pytest
from says import expect


@pytest.mark.stage("backward", points=1, zh="根对自己的敏感度是 1。")
def test_the_root_starts_with_one(student):
    """The root's own blame is 1, and a + b shares it out."""
    a, b = student.Value(2.0), student.Value(3.0)
    c = a + b
    c.backward()
    expect("c = a + b: c.grad", c.grad, 1.0)
    expect("c = a + b: a.grad", a.grad, 1.0)
    expect("c = a + b: b.grad", b.grad, 1.0)


@pytest.mark.stage("backward", points=1, zh="消息一手一手传下去，每一手都乘一下。")
def test_a_chain_multiplies(student):
    """From hand to hand the message is multiplied."""
    a, b, c = student.Value(2.0), student.Value(3.0), student.Value(5.0)
    ((a * b) * c).backward()
    expect("(a*b)*c at 2, 3, 5: a.grad", a.grad, 15.0)
    expect("(a*b)*c at 2, 3, 5: b.grad", b.grad, 10.0)
    expect("(a*b)*c at 2, 3, 5: c.grad", c.grad, 6.0)


@pytest.mark.stage("backward", points=1, zh="中间的节点用了两次，也只说一次话。")
def test_a_reused_middle_speaks_once(student):
    """A node in the middle that is used twice still speaks once."""
    a = student.Value(4.0)
    b = a + 1
    (2 * b + 3 * b).backward()
    expect("b = a + 1, L = 2b + 3b: a.grad", a.grad, 5.0)


@pytest.mark.stage("backward", points=1, zh="短路和长路都到了，才能往下说。")
def test_short_way_and_long_way(student):
    """A node speaks when the short way and the long way have both arrived."""
    a = student.Value(0.5)
    b = 2 * a
    (b + b * 3).backward()
    expect("b = 2a, L = b + 3b: a.grad", a.grad, 8.0)
    c = student.Value(0.5)
    d = 2 * c
    (d * 3 + d).backward()
    expect("b = 2a, L = 3b + b: a.grad", c.grad, 8.0)
