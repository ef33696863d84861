"""A small handout with one check and its hints, for the tests of what a student sees."""

from __future__ import annotations

SUITE = '''import pytest


@pytest.mark.stage("double", points={points}, zh="两倍是自己加自己。")
def test_double(student):
    """Twice a number is the number and itself."""
    got = student.value(student.double(4))
    assert got == 8
'''
HINTS = """["double.test_double"]
l1 = { en = "What is 4 and 4?", zh = "4 加 4 是多少？" }
l2 = { en = "double(4) is 8.", zh = "double(4) 是 8。" }
l3 = { en = "put the number beside itself", zh = "把数和自己放在一起" }
"""


def handout(manifest: str, suite: str, program: str) -> dict[str, str]:
    """Return the files of the handout hw9, by their paths."""
    return {"hw9/assignment.toml": manifest, "hw9/tests/test_twice.py": suite, "hw9/hints.toml": HINTS, "hw9/twice.py": program}
