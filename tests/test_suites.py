"""What the course's suites promise beyond what their audit proves."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

COURSE = Path(__file__).resolve().parents[1]


@pytest.fixture
def beside(monkeypatch):
    """Import a helper that lies beside a suite, and forget it afterwards."""

    def load(folder: str, name: str):
        monkeypatch.syspath_prepend(str(COURSE / folder))
        monkeypatch.delitem(sys.modules, name, raising=False)
        module = __import__(name)
        monkeypatch.delitem(sys.modules, name)
        return module

    return load


@pytest.mark.parametrize("number", [1, 1.0])
def test_a_whole_number_is_as_good_as_a_float(beside, number):
    """A gradient of 1 is right where 1.0 is asked for."""
    beside("assignments/hw2/tests", "says").expect("a.grad", number, 1.0)


@pytest.mark.parametrize(("answer", "want"), [(True, 1.0), (False, 0.0)])
def test_a_yes_is_no_number(beside, answer, want):
    """True equals 1.0 in Python; a program that answers yes to everything has calculated nothing."""
    with pytest.raises(AssertionError, match="should be the number"):
        beside("assignments/hw2/tests", "says").expect("a.grad", answer, want)
