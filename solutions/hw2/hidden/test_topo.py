"""topo: any order in which each node comes after all that it was made from.

The suite marks its nodes by writing their number into .data, so that a long list crosses at once.
"""

import itertools

import pytest

PLAIN = (int, float, str, bool, list, dict, tuple)


def listed(student, root, size):
    """Return topo(root) as a list of the student's objects, *size* long."""
    order = student.value(student.topo(root))
    assert type(order) in (list, tuple), "topo returns a list"
    assert len(order) == size, "each node stands in the list once"
    assert not any(node is None or type(node) in PLAIN for node in order), "the list holds the Values themselves"
    return order


def marks(student, root, size):
    """Return the marks of topo(root), in order."""
    order = student.value([node.data for node in listed(student, root, size)])
    assert all(type(mark) is float for mark in order), "a Value's data is the number that was written there"
    return order


def random_graph(student, rng, leaves=3, size=12):
    """Return (nodes, parents): every node is used by a later one; parents[k] are the nodes that k was made from."""
    nodes = [student.Value(rng.uniform(0.5, 1.5)) for _ in range(leaves)]
    parents = [()] * leaves
    loose = list(range(leaves))
    while len(nodes) < size or len(loose) > 1:
        i = loose.pop(rng.randrange(len(loose)))
        j = rng.randrange(len(nodes)) if len(nodes) < size else loose.pop()
        i, j = rng.sample((i, j), 2)
        nodes.append(nodes[i] + nodes[j] if rng.random() < 0.5 else nodes[i] * nodes[j])
        parents.append((i, j))
        loose = [*(k for k in loose if k != j), len(nodes) - 1]
    for k, node in enumerate(nodes):
        node.data = float(k)
    return nodes, parents


@pytest.mark.stage("order", points=2.5, zh="每个节点恰好出现一次，根在最后。")
def test_every_node_stands_there_once(student, rng):
    """Every node stands in the list once, and the root is last."""
    for _ in range(6):
        nodes, _parents = random_graph(student, rng)
        order = marks(student, nodes[-1], len(nodes))
        assert sorted(order) == list(range(len(nodes)))
        assert order[-1] == len(nodes) - 1


@pytest.mark.stage("order", points=2.5, zh="每个节点都排在它的来历之后。")
def test_every_node_comes_after_what_it_was_made_from(student, rng):
    """Every node comes after all that it was made from."""
    for _ in range(8):
        nodes, parents = random_graph(student, rng, leaves=2, size=14)
        order = marks(student, nodes[-1], len(nodes))
        place = {mark: where for where, mark in enumerate(order)}
        assert sorted(place) == list(range(len(nodes)))
        for node, made_from in enumerate(parents):
            for parent in made_from:
                assert place[parent] < place[node]


@pytest.mark.stage("order", points=1, zh="两个相等的数是两个节点。")
def test_equal_numbers_are_two_nodes(student, rng):
    """Two equal numbers are two nodes, not one."""
    x = rng.uniform(1, 2)
    a, b, one = student.Value(x), student.Value(x), student.Value(1.0)
    left, right = a + one, b + one
    root = left * right
    order = listed(student, root, 6)
    assert {student.identity(node) for node in order} == {student.identity(n) for n in (a, b, one, left, right, root)}
    assert student.identity(order[-1]) == student.identity(root)


@pytest.mark.stage("order", points=1, zh="五千步长的链也排得出来。")
def test_a_chain_of_five_thousand_is_survived(student, rng):
    """A chain of 5,000 operations is put in order."""
    length = 5000
    link = student.Value(rng.uniform(1, 2))
    for _ in range(length):
        link = link.tanh()  # strictly smaller than the one before it: the numbers tell the order
    order = student.topo(link)
    places = sorted({0, 1, length - 1, length, *(rng.randrange(length) for _ in range(200))})
    sample = student.value([order[k].data for k in places])
    assert all(left > right for left, right in itertools.pairwise(sample)), "each link stands after the one before it"
    assert student.identity(order[length]) == student.identity(link)
    with pytest.raises(IndexError):
        student.value(order[length + 1])


@pytest.mark.stage("order", points=1, zh="从中间的节点出发，只看它自己的来历。")
def test_the_order_of_a_part_holds_that_part_only(student, rng):
    """Asked about a node in the middle, topo lists that node's own history only."""
    a, b, c = (student.Value(rng.uniform(1, 2)) for _ in range(3))
    middle = a * b
    late = middle + c
    for k, node in enumerate((a, b, middle, c, late)):
        node.data = float(k)
    assert sorted(marks(student, middle, 3)) == [0, 1, 2]
    assert marks(student, middle, 3)[-1] == 2
    assert sorted(marks(student, late, 5)) == [0, 1, 2, 3, 4]
    assert marks(student, c, 1) == [3]
