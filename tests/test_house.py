"""The house tests itself: floors, walls, sizes, and documents that stay true."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader import cli, manifest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "grader"
DOCS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
FILE_LINES, FUNCTION_LINES = 450, 45
APART = "apart"
GROUND = "errors"


def rooms_of_the_document(text: str) -> dict[str, str]:
    """Return room -> floor as the table of ARCHITECTURE.md states them."""
    return {room: floor for floor, room in re.findall(r"^\| (\d|apart) \| `(\w+)` \|", text, re.MULTILINE)}


def rooms_of_the_tree(package: Path) -> set[str]:
    """Return every module and package of *package*."""
    found = {path.stem for path in package.glob("*.py")} | {path.parent.name for path in package.glob("*/__init__.py")}
    return found - {"__init__"}


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, module) of every import in *path*, wherever it stands: in functions and under TYPE_CHECKING too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import hides its floor"
            module = node.module or ""
            yield from ((node.lineno, f"{module}.{alias.name}" if module == "grader" else module) for alias in node.names)


def slips(package: Path, floors: dict[str, str]) -> list[str]:
    """Return one line for each import that goes upstairs or sideways, or out of a room that stands apart."""
    found = []
    for path in sorted(package.rglob("*.py")):
        room = path.relative_to(package).parts[0].removesuffix(".py")
        if room == "__init__":
            continue
        for line, module in imports(path):
            other = module.split(".")[1] if module.startswith("grader.") else room
            if other.startswith("__") or other == room or not _forbidden(room, other, floors):
                continue
            found.append(
                f"{path.relative_to(package.parent)}:{line}: {room} (floor {floors.get(room)}) imports {other} (floor {floors.get(other)})"
            )
    return found


def _forbidden(room: str, other: str, floors: dict[str, str]) -> bool:
    mine, theirs = floors.get(room), floors.get(other)
    if mine is None or theirs is None:  # a room without a floor: the table comes first
        return True
    if mine == APART:
        return other != "wire"
    return other != GROUND and (theirs == APART or theirs >= mine)


def circles(package: Path) -> list[list[str]]:
    """Return the circles among the modules of *package*, imports inside functions left out: those do not run at import."""
    graph = {}
    for path in package.rglob("*.py"):
        name = ".".join(("grader", *path.relative_to(package).with_suffix("").parts)).removesuffix(".__init__")
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inner = {
            id(node)
            for function in ast.walk(tree)
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
            for node in ast.walk(function)
        }
        graph[name] = {target for node in ast.walk(tree) if id(node) not in inner for target in _targets(node)}
    found, done = [], set()

    def walk(name: str, trail: list[str]) -> None:
        if name in trail:
            found.append([*trail[trail.index(name) :], name])
            return
        if name in done:
            return
        for other in sorted(graph.get(name, ())):
            walk(other, [*trail, name])
        done.add(name)

    for name in sorted(graph):
        walk(name, [])
    return found


def _targets(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        inside = {f"{node.module}.{alias.name}" for alias in node.names}
        return {target for target in inside if (ROOT / target.replace(".", "/")).with_suffix(".py").exists()} or {node.module or ""}
    return set()


FLOORS = rooms_of_the_document((ROOT / "docs/ARCHITECTURE.md").read_text(encoding="utf-8"))
SOURCES = sorted(PACKAGE.rglob("*.py"))


def test_the_document_names_exactly_the_rooms_there_are():
    """A room that nobody described is a room that nobody can find."""
    assert set(FLOORS) == rooms_of_the_tree(PACKAGE)


def test_every_import_goes_downstairs():
    """Floors hold because nothing below knows what stands above."""
    assert slips(PACKAGE, FLOORS) == []


def test_no_modules_import_in_a_circle():
    assert circles(PACKAGE) == []


@pytest.mark.parametrize(
    ("source", "room", "says"),
    [
        ("import grader.cli\n", "judge", "judge (floor 3) imports cli (floor 5)"),
        ("from grader import inprocess\n", "judge", "judge (floor 3) imports inprocess (floor 3)"),
        ("def f():\n    from grader.release import wheel\n", "handout", "handout (floor 2) imports release (floor 4)"),
        (
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from grader.judge import x\n",
            "wire",
            "wire (floor 1) imports judge (floor 3)",
        ),
        ("from grader.model import Grade\n", "worker", "worker (floor apart) imports model (floor 0)"),
        ("from grader.worker import x\n", "student", "student (floor 2) imports worker (floor apart)"),
        ("from grader.nowhere import x\n", "cli", "cli (floor 5) imports nowhere (floor None)"),
    ],
)
def test_an_import_upstairs_or_sideways_is_seen(tmp_path, source, room, says):
    """The test of the test: each kind of slip, planted, is found with its line."""
    (tmp_path / "grader").mkdir()
    (tmp_path / f"grader/{room}.py").write_text(source)
    (found,) = slips(tmp_path / "grader", FLOORS)
    assert found.endswith(says)


@pytest.mark.parametrize(
    "source", ["from grader.errors import CourseError\n", "from grader.wire import x\n", "from grader import __version__\n", "import os\n"]
)
def test_an_honest_import_is_left_alone(tmp_path, source):
    (tmp_path / "grader").mkdir()
    (tmp_path / "grader/student.py").write_text(source)
    assert slips(tmp_path / "grader", FLOORS) == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_file_and_its_functions_stay_small(path):
    """About 400 lines a file and 40 a function: past that, a room becomes a package."""
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= FILE_LINES
    sizes = {
        node.name: (node.end_lineno or 0) - node.lineno + 1
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: lines for name, lines in sizes.items() if lines > FUNCTION_LINES} == {}


def test_no_assignment_is_named_in_the_package():
    """A homework is added without touching the kit, so the kit cannot know one."""
    known = [manifest.find(name, ROOT) for name in manifest.names(ROOT)]
    assert known, "the course has assignments"
    words = {word for assignment in known for word in (assignment.name, assignment.source_name)}
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, sorted(words)))})\b")
    texts = (path for path in PACKAGE.rglob("*") if path.suffix in (".py", ".toml", ".html", ".css", ".js", ".j2", ".md", ".tmpl"))
    found = [f"{path.relative_to(ROOT)}: {match.group()}" for path in texts for match in pattern.finditer(path.read_text(encoding="utf-8"))]
    assert found == []


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
def test_every_command_is_documented(name):
    """What the help lists, the README or a page of docs/ explains."""
    assert any(re.search(rf"\bgrade {name}\b", path.read_text(encoding="utf-8")) for path in DOCS)


def test_every_link_between_the_documents_leads_somewhere():
    broken = [
        f"{path.name}: {target}"
        for path in DOCS
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
        if "://" not in target and not (path.parent / target).exists()
    ]
    assert broken == []


@pytest.mark.parametrize("page", sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")]), ids=lambda path: path.name)
def test_no_page_installs_the_kit_from_an_index(page):
    """It is on none: a checkout or a wheel is named."""
    assert "pip install 'grade-kit" not in page.read_text(encoding="utf-8")
