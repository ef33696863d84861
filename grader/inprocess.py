"""A pytest plugin: run a suite against a program in this very process, for ``--pdb``.

``pytest -p grader.inprocess SUITE --student FOLDER --seed N``. Nothing is walled off here.
"""

from __future__ import annotations

import importlib.util
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from grader import manifest
from grader.evidence import Evidence
from grader.model import SEEDS, Assignment


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("grade", "run a suite against a program in this process")
    group.addoption("--student", default=None, help="folder of the submission (default: the handout's, or the reference's)")
    group.addoption("--stage", default=None, help="only the checks of this stage")
    group.addoption("--seed", type=int, default=0, help="the grading's seed, 0..7")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "stage(name, points, zh): the stage and points of a check")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = config.getoption("--stage")
    if wanted:
        items[:] = [item for item in items if (mark := item.get_closest_marker("stage")) and mark.args[0] == wanted]


class InProcess:
    """The module itself, with the three reserved helpers of docs/BOUNDARY.md."""

    def __init__(self, module: ModuleType) -> None:
        self.__dict__["_module"] = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._module, name, value)

    def value(self, thing: Any) -> Any:
        """Return the plain value of *thing*: arrays and tensors as numpy arrays, numpy scalars as Python's."""
        if hasattr(thing, "detach"):
            return thing.detach().cpu().numpy()
        if hasattr(thing, "item") and getattr(thing, "ndim", None) == 0:
            return thing.item()
        return thing

    def identity(self, thing: Any) -> int:
        """Return a number that is equal for the same object only."""
        return id(thing)

    def tensor(self, values: Any, dtype: str = "float32", device: str = "cpu", requires_grad: bool = False) -> Any:
        """Return a torch tensor."""
        import torch

        return torch.tensor(values, dtype=getattr(torch, dtype), device=device, requires_grad=requires_grad)


def assignment_of(suite_file: Path) -> Assignment:
    """Return the assignment that *suite_file* belongs to: ``assignments/hwN/tests``, ``solutions/hwN/hidden`` or a handout."""
    for folder in suite_file.parents:
        if (folder / manifest.FILE_NAME).is_file():
            return manifest.find(manifest.load(folder).name, folder)
        twin = folder.parent.parent / "assignments" / folder.name
        if folder.parent.name == "solutions" and (twin / manifest.FILE_NAME).is_file():
            return manifest.load(twin, folder)
    raise pytest.UsageError(f"{suite_file} belongs to no assignment: no {manifest.FILE_NAME} above it")


def _folder(request: pytest.FixtureRequest, assignment: Assignment) -> Path:
    given = request.config.getoption("--student")
    if given:
        return Path(given)
    in_hidden = assignment.private is not None and assignment.private in request.path.parents
    return assignment.private if in_hidden and assignment.private else assignment.folder


def _load(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def _assignment(request: pytest.FixtureRequest) -> Assignment:
    return assignment_of(request.path)


@pytest.fixture
def student(request: pytest.FixtureRequest, _assignment: Assignment) -> Iterator[InProcess]:
    """The student's module, loaded afresh."""
    folder = _folder(request, _assignment)
    paths = [str(folder), str(_assignment.folder)]
    before = set(sys.modules)
    sys.path[:0] = paths
    try:
        yield InProcess(_load(folder / _assignment.source_name, _assignment.module))
    finally:
        for path in paths:
            sys.path.remove(path)
        mine = {Path(name).stem for name in (*_assignment.files, *_assignment.given)}
        for name in set(sys.modules) - before:
            if name in mine:
                del sys.modules[name]


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--seed")) % SEEDS


@pytest.fixture
def rng(request: pytest.FixtureRequest, seed: int) -> random.Random:
    return random.Random(f"{seed}:{check_id(request.node)}")


@pytest.fixture
def device() -> str:
    return "cpu"


@pytest.fixture
def submission(request: pytest.FixtureRequest, _assignment: Assignment) -> Evidence:
    folder = _folder(request, _assignment)
    return Evidence.of(folder, _assignment.files)


@pytest.fixture
def given(_assignment: Assignment) -> Any:
    def load(name: str) -> ModuleType:
        sys.path.insert(0, str(_assignment.folder))
        try:
            return _load(_assignment.folder / f"{name}.py", f"given_{name}")
        finally:
            sys.path.remove(str(_assignment.folder))

    return load


@pytest.fixture
def break_it(request: pytest.FixtureRequest, _assignment: Assignment) -> BreakIt:
    return BreakIt(_folder(request, _assignment), _assignment)


class BreakIt:
    """Her tests against known programs, all in this process."""

    def __init__(self, folder: Path, assignment: Assignment) -> None:
        if assignment.private is None:
            raise pytest.UsageError("break-it programs are the staff's")
        self._targets = assignment.private / "break"
        self._assignment = assignment
        self._folder = folder

    @property
    def wrong(self) -> tuple[str, ...]:
        return self._ids("wrong")

    @property
    def tests(self) -> int:
        return len(self._mine())

    def failed_right(self) -> list[str]:
        """Return the ids of the right programs that one of her tests fails."""
        return [name for name in self._ids("right") if self._raises("right", name)]

    def caught(self, name: str) -> bool:
        """Return whether one of her tests raises on the wrong program *name*."""
        return self._raises("wrong", name)

    def _ids(self, kind: str) -> tuple[str, ...]:
        return tuple(sorted(path.stem for path in (self._targets / kind).glob("*.py")))

    def _mine(self) -> list[Any]:
        sys.path[:0] = [str(self._folder), str(self._assignment.folder)]
        try:
            module = _load(self._folder / "break_it.py", "break_it")
        finally:
            del sys.path[:2]
        return [function for name, function in vars(module).items() if name.startswith("test_") and callable(function)]

    def _raises(self, kind: str, name: str) -> bool:
        sys.path[:0] = [str(self._assignment.folder)]
        try:
            for test in self._mine():
                program = InProcess(_load(self._targets / kind / f"{name}.py", f"target_{name.replace('-', '_')}"))
                try:
                    test(program)
                except Exception:
                    return True
        finally:
            del sys.path[:1]
        return False


def check_id(item: Any) -> str:
    """Return a check's id: ``tests/test_local.py::test_x`` is ``public/test_local.py::test_x``."""
    path, suite = item.path, "hidden" if item.path.parent.name == "hidden" else "public"
    return f"{suite}/{path.name}::{item.name}"
