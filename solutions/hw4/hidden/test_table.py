"""Stage table: counting what follows what."""

from collections import Counter

import hw4_data as data
import pytest


def counted(words, k):
    """The judge's own count, by slicing: (context, next) -> times."""
    return Counter((("." * k + word + ".")[i : i + k], (word + ".")[i]) for word in words for i in range(len(word) + 1))


def pairs(student, thing):
    """Return a dict of hers as a plain dict; a defaultdict or a Counter is one too."""
    got = student.value(thing)
    plain = type(got) in (int, float, str, bool, list, tuple, type(None))
    assert not plain and hasattr(got, "items"), "table must return a dict of dicts. / table 应返回字典的字典。"
    return dict(list(got.items()))  # a handle of items is iterated; dict would look for its keys


@pytest.mark.stage("table", points=2, zh="表里记的是：在 k 个字母之后，每个字母出现了几次。")
def test_the_table_counts_what_follows_k_letters(student, rng):
    """The table holds, after every k letters, how often each letter came."""
    for k in (1, 2, 3, 5):
        words = data.random_words(rng, 30)
        sent = list(words)
        got = pairs(student, student.table(sent, k))
        flat = {(context, letter): times for context, row in got.items() for letter, times in pairs(student, row).items()}
        assert flat == counted(words, k), f"the counts for k = {k} are not right. / k = {k} 时计数不对。"
        assert sent == words, "table changed the list of words that it was given. / table 改动了传入的词表。"


@pytest.mark.stage("table", points=1, zh="没见过的不占位置；k 小于 1 要拒绝。")
def test_only_what_was_seen_has_an_entry(student, rng):
    """What was never seen takes no room, and a k below 1 is refused."""
    words = data.random_words(rng, 12)
    want = counted(words, 4)
    got = pairs(student, student.table(list(words), 4))
    assert len(got) == len({context for context, _ in want}), "one entry for each context seen, no more. / 只存见过的上文。"
    assert sum(len(pairs(student, row)) for row in got.values()) == len(want), "zeros must not be stored. / 不要存零。"
    with pytest.raises(ValueError):
        student.value(student.table(list(words), 0))
