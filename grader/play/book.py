"""An assignment's ``pain.py`` (what a try gives, the questions) and ``page.py`` (how it looks), read once and held together."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from grader.errors import CourseError, SuiteError

PAIN, PAGE = "pain", "page"


@dataclass(frozen=True)
class Book:
    """What a page asks of an assignment. All of it is pure but ``felt``, which says what cannot be computed again (seconds)."""

    name: str
    folder: Path
    pain: ModuleType
    page: ModuleType
    panels: Mapping[str, Mapping[str, Any]]

    @property
    def questions(self) -> list[dict[str, Any]]:
        """The questions, each choice as ``{id, en, zh}`` however ``pain.py`` writes it."""
        return [{**question, "choices": [_choice(one) for one in question.get("choices", ())]} for question in self.pain.QUESTIONS]

    def evaluate(self, kind: str, given: Any) -> Any:
        """Return what a try of *kind* gives. Raises ValueError for a malformed one."""
        return self.pain.evaluate(kind, given)

    def look(self, panel: str, given: Any) -> dict[str, Any]:
        """Return what *panel* draws for the input: values, charts, nodes, edges. Raises ValueError for a malformed input."""
        look = getattr(self.page, "look", None)
        return look(panel, given) if look is not None else {}

    def felt(self, panel: str, given: Any) -> list[dict[str, Any]]:
        """Return values that are shown with a try and not recorded, because no other machine could compute them again."""
        felt = getattr(self.page, "felt", None)
        return list(felt(panel, given)) if felt is not None else []

    def truth(self, question: str) -> str | None:
        """Return the machine's own answer, or None where there is none."""
        answer = self.pain.truth(question)
        return None if answer is None else str(answer)

    def panel(self, name: Any) -> Mapping[str, Any]:
        """Return the panel called *name*. Raises ValueError."""
        if not isinstance(name, str) or name not in self.panels:
            raise ValueError(f"no panel {name!r}; there are: {', '.join(self.panels)}")
        return self.panels[name]


def _choice(choice: Any) -> dict[str, str]:
    return dict(choice) if isinstance(choice, Mapping) else {"id": str(choice), "en": str(choice), "zh": str(choice)}


def has_page(folder: Path) -> bool:
    """Return whether the assignment in *folder* describes a page."""
    return (folder / f"{PAGE}.py").is_file()


def read(name: str, folder: Path) -> Book:
    """Read the book of the assignment *name* in *folder*.

    Raises CourseError where there is nothing to play, SuiteError where it is ill described.
    """
    if not (folder / f"{PAIN}.py").is_file():
        raise CourseError(f"{name} has no {PAIN}.py, so there is nothing to play", zh=f"{name} 没有 {PAIN}.py，没有可以玩的内容")
    if not has_page(folder):
        raise CourseError(
            f"{name} has no page; play it in the terminal: grade play {name} --text",
            zh=f"{name} 没有网页；请在终端里玩：grade play {name} --text",
        )
    try:
        pain = _module(folder, PAIN)
        with _known_as(PAIN, pain):
            page = _module(folder, PAGE)
    except SyntaxError as error:
        raise CourseError(f"{error.filename}:{error.lineno}: {error.msg}; unpack the handout again and copy the file from there") from None
    return Book(name, folder, pain, page, {panel["id"]: panel for panel in _checked(name, pain, page)})


def _module(folder: Path, name: str) -> ModuleType:
    """Import ``folder/name.py``, as the judge does; without the judge, whose own imports would keep her waiting for the page."""
    spec = importlib.util.spec_from_file_location(f"play_{folder.name}_{name}", folder / f"{name}.py")
    if spec is None or spec.loader is None:
        raise SuiteError(f"{folder / name}.py cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(folder))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder))
    return module


@contextlib.contextmanager
def _known_as(name: str, module: ModuleType) -> Iterator[None]:
    """Let ``import name`` mean *module* for a while: two assignments' files bear the same name."""
    before = sys.modules.get(name)
    sys.modules[name] = module
    try:
        yield
    finally:
        if before is None:
            sys.modules.pop(name, None)
        else:
            sys.modules[name] = before


def _checked(name: str, pain: ModuleType, page: ModuleType) -> list[dict[str, Any]]:
    """Return the page's panels, or raise SuiteError for one that could not work."""
    described = getattr(page, "PAGE", None)
    panels = described.get("panels") if isinstance(described, dict) else None
    if not isinstance(panels, list) or not panels:
        raise SuiteError(f"{name}/{PAGE}.py: PAGE needs a list of panels; see docs/PLAY.md")
    for panel in panels:
        where = f"{name}/{PAGE}.py: panel {panel.get('id')!r}"
        for key in ("id", "title", "kind", "controls"):
            if key not in panel:
                raise SuiteError(f"{where} has no {key!r}; see docs/PLAY.md")
        if panel["kind"] is not None and panel["kind"] not in pain.KINDS:
            raise SuiteError(f"{where} has kind {panel['kind']!r}; {PAIN}.py knows: {', '.join(pain.KINDS)}")
        if panel.get("beside") not in (None, *(other["id"] for other in panels if other is not panel)):
            raise SuiteError(f"{where} stands beside {panel['beside']!r}, which is no other panel; see docs/PLAY.md")
    if len({panel["id"] for panel in panels}) < len(panels):
        raise SuiteError(f"{name}/{PAGE}.py: two panels have one id; rename one")
    return panels
