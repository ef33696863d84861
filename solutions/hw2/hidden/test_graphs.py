"""Two hundred random graphs, 25 a check, against a trusted analytic value and against central differences."""

import functools
import random

import graphs
import pytest

GRAPHS = 25


@functools.cache
def drawn(seed, special, others):
    """Return a check's graphs, each with its leaves and their blame, trusted and measured. A class has eight seeds: drawn once each."""
    rng = random.Random(f"{seed}:{special}")
    programs = [graphs.draw(rng, special, others) for _ in range(GRAPHS)]
    return [(program, *judged(program)) for program in programs]


def judged(program):
    leaves = graphs.leaf_numbers(program)
    trusted = graphs.gradients(program)
    return leaves, [trusted[k] for k in leaves], graphs.differences(program)


def assert_near(got, want, *, rel, least):
    """Assert that *got* is a number near *want*. Where it is, pytest's own comparison would take twenty times as long to say so."""
    if type(got) is not float or not abs(got - want) <= least:
        assert got == pytest.approx(want, rel=rel, abs=least)


def agree(student, seed, special, others=("+", "*")):
    """Draw graphs rich in *special* operations; the blame of every leaf must be right."""
    known = drawn(seed, special, others)
    asked = []
    for program, leaves, _, _ in known:
        nodes = graphs.build(student, program)
        nodes[-1].backward()
        asked.append([nodes[k].grad for k in leaves])
    for (_, _, trusted, measured), got in zip(known, student.value(asked), strict=True):
        for grad, exact, numeric in zip(got, trusted, measured, strict=True):
            assert_near(grad, exact, rel=1e-9, least=1e-9)
            assert_near(grad, numeric, rel=1e-5, least=1e-7)


@pytest.mark.stage("backward", points=0.75, zh="随机的图：只有加和乘。")
def test_random_graphs_of_sums_and_products(student, seed):
    """Random graphs of sums and products."""
    agree(student, seed, ("+", "*"))


@pytest.mark.stage("backward", points=0.75, zh="随机的图：数站在左右两边，还有减法。")
def test_random_graphs_with_plain_numbers(student, seed):
    """Random graphs with plain numbers on either side, and differences."""
    agree(student, seed, ("x+c", "c+x", "x*c", "c*x", "x-c", "-", "neg"))


@pytest.mark.stage("backward", points=0.75, zh="随机的图：3 - a、3 / a 和除法。")
def test_random_graphs_with_a_number_on_the_left(student, seed):
    """Random graphs with 3 - a, 3 / a and quotients."""
    agree(student, seed, ("c-x", "c/x", "/", "x/c"))


@pytest.mark.stage("backward", points=0.75, zh="随机的图：有乘方。")
def test_random_graphs_with_powers(student, seed):
    """Random graphs with powers."""
    agree(student, seed, ("x**c",))


@pytest.mark.stage("backward", points=0.75, zh="随机的图：有 tanh。")
def test_random_graphs_with_tanh(student, seed):
    """Random graphs with tanh."""
    agree(student, seed, ("tanh",))


@pytest.mark.stage("backward", points=0.75, zh="随机的图：有 exp。")
def test_random_graphs_with_exp(student, seed):
    """Random graphs with exp."""
    agree(student, seed, ("exp",))


@pytest.mark.stage("backward", points=0.75, zh="随机的图：有 relu。")
def test_random_graphs_with_relu(student, seed):
    """Random graphs with relu, away from its corner."""
    agree(student, seed, ("relu",))


@pytest.mark.stage("backward", points=0.75, zh="随机的图：什么都有。")
def test_random_graphs_of_everything(student, seed):
    """Random graphs of every operation together."""
    everything = ("-", "/", "neg", "tanh", "exp", "relu", "c+x", "c-x", "c/x", "x-c", "x/c", "x**c")
    agree(student, seed, everything, ("+", "*", "x*c", "c*x"))
