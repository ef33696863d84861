"""Load the student's module from bytes: no file of hers exists behind the wall."""

from __future__ import annotations

import importlib.util
import marshal
import random
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Program:
    """What the judge sent: files by name, the module to load, the packages it may import, and its code once somebody has compiled it."""

    __slots__ = ("code", "files", "module", "packages")

    def __init__(self, files: dict[str, bytes], module: str, packages: Sequence[str], code: bytes | None) -> None:
        self.files = files
        self.module = module
        self.packages = packages
        self.code = code


def program(payload: bytes | bytearray) -> Program:
    """Return the program in the judge's first message: marshalled, since it comes from the judge and from nowhere else."""
    return Program(*marshal.loads(payload))


def text(source: bytes) -> str:
    # Not "utf-8-sig": that codec is a file to open, and she may have no descriptor left.
    return source.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")


class Sources:
    """A finder and loader for the submission's files, the handout's given ones, and the packages that the manifest allows."""

    def __init__(self, loaded: Program, site: Sequence[str], compiled: Callable[[bytes], None]) -> None:
        self._program = loaded
        self._files = loaded.files
        self._packages = frozenset(loaded.packages)
        self._site = list(site)
        self._compiled = compiled
        self._loading = 0  # parts of allowed packages

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        file = f"{name}.py"
        if path is None and file in self._files:
            spec = ModuleSpec(name, self, origin=file)  # type: ignore[arg-type]  # a loader by its two methods
            spec.has_location = True
            return spec
        if name.partition(".")[0] in self._packages:
            return self._with_needs(PathFinder.find_spec(name, self._site if path is None else path))
        if path is None and self._loading:
            found = PathFinder.find_spec(name, self._site)
            return found if found is not None and _readable(found) else None
        return None

    def _with_needs(self, found: ModuleSpec | None) -> ModuleSpec | None:
        """Let what is part of an allowed package find, as long as it loads, what it needs of other packages; the program does not."""
        if found is not None and found.loader is not None:
            load = found.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                self._loading += 1
                try:
                    load(module)
                finally:
                    self._loading -= 1

            found.loader.exec_module = exec_module  # type: ignore[method-assign]
        return found

    def get_source(self, name: str) -> str:
        """Return the text of a module, so that tracebacks quote her lines."""
        return text(self._files[f"{name}.py"])

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        spec = module.__spec__
        assert spec is not None
        assert spec.origin is not None
        exec(self.code(spec.name, spec.origin), module.__dict__)

    def code(self, name: str, origin: str) -> Any:
        """Return the code of a file. The module's own is compiled once for a submission and told to the judge *before* any of it has
        run: what comes back in later workers is our compiler's word, not hers."""
        asked = name == self._program.module
        if asked and self._program.code is not None:
            return marshal.loads(self._program.code)
        code = compile(self._files[origin], origin, "exec", dont_inherit=True)
        if asked:
            self._program.code = marshal.dumps(code)
            self._compiled(self._program.code)
        return code


def _readable(spec: ModuleSpec) -> bool:
    """Return whether the wall lets the module be read: who can do without it waits for an ImportError, not for a refusal."""
    try:
        with open(spec.origin or "", "rb"):
            return True
    except OSError:
        return not spec.has_location


def forget(loaded: Program) -> None:
    """Drop the program's modules."""
    for name in loaded.files:
        sys.modules.pop(name.removesuffix(".py"), None)


def prepare(loaded: Program, site: Sequence[str], compiled: Callable[[bytes], None]) -> Callable[[], ModuleType]:
    """Make all ready to import the program's module, afresh; return what runs it, once. Either raises whatever her code raises."""
    sources = Sources(loaded, site, compiled)
    sys.meta_path[:] = [sources, *(finder for finder in sys.meta_path if not isinstance(finder, Sources))]
    forget(loaded)
    spec = sources.find_spec(loaded.module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"No module named {loaded.module!r}", name=loaded.module)
    module = sys.modules[loaded.module] = importlib.util.module_from_spec(spec)

    code = sources.code(spec.name, spec.origin)

    def run() -> ModuleType:
        random.seed(0)  # what a program draws for itself is drawn alike in each grading
        exec(code, module.__dict__)
        return sys.modules[loaded.module]  # a program may replace itself there

    return run
