"""Stage table: counting what follows what."""

import pytest
from look4 import counts


@pytest.mark.stage("table", points=1, zh="一个词“ab”，看两个字母：三行，每行一次。")
def test_one_word(student):
    """The word 'ab' with two letters of context gives three rows of one count."""
    assert counts(student, student.table(["ab"], 2)) == {"..": {"a": 1}, ".a": {"b": 1}, "ab": {".": 1}}


@pytest.mark.stage("table", points=1, zh="同样的上文出现两次，就数两次。")
def test_a_context_seen_twice_counts_twice(student):
    """A context that is seen twice counts twice, and every word starts afresh."""
    assert counts(student, student.table(["anna", "an"], 1)) == {".": {"a": 2}, "a": {"n": 2, ".": 1}, "n": {"n": 1, "a": 1, ".": 1}}
