"""My tests for homework 4. Each ``test_*`` gets a program and raises when the program is wrong.

``student.embed(...)`` calls the program, ``student.tensor(list, "float64")`` makes a tensor for it, ``student.value(x)`` brings an
answer back (a tensor comes as a numpy array; ``.tolist()`` makes a list of it).
A test that fails a right program costs everything: test what the docstrings of embeddings.py promise, and no more.
"""

import math


def test_the_table_of_one_word(student):
    """A first one, given: 'ab' after two dots."""
    assert student.value(student.table(["ab"], 2)) == {"..": {"a": 1}, ".a": {"b": 1}, "ab": {".": 1}}


# YOUR CODE HERE
