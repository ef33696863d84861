"""Stage data: examples from words, and three lists that share no word."""

import hw4_data as data
import numpy as np
import pytest
from hw4_cross import close, shown


def dataset(student, words, block):
    """Return her (X, Y) as int64 arrays, their forms checked."""
    answer = student.value(student.build_dataset(list(words), block))
    assert type(answer) in (tuple, list) and len(answer) == 2, "build_dataset must return (X, Y). / 应返回 (X, Y)。"
    X, Y = (student.value(part) for part in answer)
    rows = sum(len(word) + 1 for word in words)
    for part, shape, name in ((X, (rows, block), "X"), (Y, (rows,), "Y")):
        assert isinstance(part, np.ndarray), f"{name} must be a tensor. / {name} 应为张量。"
        assert part.shape == shape, f"{name}: expected shape {shown(shape)}, received {shown(part.shape)}. / {name} 的形状不对。"
        assert part.dtype == np.int64, f"{name}: expected dtype int64, received {part.dtype}. / {name} 的类型应为 int64。"
    return X, Y


@pytest.mark.stage("data", points=2, zh="每个样本是 block 个字母，目标是它们后面的那个字母。")
def test_an_example_is_a_context_and_the_letter_that_follows(student, rng):
    """An example is block letters, and its target the letter that follows."""
    for block in (1, 2, 3, 5):
        words = data.random_words(rng, 25)
        X, Y = dataset(student, words, block)
        wantX, wantY = data.encode(words, block)
        close(Y, wantY, "Y")
        close(X, wantX, "X")


@pytest.mark.stage("data", points=1, zh="每个词都从一张白纸开始：它的第一个上文全是点。")
def test_every_word_starts_with_a_clean_slate(student, rng):
    """Every word starts with a clean slate: its first context is all dots."""
    words = data.random_words(rng, 20)
    X, _ = dataset(student, words, 3)
    starts = np.cumsum([0, *(len(word) + 1 for word in words)])[:-1]
    first = X[starts]
    assert (first == 0).all(), f"the first context of a word is {first[first.any(axis=1)][0].tolist()}, not [0, 0, 0]. / 词的第一个上文不是 [0, 0, 0]。"
    assert (X[starts + 1][:, -1] != 0).all(), "the second context of a word must end with its first letter. / 第二个上文应以词的首字母结尾。"


def dealt(student, words, seed):
    """Return her three lists, their forms checked."""
    answer = student.value(student.split(list(words), seed))
    assert type(answer) in (tuple, list) and len(answer) == 3, "split must return (train, dev, test). / 应返回三个列表。"
    parts = [student.value(part) for part in answer]
    assert all(type(part) in (list, tuple) for part in parts), "each part must be a list of words. / 每份应为词的列表。"
    assert all(type(word) is str for part in parts for word in part), "each part must be a list of words. / 每份应为词的列表。"
    return [list(part) for part in parts]


def doubled(rng, count):
    """Return words of which many stand two or three times."""
    words = sorted(set(data.random_words(rng, count, 9)))
    words += rng.choices(words, k=len(words) // 2)
    rng.shuffle(words)
    return words


@pytest.mark.stage("data", points=2, zh="作业里出现过的词，考试里不能再出现。")
def test_no_word_stands_in_two_parts(student, rng):
    """A word of the homework is never seen again in an exam."""
    words = doubled(rng, 300)
    train, dev, test = dealt(student, words, rng.randrange(10**6))
    assert train and dev and test, "none of the three parts may be empty. / 三份都不能为空。"
    shared = (set(train) & set(dev)) | (set(train) & set(test)) | (set(dev) & set(test))
    assert not shared, f"{len(shared)} words stand in two parts. / 有 {len(shared)} 个词出现在两份里。"
    assert len(train) + len(dev) + len(test) == len({*train, *dev, *test}), "a word stands twice in one part. / 某份里有重复的词。"


@pytest.mark.stage("data", points=1, zh="一个词也不丢，按 80/10/10 分，同一个种子分法相同。")
def test_no_word_is_lost_and_the_shares_are_right(student, rng):
    """No word is lost, the shares are 80/10/10, and the same seed deals the same."""
    words = doubled(rng, 300)
    n, seed = len(set(words)), rng.randrange(10**6)
    parts = dealt(student, words, seed)
    assert {word for part in parts for word in part} == set(words), "the three parts together must hold exactly the words given. / 合起来应正好是全部的词。"
    for part, share, name in zip(parts, (0.8, 0.1, 0.1), ("train", "dev", "test"), strict=True):
        assert abs(len(part) - share * n) <= 2, f"{name}: expected about {share * n:.0f} of {n} different words, received {len(part)}. / {name} 的份额不对。"
    assert dealt(student, words, seed) == parts, "the same seed dealt differently the second time. / 同一个种子两次分法不同。"


@pytest.mark.stage("data", points=1, zh="哪个词去哪一份由种子决定，而不是由它在表里的名次决定。")
def test_the_seed_deals_not_the_rank(student, rng):
    """Which word goes where is the seed's doing, not its rank's."""
    words = sorted({word for word in data.random_words(rng, 400, 9)})
    first, second = (dealt(student, words, seed)[0] for seed in rng.sample(range(10**6), 2))
    assert len(first) > len(words) / 2 and set(first) != set(second), "two seeds dealt alike. / 两个种子分法相同。"
    for part in (first, second):
        tail = sum(word in set(part) for word in words[-len(words) // 5 :]) / (len(words) / 5)
        assert 0.5 < tail < 0.99, "the end of the list must be dealt like the rest. / 表尾的词应和其他词一样被分配。"
