"""Stage data: examples from words, and three lists that share no word."""

import pytest
from look4 import numbers, parts


@pytest.mark.stage("data", points=1, zh="“emma”和三个字母的上文：五个样本。")
def test_emma_gives_five_examples(student):
    """'emma' with three letters of context gives five examples."""
    X, Y = parts(student, student.build_dataset(["emma"], 3), 2, "build_dataset")
    assert numbers(student, X, (5, 3), "X").tolist() == [[0, 0, 0], [0, 0, 5], [0, 5, 13], [5, 13, 13], [13, 13, 1]]
    assert numbers(student, Y, (5,), "Y").tolist() == [5, 13, 13, 1, 0]


@pytest.mark.stage("data", points=1, zh="第二个词也从三个点开始。")
def test_the_second_word_starts_afresh(student):
    """The second word starts with dots too: nobody precedes its first letter."""
    X, Y = parts(student, student.build_dataset(["ab", "ba"], 2), 2, "build_dataset")
    assert numbers(student, X, (6, 2), "X").tolist() == [[0, 0], [0, 1], [1, 2], [0, 0], [0, 2], [2, 1]]
    assert str(numbers(student, X, (6, 2), "X").dtype) == str(numbers(student, Y, (6,), "Y").dtype) == "int64"


WORDS = [first + last for first in "abcdefghij" for last in "klmnopqrst"]


@pytest.mark.stage("data", points=1, zh="每个词写了两遍，还是只属于一份。")
def test_a_word_written_twice_stands_in_one_part(student):
    """A word that is written twice still stands in one part, once."""
    train, dev, test = (student.value(part) for part in parts(student, student.split(WORDS + WORDS, 1), 3, "split"))
    assert not set(train) & set(dev), "a word stands in train and in dev. / 有词同时在 train 和 dev 里。"
    assert sorted([*train, *dev, *test]) == sorted(WORDS), "every word once, none lost. / 每个词恰好一次。"


@pytest.mark.stage("data", points=1, zh="一百个词：八十、十、十；换个种子，分法就不同。")
def test_the_shares_and_the_seed(student):
    """A hundred words are dealt 80, 10, 10; another seed deals otherwise, the same seed the same."""
    first, again, other = ([sorted(student.value(part)) for part in parts(student, student.split(WORDS, seed), 3, "split")] for seed in (1, 1, 2))
    assert [len(part) for part in first] == [80, 10, 10]
    assert first == again
    assert first != other
