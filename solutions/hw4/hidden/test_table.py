"""Stage table: counting what follows what."""

from collections import Counter

import hw4_data as data
import pytest


def counted(words, k):
    """The judge's own count, by slicing: (context, next) -> times."""
    return Counter((("." * k + word + ".")[i : i + k], (word + ".")[i]) for word in words for i in range(len(word) + 1))


@pytest.mark.stage("table", points=2, zh="表里记的是：在 k 个字母之后，每个字母出现了几次。")
def test_the_table_counts_what_follows_k_letters(student, rng):
    """The table holds, after every k letters, how often each letter came."""
    for k in (1, 2, 3, 5):
        words = data.random_words(rng, 30)
        sent = list(words)
        got = student.value(student.table(sent, k))
        assert type(got) is dict, f"table must return a dict, not a {type(got).__name__}. / table 应返回字典。"
        flat = {}
        for context, row in got.items():
            row = student.value(row)
            assert type(row) is dict, "each context must lead to a dict of counts. / 每个上文应对应一个计数字典。"
            flat.update({(context, letter): times for letter, times in row.items()})
        assert flat == counted(words, k), f"the counts for k = {k} are not right. / k = {k} 时计数不对。"
        assert sent == words, "table changed the list of words that it was given. / table 改动了传入的词表。"


@pytest.mark.stage("table", points=1, zh="没见过的不占位置；k 小于 1 要拒绝。")
def test_only_what_was_seen_has_an_entry(student, rng):
    """What was never seen takes no room, and a k below 1 is refused."""
    words = data.random_words(rng, 12)
    want = counted(words, 4)
    got = student.value(student.table(list(words), 4))
    assert type(got) is dict and len(got) == len({context for context, _ in want}), "one entry for each context seen, no more. / 只存见过的上文。"
    assert sum(len(student.value(row)) for row in got.values()) == len(want), "zeros must not be stored. / 不要存零。"
    with pytest.raises(ValueError):
        student.value(student.table(list(words), 0))
