"""My tests for homework 4. Each ``test_*`` gets a program and raises when the program is wrong.

``student.embed(...)`` calls the program, ``student.tensor(list, "float64")`` makes a tensor for it, ``student.value(x)`` brings an
answer back (a tensor comes as a numpy array; ``.tolist()`` makes a list of it).
A test that fails a right program costs everything: test what the docstrings of embeddings.py promise, and no more.
"""

import math


def test_the_table_of_one_word(student):
    """A first one, given: 'ab' after two dots."""
    assert student.value(student.table(["ab"], 2)) == {"..": {"a": 1}, ".a": {"b": 1}, "ab": {".": 1}}


### BEGIN SOLUTION
def test_examples_of_two_words(student):
    X, Y = student.build_dataset(["ab", "c"], 3)
    assert student.value(X).tolist() == [[0, 0, 0], [0, 0, 1], [0, 1, 2], [0, 0, 0], [0, 0, 3]]
    assert student.value(Y).tolist() == [1, 2, 0, 3, 0]


def test_split_shares_nothing_and_hears_the_seed(student):
    words = [a + b for a in "abcdefghij" for b in "klmnopqrst"]
    first = [sorted(student.value(part)) for part in student.value(student.split([*words, *words], 1))]
    second = [sorted(student.value(part)) for part in student.value(student.split([*words, *words], 2))]
    assert tuple(map(len, first)) == (80, 10, 10)
    assert sorted(sum(first, [])) == sorted(words)
    assert first != second


def test_embed_and_the_way_back(student):
    C = student.tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]], "float64")
    X = student.tensor([[1, 1], [2, 1]], "int64")
    assert student.value(student.embed(C, X)).tolist() == [[[2.0, 3.0], [2.0, 3.0]], [[4.0, 5.0], [2.0, 3.0]]]
    news = student.tensor([[[1.0, 2.0], [10.0, 20.0]], [[5.0, 6.0], [100.0, 200.0]]], "float64")
    assert student.value(student.embed_backward(news, X, 3)).tolist() == [[0.0, 0.0], [111.0, 222.0], [5.0, 6.0]]


def test_nll_counts_in_nats(student):
    logits = [27 * [0.0] for _ in range(2)]
    got = float(student.value(student.nll(student.tensor(logits, "float64"), student.tensor([3, 5], "int64"))))
    assert abs(got - math.log(27)) < 1e-9
    logits[1][5] = 1000.0
    got = float(student.value(student.nll(student.tensor(logits, "float64"), student.tensor([3, 5], "int64"))))
    assert abs(got - math.log(27) / 2) < 1e-9


def test_forward_reads_left_to_right(student):
    C = student.tensor([[0.0], [1.0], [2.0]], "float64")
    W1 = student.tensor([[1.0, 0.0], [0.0, 3.0]], "float64")
    b1 = student.tensor([0.5, 0.0], "float64")
    W2 = student.tensor([[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]], "float64")
    b2 = student.tensor([0.0, 0.0, 1.0], "float64")
    got = student.value(student.forward([C, W1, b1, W2, b2], student.tensor([[1, 2]], "int64"))).tolist()
    a, b = math.tanh(1.5), math.tanh(6.0)
    assert all(abs(x - y) < 1e-9 for x, y in zip(got[0], [a, b, 2 * a + 1], strict=True))


### END SOLUTION
