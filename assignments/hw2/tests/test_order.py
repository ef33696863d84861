"""Ramp 3: topo. Any order will do in which each node comes after all that it was made from.

The suite writes a number into every node's .data, so that it can tell them apart.
"""

import itertools

import pytest

LENGTH = 5000

PLAIN = (int, float, str, bool, list, dict, tuple)


def marks(student, root, nodes):
    """Mark *nodes* with 0, 1, 2 ..., and return the marks in the order of topo(root)."""
    for k, node in enumerate(nodes):
        node.data = float(k)
    order = student.value(student.topo(root))
    assert type(order) in (list, tuple), "topo must return a list / topo 要返回一个列表"
    wrong = any(node is None or type(node) in PLAIN for node in order)
    assert not wrong, "topo's list must hold the Values themselves / 列表里要放 Value 本身"
    return student.value([node.data for node in order])


@pytest.mark.stage("order", points=1.5, zh="每个节点恰好出现一次，根在最后。")
def test_each_node_once_and_the_root_last(student):
    """Each node stands in the list once, the root last."""
    a, b = student.Value(2.0), student.Value(3.0)
    c = a * b
    d = c + a
    root = d * c
    order = marks(student, root, (a, b, c, d, root))
    assert sorted(order) == [0, 1, 2, 3, 4], f"a, b, c, d, root are 0..4, once each; got {order} / 0 到 4 各一次，得到 {order}"
    assert order[-1] == 4, f"the root (4) must be last, got {order} / 根（4）要在最后，得到 {order}"


@pytest.mark.stage("order", points=1.5, zh="孩子排在父母之后。")
def test_each_node_after_what_it_was_made_from(student):
    """Each node stands after all that it was made from."""
    a, b = student.Value(2.0), student.Value(3.0)
    c = a + b
    for swapped in (False, True):
        d = c * c
        root = d + c if swapped else c + d
        order = marks(student, root, (a, b, c, d, root))
        assert sorted(order) == [0, 1, 2, 3, 4], f"a, b, c, d, root are 0..4, once each; got {order} / 0 到 4 各一次，得到 {order}"
        for parent, child in ((0, 2), (1, 2), (2, 3), (2, 4), (3, 4)):
            said = f"{parent} must stand before {child}, got {order} / {parent} 要排在 {child} 前面，得到 {order}"
            assert order.index(parent) < order.index(child), said


def has_length(student, order, size):
    """Say whether *order* is *size* long, without five thousand objects crossing."""
    student.value(order[size - 1].data)
    try:
        student.value(order[size].data)
    except IndexError:
        return True
    return False


@pytest.mark.stage("order", points=1, zh="五千步长的链也不会倒下。")
def test_a_long_chain_survives(student):
    """A chain of 5,000 operations survives."""
    link = student.Value(1.0)
    for _ in range(LENGTH):
        link = link.tanh()  # each a little smaller than the one before it: the numbers tell the order
    order = student.topo(link)
    assert has_length(student, order, LENGTH + 1), (
        f"topo must list each of the {LENGTH + 1} nodes once / topo 要把 {LENGTH + 1} 个节点各列一次"
    )
    sample = student.value([order[k].data for k in range(0, LENGTH + 1, 50)])
    in_order = all(left > right for left, right in itertools.pairwise(sample))
    assert in_order, "each link must stand after the one before it / 每一环都要排在前一环之后"
