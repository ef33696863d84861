"""Two hundred random graphs, 25 a check, against a trusted analytic value and against central differences."""

import graphs
import pytest

GRAPHS = 25


def agree(student, rng, special, others=("+", "*")):
    """Draw graphs rich in *special* operations; the blame of every leaf must be right."""
    programs = [graphs.draw(rng, special, others) for _ in range(GRAPHS)]
    asked = []
    for program in programs:
        nodes = graphs.build(student, program)
        nodes[-1].backward()
        asked.append([nodes[k].grad for k in graphs.leaf_numbers(program)])
    for program, got in zip(programs, student.value(asked), strict=True):
        trusted = graphs.gradients(program)
        numeric = graphs.differences(program)
        for grad, k, measured in zip(got, graphs.leaf_numbers(program), numeric, strict=True):
            assert grad == graphs.close(trusted[k])
            assert grad == pytest.approx(measured, rel=1e-5, abs=1e-7)


@pytest.mark.stage("backward", points=0.75, zh="随机的图：只有加和乘。")
def test_random_graphs_of_sums_and_products(student, rng):
    """Random graphs of sums and products."""
    agree(student, rng, ("+", "*"))


@pytest.mark.stage("backward", points=0.75, zh="随机的图：数站在左右两边，还有减法。")
def test_random_graphs_with_plain_numbers(student, rng):
    """Random graphs with plain numbers on either side, and differences."""
    agree(student, rng, ("x+c", "c+x", "x*c", "c*x", "x-c", "-", "neg"))


@pytest.mark.stage("backward", points=0.75, zh="随机的图：3 - a、3 / a 和除法。")
def test_random_graphs_with_a_number_on_the_left(student, rng):
    """Random graphs with 3 - a, 3 / a and quotients."""
    agree(student, rng, ("c-x", "c/x", "/", "x/c"))


@pytest.mark.stage("backward", points=0.75, zh="随机的图：有乘方。")
def test_random_graphs_with_powers(student, rng):
    """Random graphs with powers."""
    agree(student, rng, ("x**c",))


@pytest.mark.stage("backward", points=0.75, zh="随机的图：有 tanh。")
def test_random_graphs_with_tanh(student, rng):
    """Random graphs with tanh."""
    agree(student, rng, ("tanh",))


@pytest.mark.stage("backward", points=0.75, zh="随机的图：有 exp。")
def test_random_graphs_with_exp(student, rng):
    """Random graphs with exp."""
    agree(student, rng, ("exp",))


@pytest.mark.stage("backward", points=0.75, zh="随机的图：有 relu。")
def test_random_graphs_with_relu(student, rng):
    """Random graphs with relu, away from its corner."""
    agree(student, rng, ("relu",))


@pytest.mark.stage("backward", points=0.75, zh="随机的图：什么都有。")
def test_random_graphs_of_everything(student, rng):
    """Random graphs of every operation together."""
    everything = ("-", "/", "neg", "tanh", "exp", "relu", "c+x", "c-x", "c/x", "x-c", "x/c", "x**c")
    agree(student, rng, everything, ("+", "*", "x*c", "c*x"))
