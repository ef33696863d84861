"""Stage embed: the look-up, and its way back."""

import pytest
from look4 import numbers

MAP = [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]


@pytest.mark.stage("embed", points=1, zh="查表：每个编号换成 C 的那一行。")
def test_a_number_becomes_its_row(student):
    """Every letter's number becomes its row of C."""
    got = student.embed(student.tensor(MAP, "float64"), student.tensor([[1, 1], [2, 0]], "int64"))
    assert numbers(student, got, (2, 2, 2), "embed(C, X)").tolist() == [[[2, 3], [2, 3]], [[4, 5], [0, 1]]]


@pytest.mark.stage("embed", points=1, zh="从结果能一路走回 C。")
def test_the_map_hears_the_news(student):
    """Walking back from the result reaches C."""
    C = student.tensor(MAP, "float64", "cpu", True)
    news = student.tensor([[[1.0, 2.0], [10.0, 20.0]]], "float64")
    (student.embed(C, student.tensor([[2, 1]], "int64")) * news).sum().backward()
    assert numbers(student, C.grad, (3, 2), "C.grad").tolist() == [[0, 0], [10, 20], [1, 2]]


@pytest.mark.stage("embed", points=1, zh="各查一次的字母，各收到自己的那份消息。")
def test_each_letter_gets_its_own_message(student):
    """Letters looked up once get their own message, the others a row of zeros."""
    news = student.tensor([[[1.0, 2.0], [10.0, 20.0]]], "float64")
    got = student.embed_backward(news, student.tensor([[2, 0]], "int64"), 4)
    assert numbers(student, got, (4, 2), "embed_backward").tolist() == [[10, 20], [0, 0], [1, 2], [0, 0]]


@pytest.mark.stage("embed", points=1, zh="“anna”里有两个 n：两份消息加起来。")
def test_two_letters_n_are_two_messages(student):
    """The two n of 'anna' are two messages, and they add up."""
    news = student.tensor([[[1.0], [10.0], [100.0], [1000.0]]], "float64")
    got = student.embed_backward(news, student.tensor([[1, 2, 2, 1]], "int64"), 3)
    assert numbers(student, got, (3, 1), "embed_backward").tolist() == [[0], [1001], [110]]
