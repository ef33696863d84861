"""The same checks in each peer's own form: small files around the bodies of ``bench.suite``."""

from __future__ import annotations

from typing import Any

from bench import suite, work

CONFTEST = f"""\
import sys
import types

import pytest


def pytest_configure(config):
    config.addinivalue_line("markers", "stage: a graded step")
    sys.path.insert(0, str(config.invocation_params.dir))


@pytest.fixture
def student():
    import {work.MODULE}

    return types.SimpleNamespace(**{{**vars({work.MODULE}), "value": lambda thing: thing}})
"""
RUN_TESTS = """\
import unittest

from gradescope_utils.autograder_utils.json_test_runner import JSONTestRunner

if __name__ == "__main__":
    suite = unittest.defaultTestLoader.discover("tests")
    with open("results.json", "w") as file:
        JSONTestRunner(visibility="visible", stream=file).run(suite)
"""
_UNITTESTS = f"""\
import unittest

from gradescope_utils.autograder_utils.decorators import number, weight

import bodies
import {work.MODULE}

student = bodies.student(vars({work.MODULE}))


class TestAll(unittest.TestCase):
"""
_UNITTEST = """\
    @weight({points})
    @number("{number}")
    def {name}(self):
        bodies.CHECKS["{name}"](student)

"""
_CHECK50 = f"""\
import os
import sys

import check50
import check50.py

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bodies


def look(name):
    module = check50.py.import_("{work.MODULE}.py")
    bodies.CHECKS[name](bodies.student(vars(module)))
"""
_CHECK50_CHECK = '''

@check50.check()
def {name}():
    """{name}"""
    look("{name}")
'''
_OTTER = """\
from otter.test_files import test_case

OK_FORMAT = False
name = "{name}"
points = {points}


@test_case(points={points}, hidden=False)
def {name}(env):
    import bodies

    bodies.CHECKS["{name}"](bodies.student(env))
"""


def unittests() -> str:
    """Return gradescope-utils' test file: one weighted method a check."""
    cases = enumerate(suite.points().items(), 1)
    return _UNITTESTS + "".join(_UNITTEST.format(number=number, name=name, points=points) for number, (name, points) in cases)


def check50() -> str:
    """Return check50's checks: one function a check, none depends on another."""
    return _CHECK50 + "".join(_CHECK50_CHECK.format(name=name) for name in suite.points())


def otter_test(name: str, points: float) -> str:
    """Return otter's test file of one check, in its exception-based form."""
    return _OTTER.format(name=name, points=points)


def plain_notebook(program: str) -> dict[str, Any]:
    """Return a notebook of one code cell."""
    return _notebook([_cell("program", program, {})])


def nbgrader_notebook(program: str) -> dict[str, Any]:
    """Return nbgrader's source notebook: the program in a solution cell, then a locked test cell with points for each check."""
    cells = [_cell("program", f"### BEGIN SOLUTION\n{program}\n### END SOLUTION", _nbgrader("program", solution=True))]
    for name, points in suite.points().items():
        source = f'import bodies\n\nbodies.CHECKS["{name}"](bodies.student(globals()))'
        cells.append(_cell(name.replace("_", "-"), source, _nbgrader(name, points=points)))
    return _notebook(cells)


def _nbgrader(name: str, *, solution: bool = False, points: float | None = None) -> dict[str, Any]:
    graded = points is not None
    kept = {"grade": graded, "solution": solution, "locked": not solution, "task": False, "grade_id": name, "schema_version": 3}
    return {"nbgrader": {**kept, "points": points} if graded else kept}


def _cell(name: str, source: str, metadata: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "id": name[:60], "metadata": metadata, "source": source, "outputs": [], "execution_count": None}


def _notebook(cells: list[dict[str, Any]]) -> dict[str, Any]:
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5}
