"""Her tests against programs that she never sees: two points for each wrong one caught, nothing if a right one is failed."""

import pytest

WRONG = ("clipped-messages", "deaf-left-number", "half-built-tanh", "leaky-gate", "upside-down-quotient")


@pytest.mark.stage("break", points=2, zh="你的测试抓住了错误的程序，也放过了正确的程序。")
@pytest.mark.parametrize("target", WRONG)
def test_her_tests_catch_it(break_it, target):
    """Your tests catch a wrong program, and let the right ones pass."""
    assert break_it.tests > 0, "break_it.py has no function whose name begins with test_"
    failed = break_it.failed_right()
    assert failed == [], "a test of yours fails a right program"
    assert break_it.caught(target), "none of your tests catches this one"
