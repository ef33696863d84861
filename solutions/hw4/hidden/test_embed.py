"""Stage embed: the look-up, and its way back."""

import hw4_data as data
import numpy as np
import pytest
from hw4_cross import array, close, letters


def case(rng, n=9, block=3, d=4):
    g = np.random.default_rng(rng.getrandbits(64))
    few = g.choice(data.V, 8, replace=False)  # few letters, so that each is looked up often
    return g.standard_normal((data.V, d)), few[g.integers(0, 8, (n, block))], g.standard_normal((n, block, d))


@pytest.mark.stage("embed", points=2, zh="每个字母都换成它在地图上的那一行。")
def test_every_letter_becomes_its_row_of_the_map(student, rng):
    """Every letter becomes its row of the map."""
    for n, block, d in ((9, 3, 4), (1, 1, 2), (6, 5, 3)):
        C, X, _ = case(rng, n, block, d)
        got = array(student, student.embed(student.tensor(C, "float64"), letters(student, X)), (n, block, d), "embed(C, X)")
        close(got, C[X], "embed(C, X)")


def heard(dout, X, V):
    want = np.zeros((V, dout.shape[-1]))
    np.add.at(want, X.reshape(-1), dout.reshape(-1, dout.shape[-1]))
    return want


@pytest.mark.stage("embed", points=2, zh="消息要能从查表的结果一路传回地图 C。")
def test_the_news_finds_its_way_back_to_the_map(student, rng):
    """The news finds its way from the look-up back to the map C."""
    C, X, news = case(rng)
    t = student.tensor(C, "float64", "cpu", True)
    (student.embed(t, letters(student, X)) * student.tensor(news, "float64")).sum().backward()
    close(array(student, t.grad, C.shape, "C.grad"), heard(news, X, data.V), "C.grad")


@pytest.mark.stage("embed", points=3, zh="一个字母被查了几次，就要收到几份消息，并且全部加起来。")
def test_a_letter_hears_one_message_for_every_time_it_was_looked_up(student, rng):
    """A letter hears one message for each time it was looked up, and adds them."""
    for dtype, rtol in (("float64", 1e-9), ("float32", 1e-4)):
        _, X, news = case(rng, 12, 4, 3)
        X[0] = X[0, 0]  # one letter four times in one row
        got = array(student, student.embed_backward(student.tensor(news, dtype), letters(student, X), data.V), (data.V, 3), "embed_backward")
        close(got, heard(news, X, data.V), "embed_backward", rtol, 1e-12 if dtype == "float64" else 1e-5)
