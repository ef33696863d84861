"""Ramp 2: each operation's own rule. The suite itself walks back, one node at a time."""

import math

import pytest
from says import expect, tell


@pytest.mark.stage("local", points=0.8, zh="加法把消息传给两边。")
def test_plus_hands_the_message_to_both(student):
    """A sum hands its message to both sides."""
    a, b = student.Value(2.0), student.Value(3.0)
    tell(a + b, 5.0)
    expect("c = a + b, c.grad = 5: a.grad", a.grad, 5.0)
    expect("c = a + b, c.grad = 5: b.grad", b.grad, 5.0)


@pytest.mark.stage("local", points=0.8, zh="乘法：你的责任取决于你的搭档。")
def test_times_looks_at_the_partner(student):
    """In a product, your blame depends on your partner."""
    a, b = student.Value(2.0), student.Value(3.0)
    tell(a * b, 1.0)
    expect("c = a * b at a = 2, b = 3: a.grad", a.grad, 3.0)
    expect("c = a * b at a = 2, b = 3: b.grad", b.grad, 2.0)
    p, q = student.Value(2.0), student.Value(3.0)
    tell(p * q, 10.0)
    expect("the same with c.grad = 10: a.grad", p.grad, 30.0)


@pytest.mark.stage("local", points=0.8, zh="乘方：x 的立方在 2 处的斜率是 12。")
def test_power_has_a_slope(student):
    """The slope of x**3 at 2 is 12."""
    a, b = student.Value(2.0), student.Value(3.0)
    tell(a**3, 1.0)
    tell(b**2, 10.0)
    expect("a**3 at a = 2: a.grad", a.grad, 12.0)
    expect("b**2 at b = 3, message 10: b.grad", b.grad, 60.0)


@pytest.mark.stage("local", points=0.8, zh="tanh 在 0 处斜率为 1，到了两头就平了。")
def test_tanh_flattens_out(student):
    """tanh has slope 1 at zero and flattens out far away."""
    middle, half, far = student.Value(0.0), student.Value(0.5), student.Value(10.0)
    tell(middle.tanh(), 1.0)
    tell(half.tanh(), 3.0)
    tell(far.tanh(), 1.0)
    expect("tanh at 0: grad", middle.grad, 1.0)
    expect("tanh at 0.5, message 3: grad", half.grad, 3.0 * (1 - math.tanh(0.5) ** 2))
    expect("tanh at 10: grad", far.grad, 1 - math.tanh(10.0) ** 2)


@pytest.mark.stage("local", points=0.8, zh="exp 的斜率是它自己。")
def test_exp_is_its_own_slope_at_two(student):
    """exp is its own slope."""
    a, b = student.Value(2.0), student.Value(0.0)
    tell(a.exp(), 1.0)
    tell(b.exp(), 4.0)
    expect("exp at 2: grad", a.grad, math.exp(2.0))
    expect("exp at 0, message 4: grad", b.grad, 4.0)


@pytest.mark.stage("local", points=0.8, zh="relu 是一道门：正数放行，负数拦住。")
def test_relu_opens_and_shuts(student):
    """relu is a gate: open above zero, shut below."""
    up, down = student.Value(2.0), student.Value(-2.0)
    tell(up.relu(), 5.0)
    tell(down.relu(), 5.0)
    expect("relu at 2, message 5: grad", up.grad, 5.0)
    expect("relu at -2, message 5: grad", down.grad, 0.0)


@pytest.mark.stage("local", points=1.2, zh="用了两次，就会收到两份消息。")
def test_used_twice_hears_twice(student):
    """A number that is used twice hears two messages."""
    a, b, c = student.Value(3.0), student.Value(3.0), student.Value(2.0)
    tell(a + a, 1.0)
    tell(b * b, 1.0)
    expect("a + a: a.grad", a.grad, 2.0)
    expect("b * b at b = 3: b.grad", b.grad, 6.0)
    tell(c + 5, 1.0)
    tell(c * 10, 1.0)
    expect("c feeds c + 5 and c * 10, message 1 from each: c.grad", c.grad, 11.0)
