"""Break it: her tests against programs that she has not seen."""

import pytest

TARGETS = ("average-of-messages", "bits-not-nats", "context-reversed", "last-letter-lost", "seed-ignored")


@pytest.mark.parametrize("target", TARGETS, ids=["one", "two", "three", "four", "five"])
@pytest.mark.stage("break", points=2, zh="你的测试抓住写错的程序，并放过写对的。")
def test_her_tests_catch_a_wrong_program(break_it, target):
    """Your tests catch a wrong program, and let every right one pass."""
    assert break_it.tests > 0, "break_it.py has no test_ function. / break_it.py 里没有 test_ 函数。"
    assert break_it.failed_right() == [], "a right program is failed by your tests. / 你的测试误伤了写对的程序。"
    assert target in break_it.wrong, "the targets and the folder differ"
    assert break_it.caught(target), "this wrong program got past your tests. / 有一个写错的程序逃过了你的测试。"
