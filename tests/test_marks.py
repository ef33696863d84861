"""Cutting a reference into a starter, and knowing the lines that must not leave."""

from __future__ import annotations

import re

import pytest

from grader import marks
from grader.errors import SuiteError

REFERENCE = '''\
"""A module."""


def area(width, height):
    """Return the area, in square units."""
    ### BEGIN SOLUTION
    total = width * height + 0.0
    return total
    ### END SOLUTION


class Box:
    """A box."""

    def grow(self, by):
        def later():
            ### BEGIN SOLUTION
            self.size += by * 2.0
            ### END SOLUTION

        return later
'''


def test_a_region_becomes_a_stub_at_its_own_indentation():
    """The starter keeps everything outside the regions, letter by letter."""
    starter = marks.cut(REFERENCE, "box.py")
    assert "    # YOUR CODE HERE\n    raise NotImplementedError()\n\n\nclass Box" in starter
    assert "            # YOUR CODE HERE\n            raise NotImplementedError()\n\n        return later" in starter
    assert "SOLUTION" not in starter
    assert starter.startswith('"""A module."""\n\n\ndef area(width, height):\n    """Return the area, in square units."""\n')


def test_a_cut_function_raises_and_its_module_imports():
    """A student who wrote nothing is told so when she calls, not when she imports."""
    namespace: dict[str, object] = {}
    exec(marks.cut(REFERENCE, "box.py"), namespace)
    with pytest.raises(NotImplementedError):
        namespace["area"](1, 2)


def test_a_region_in_a_module_or_class_body_leaves_only_the_comment():
    """An exception there would be raised at import."""
    source = (
        "x = 1\n### BEGIN SOLUTION\ny = x + 2 * x\n### END SOLUTION\n\n\n"
        "class A:\n    '''A.'''\n    ### BEGIN SOLUTION\n    b = 2\n    ### END SOLUTION\n"
    )
    starter = marks.cut(source, "m.py")
    assert starter == "x = 1\n# YOUR CODE HERE\n\n\nclass A:\n    '''A.'''\n    # YOUR CODE HERE\n"
    exec(starter, {})


def test_a_source_without_marks_is_left_as_it_is():
    assert marks.cut("x = 1\n", "m.py") == "x = 1\n"


def test_an_odd_separator_inside_a_line_does_not_shift_the_cut():
    """Only newlines count lines, as they do for Python itself."""
    source = "x = 'a\u2028b\x0c'\n\n\ndef f():\n    ### BEGIN SOLUTION\n    return x + x\n    ### END SOLUTION\n"
    assert marks.cut(source, "m.py").endswith("def f():\n    # YOUR CODE HERE\n    raise NotImplementedError()\n")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("def f():\n    ### END SOLUTION\n    pass\n", "m.py:2: '### END SOLUTION' without"),
        ("def f():\n    ### BEGIN SOLUTION\n    pass\n", "m.py:2: '### BEGIN SOLUTION' is never ended"),
        (
            "def f():\n    ### BEGIN SOLUTION\n    ### BEGIN SOLUTION\n    pass\n    ### END SOLUTION\n",
            "m.py:3: .* inside the region that begins in line 2",
        ),
        ("x = '### BEGIN SOLUTION'\n", "m.py:1: a solution mark inside a string"),
        ("def f():\n    '''\n    ### BEGIN SOLUTION\n    '''\n", "m.py:2: a solution mark inside a string"),
        ("def f():\n    ## begin solution\n    pass\n", "m.py:2: '## begin solution' looks like a solution mark"),
        ("def f():\n    pass  ### BEGIN SOLUTION\n", "m.py:2: a solution mark stands alone on its line"),
        ("def f():\n    ### BEGIN SOLUTION\n    ### END SOLUTION\n    pass\n", "m.py:2: this solution region holds no code"),
        ("def f():\n  ### BEGIN SOLUTION\n    pass\n  ### END SOLUTION\n", "indented by 2 and the code between them by 4"),
        ("def f():\n    ### BEGIN SOLUTION\n    pass\n### END SOLUTION\n", "indented by 0, its '### BEGIN SOLUTION' in line 2 by 4"),
        ("def f():\n\t### BEGIN SOLUTION\n\tpass\n\t### END SOLUTION\n", "indented with a tab"),
        ("def f(:\n", "m.py:1: not valid Python"),
        ("try:\n    pass\n### BEGIN SOLUTION\nfinally:\n    pass\n### END SOLUTION\n", "the starter does not compile"),
        ("class A:\n    ### BEGIN SOLUTION\n    b = 2\n    ### END SOLUTION\n", "the starter does not compile"),
    ],
)
def test_a_careless_mark_is_refused_with_its_line(source, says):
    """A mark that is not understood would put a solution into a handout."""
    with pytest.raises(SuiteError, match=says):
        marks.cut(source, "m.py")


def test_solution_lines_are_those_that_give_something_away():
    """A bare return, or a line that the student is given anyway, is no secret."""
    source = (
        "def f(p):\n    p.grad = p.grad + 1\n\n\ndef g(p, xs):\n    ### BEGIN SOLUTION\n    import os.path as p\n    out = []\n"
        "    with p.quiet():\n        pass\n    for x in xs:\n"
        "        p.grad += x  # blame\n    p.grad = p.grad + 1\n    return out\n    ### END SOLUTION\n"
    )
    assert marks.solution_lines(source, "m.py") == {"p.grad+=x"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Write `total = width*height + 0.0` there.", 1),
        ("total=width * height+0.0", 1),
        ("total = width * height", 0),
        ("", 0),
    ],
)
def test_a_surviving_line_is_found_however_it_is_spaced(text, found):
    """Prose may quote code, and a formatter may move its spaces."""
    assert len(list(marks.survivors(text, marks.solution_lines(REFERENCE, "box.py")))) == found


def test_nothing_survives_the_cut():
    """The rule that guards everything, for one file."""
    secret = marks.solution_lines(REFERENCE, "box.py")
    assert {re.sub(r"\s", "", line) for line in ("total = width * height + 0.0", "self.size += by * 2.0")} <= secret
    assert list(marks.survivors(marks.cut(REFERENCE, "box.py"), secret)) == []
