"""The handout's own files, as the course has them: never the student's copies."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from grader.errors import SuiteError


class Given:
    """``given("pain")`` is the course's ``pain.py`` as a module of the judge."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._modules: dict[str, ModuleType] = {}
        self._sources: dict[str, bytes] = {}

    def source(self, name: str) -> bytes:
        """Return the bytes of the handout's file *name*."""
        if name not in self._sources:
            try:
                self._sources[name] = (self._folder / name).read_bytes()
            except OSError as error:
                what = f"the manifest gives it to the student, and it cannot be read: {error.strerror}"
                raise SuiteError(f"{self._folder / name}: {what}") from None
        return self._sources[name]

    def __call__(self, name: str) -> ModuleType:
        if name not in self._modules:
            spec = importlib.util.spec_from_file_location(f"given_{self._folder.name}_{name}", self._folder / f"{name}.py")
            if spec is None or spec.loader is None or not (self._folder / f"{name}.py").is_file():
                raise SuiteError(f"the handout {self._folder.name} has no {name}.py")
            module = importlib.util.module_from_spec(spec)
            sys.path.insert(0, str(self._folder))
            try:
                spec.loader.exec_module(module)
            finally:
                sys.path.remove(str(self._folder))
            self._modules[name] = module
        return self._modules[name]
