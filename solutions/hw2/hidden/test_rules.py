"""Each operation's own rule. The suite itself walks back here, so that topo and backward play no part."""

import math

import pytest
from graphs import close


def tell(out, news):
    """Let *out* hear *news* from above, and hand it on."""
    out.grad = news
    out._backward()


@pytest.mark.stage("local", points=1.5, zh="加法把上面来的消息原样传给两边。")
def test_a_sum_passes_the_news_on(student, rng):
    """A sum hands the news from above to both sides, unchanged."""
    news = rng.uniform(2, 5)
    a, b = student.Value(rng.uniform(1, 3)), student.Value(-rng.uniform(1, 3))
    total = a + b
    tell(total, news)
    k = student.Value(rng.uniform(1, 3))
    tell(k + 4.0, -news)
    assert a.grad == close(news)
    assert b.grad == close(news)
    assert k.grad == close(-news)
    assert total.grad == close(news)


@pytest.mark.stage("local", points=2, zh="乘积的梯度：另一个因数，再乘以上面来的消息。")
def test_a_factor_is_scaled_by_its_partner(student, rng):
    """A factor's gradient is the other factor, times the news from above."""
    x, y, news, c = rng.uniform(1, 2), -rng.uniform(2.5, 4), rng.uniform(2, 5), rng.uniform(3, 5)
    a, b = student.Value(x), student.Value(y)
    tell(a * b, news)
    zero, partner = student.Value(0.0), student.Value(y)
    tell(zero * partner, news)
    k = student.Value(x)
    tell(k * c, news)
    assert a.grad == close(y * news)
    assert b.grad == close(x * news)
    assert zero.grad == close(y * news)
    assert partner.grad == close(0.0)
    assert k.grad == close(c * news)


@pytest.mark.stage("local", points=1.5, zh="x 的 n 次方的斜率：n 乘以 x 的 n-1 次方。")
def test_a_power_has_its_own_slope(student, rng):
    """The slope of x**n, for whole, negative and broken n, times the news from above."""
    news = rng.uniform(2, 5)
    cases = [(2.0, 3), (rng.uniform(1.2, 2), 2), (-rng.uniform(1.2, 2), 3), (rng.uniform(1.2, 2), -1), (rng.uniform(1.2, 2), 0.5)]
    knobs = [student.Value(x) for x, _ in cases]
    for knob, (_, n) in zip(knobs, cases, strict=True):
        tell(knob**n, news)
    for knob, (x, n) in zip(knobs, cases, strict=True):
        assert knob.grad == close(n * x ** (n - 1) * news)


@pytest.mark.stage("local", points=1.5, zh="tanh 的斜率在中间陡，在两头平。")
def test_tanh_is_steep_in_the_middle_and_flat_outside(student, rng):
    """The slope of tanh is 1 in the middle and dies away outside, times the news from above."""
    news = rng.uniform(2, 5)
    points = [0.5, 0.0, rng.uniform(0.2, 0.9), -rng.uniform(1, 2), 10.0]
    knobs = [student.Value(x) for x in points]
    for knob in knobs:
        tell(knob.tanh(), news)
    for knob, x in zip(knobs, points, strict=True):
        assert knob.grad == close((1 - math.tanh(x) ** 2) * news)


@pytest.mark.stage("local", points=1, zh="exp 的斜率就是它自己。")
def test_exp_is_its_own_slope(student, rng):
    """The slope of exp is exp itself, times the news from above."""
    news = rng.uniform(2, 5)
    points = [2.0, 0.0, -rng.uniform(0.5, 2), rng.uniform(0.2, 0.9)]
    knobs = [student.Value(x) for x in points]
    for knob in knobs:
        tell(knob.exp(), news)
    for knob, x in zip(knobs, points, strict=True):
        assert knob.grad == close(math.exp(x) * news)


@pytest.mark.stage("local", points=1, zh="relu 在正数处原样放行，在负数处一点不放。")
def test_relu_is_a_gate(student, rng):
    """relu lets the news through above zero, and nothing below; at zero itself any slope from 0 to 1 will do."""
    news = rng.uniform(2, 5)
    up, down, corner = student.Value(rng.uniform(2, 4)), student.Value(-rng.uniform(1, 3)), student.Value(0.0)
    for knob in (up, down, corner):
        tell(knob.relu(), news)
    assert up.grad == close(news)
    assert down.grad == close(0.0)
    assert 0.0 <= float(corner.grad) <= news


@pytest.mark.stage("local", points=1, zh="用了两次的数收到两份消息，要加起来。")
def test_blame_adds_up(student, rng):
    """A number that is used twice hears two messages, and they add up."""
    x, first, second = rng.uniform(1.2, 2), rng.uniform(2, 3), rng.uniform(4, 5)
    doubled, squared, left, right = (student.Value(x) for _ in range(4))
    tell(doubled + doubled, first)
    tell(squared * squared, first)
    tell(left + 1.5, second)  # left and right feed a sum and a product each
    tell(left * 2.5, first)
    tell(1.5 + right, second)
    tell(2.5 * right, first)
    assert doubled.grad == close(2 * first)
    assert squared.grad == close(2 * x * first)
    assert left.grad == close(second + 2.5 * first)
    assert right.grad == close(second + 2.5 * first)


@pytest.mark.stage("local", points=0.5, zh="指数是 Value 时：要么报错，要么它的梯度也要对。")
def test_a_value_as_exponent_is_refused_or_blamed_rightly(student, rng):
    """A Value as an exponent is refused, or gets its own blame rightly; never silence."""
    x, y = rng.uniform(1.2, 2), rng.uniform(2.2, 3)
    assert (student.Value(x) ** 2).data == close(x**2)
    a, b = student.Value(x), student.Value(y)
    try:
        power = a**b
        power.backward()
        got = [float(power.data), float(a.grad), float(b.grad)]
    except Exception:
        return
    assert got == [close(x**y), close(y * x ** (y - 1)), close(x**y * math.log(x))]
