"""The checks of hw2's public suite in a form that every contender can run: their own bodies, without pytest and without the kit."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from bench import work

TESTS = work.ROOT / "assignments" / work.HOMEWORK / "tests"
PUBLIC_STAGE = "forward"  # in the course of these checks alone: its points are the public suite's, all others' the hidden suite's
TIMES = 5  # 20 points there, 100 in a course
STAND_IN = '''\
"""What the bodies use of pytest, so that nobody pays for importing it."""


class mark:
    @staticmethod
    def stage(name, points, zh):
        def keep(check):
            check.points = points
            return check

        return keep


class approx:
    def __init__(self, want, rel=1e-6, abs=1e-12):
        self.want, self.off = want, max(rel * __builtins__["abs"](want), abs)

    def __eq__(self, got):
        return abs(got - self.want) <= self.off
'''
PACKAGE = '''\
"""The public suite's checks by name, each a function of the student's module."""

import types

{imports}

CHECKS = {{name: check for module in ({modules},) for name, check in vars(module).items() if name.startswith("test_")}}


def student(names):
    """Return what a check calls ``student``: the program's own *names*, and value(), which has nothing to fetch here."""
    return types.SimpleNamespace(**{{**names, "value": lambda thing: thing}})
'''


def points() -> dict[str, float]:
    """Return the points of each check, in the suite's order."""
    found = {}
    for path in sorted(TESTS.glob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        for worth, name in re.findall(r"@pytest\.mark\.stage\(\"\w+\", points=([0-9.]+),.*\)\ndef (test_\w+)\(student\):", text):
            found[name] = float(worth)
    if abs(sum(found.values()) - 20) > 1e-9:
        raise SystemExit(f"bench: the public suite's points add up to {sum(found.values()):g}, and not to 20")
    return found


def bodies(folder: Path) -> Path:
    """Write the package ``bodies`` into *folder*: the suite's files as they are, but for two lines of imports."""
    made = folder / "bodies"
    made.mkdir(parents=True)
    names = []
    for path in sorted(TESTS.glob("*.py")):
        if path.name == "witness.py":  # the kit's tutor asks it; it earns nothing
            continue
        text = path.read_text(encoding="utf-8")
        text = text.replace("import pytest\n", "from . import stand_in as pytest\n").replace("from says import", "from .says import")
        (made / path.name).write_text(text, encoding="utf-8")
        names += [path.stem] if path.stem.startswith("test_") else []
    (made / "stand_in.py").write_text(STAND_IN, encoding="utf-8")
    modules = ", ".join(names)
    (made / "__init__.py").write_text(PACKAGE.format(imports=f"from . import {modules}", modules=modules), encoding="utf-8")
    return made


def course(folder: Path, *, torch: bool = False) -> Path:
    """Make a course of these checks alone, for ``grade run``; each point counts five times, so that they add up to 100."""
    home = folder / "course"
    assignment = work.handout(home / "assignments", torch=torch)
    shutil.rmtree(assignment / ".kit", ignore_errors=True)
    hidden = home / "solutions" / work.HOMEWORK / "hidden"
    hidden.mkdir(parents=True)
    shutil.copy(work.solutions() / f"{work.MODULE}.py", hidden.parent)
    for path in sorted((assignment / "tests").glob("*.py")):
        path.write_text(re.sub(r"points=([0-9.]+)", _times, path.read_text(encoding="utf-8")), encoding="utf-8")
        if path.name == "says.py":
            shutil.copy(path, hidden)
        elif path.name != f"test_{PUBLIC_STAGE}.py":
            path.rename(hidden / path.name)
    manifest = assignment / "assignment.toml"
    manifest.write_text(_stages(manifest.read_text(encoding="utf-8")), encoding="utf-8")
    return home


def _times(match: re.Match[str]) -> str:
    return f"points={float(match[1]) * TIMES:g}"


def _stages(text: str) -> str:
    head, *stages = text.split("[[stage]]\n")
    *rest, last = stages
    last, limits = last.split("[limits]\n")
    kept = []
    for stage in (*rest, last):
        found = re.search(r"public = ([0-9.]+)\n", stage)
        if found:
            suite = "public" if f'name = "{PUBLIC_STAGE}"' in stage else "hidden"
            kept.append(re.sub(r"(public|hidden) = .*\n", "", stage).rstrip() + f"\n{suite} = {float(found[1]) * TIMES:g}\n\n")
    return "[[stage]]\n".join([head, *kept]) + "[limits]\n" + limits
