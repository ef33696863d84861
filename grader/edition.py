"""The notebook edition: the same reference as a notebook, cut by nbgrader's own preprocessors. Needs the extra ``[instructor]``.

One source, two editions: the code cells of the student's notebook, joined, are the starter. What the two would cut differently is refused.
"""

from __future__ import annotations

import ast
import importlib
import io
import re
from dataclasses import dataclass
from typing import Any

from grader import handout, marks
from grader.errors import CourseError, SuiteError
from grader.model import Assignment

LANGUAGES = ("en", "zh")
TEXT = {"en": "text/3_solution.md", "zh": "text/3_solution.zh.md"}
SCHEMA = 3  # of nbgrader's metadata
_INTRO = {
    "en": (
        "# {title}\n\nWrite into the cells marked YOUR CODE HERE, save, and run `grade check {name}` in a terminal in this folder. "
        "Add cells wherever you like: all code cells together are your program. A cell that only a notebook understands "
        "(`%magic`, `!command`), or that only tries something out, gets the tag `scratch`: it is left out."
    ),
    "zh": (
        "# {title}\n\n在标有 YOUR CODE HERE 的单元格里写代码，保存，然后在这个文件夹的终端里运行 `grade check {name}`。"
        "可以随意添加单元格：所有代码单元格合在一起就是你的程序。只有笔记本才懂的单元格（`%magic`、`!命令`），"
        "或者只是试一试的单元格，请加上标签 `scratch`，它不会被计入。"
    ),
}


@dataclass(frozen=True, slots=True)
class Part:
    """One code cell to be: its text, a name that no other part has, and whether it holds a solution region."""

    source: str
    name: str
    solution: bool


def parts(source: str, name: str) -> list[Part]:
    """Return *source* split at its top-level definitions, comments with what follows them; a solution region is never split."""
    lines = io.StringIO(source).readlines()
    found = []
    starts = _starts(source, name)
    for (start, title), (end, _) in zip(starts, [*starts[1:], (len(lines) + 1, "")], strict=True):
        text = "".join(lines[start - 1 : end - 1]).strip("\n")
        if text:
            found.append(Part(text, title, bool(marks.regions(text, name))))
    return found


def source_notebook(assignment: Assignment, lang: str = "en") -> Any:
    """Return the instructor's notebook: the whole reference in cells with nbgrader's metadata, solutions and all. It never leaves."""
    new = _library("nbformat.v4")
    path = _reference(assignment)
    cells = [new.new_markdown_cell(text, id=f"text-{number}") for number, text in enumerate(_texts(assignment, lang), 1)]
    for number, part in enumerate(parts(handout.read_source(path), str(path)), 1):
        marked = {"grade": False, "locked": not part.solution, "solution": part.solution, "task": False}
        metadata = {"nbgrader": {"schema_version": SCHEMA, "grade_id": part.name, **marked}}
        cells.append(new.new_code_cell(part.source, id=f"code-{number}", metadata=metadata))
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}, "language_info": {"name": "python"}}
    return new.new_notebook(cells=cells, metadata=kernel)


def student_notebook(assignment: Assignment, lang: str = "en") -> Any:
    """Return what a student gets: the solution regions cut by nbgrader. Raises SuiteError if that is not the starter."""
    notebook, resources = source_notebook(assignment, lang), {"language": "python"}
    nbgrader = _library("nbgrader.preprocessors")
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.metadata.nbgrader.solution:
            cell.source = _cut(nbgrader, cell, resources, f"{_reference(assignment)} ({cell.metadata.nbgrader.grade_id})")
    for step in ("LockCells", "ClearOutput", "ClearHiddenTests", "CheckCellMetadata", "ComputeChecksums"):
        notebook, resources = getattr(nbgrader, step)().preprocess(notebook, resources)
    return notebook


def files(assignment: Assignment, lang: str = "en") -> dict[str, bytes]:
    """Return the handout's files with the notebook in the place of the module. Raises SuiteError if a cell shows a solution."""
    notebook = student_notebook(assignment, lang)
    name = f"{assignment.name}.ipynb"
    leaks = handout.leaks(assignment, {f"{name} {cell.id}": cell.source.encode() for cell in notebook.cells})
    if leaks:
        raise SuiteError(f"{assignment.name}: nothing under solutions/ may leave, but {leaks[0]}; reword it")
    written = encoded(notebook)
    module = assignment.source_name
    given = {path: content for path, content in handout.contents(assignment).items() if path not in (module, f"{handout.STARTER}/{module}")}
    return given | {name: written, f"{handout.STARTER}/{name}": written}


def encoded(notebook: Any) -> bytes:
    """Return a notebook's file: valid by nbformat's own schema, the same bytes on each run."""
    nbformat = _library("nbformat")
    nbformat.validate(notebook)
    return (str(nbformat.writes(notebook)).rstrip("\n") + "\n").encode()


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise CourseError(
            "the notebook edition needs nbgrader: pip install nbgrader==0.9.6 jupytext",
            zh="笔记本版需要 nbgrader：pip install nbgrader==0.9.6 jupytext",
        ) from None


def _reference(assignment: Assignment) -> Any:
    handout.starter(assignment)  # says what is wrong with the reference, or that it is not here
    assert assignment.private is not None
    return assignment.private / assignment.source_name


def _cut(nbgrader: Any, cell: Any, resources: dict[str, str], where: str) -> str:
    """Return the cell's text without its solutions. In a class's body the exception of the stub would be raised at once: no stub there."""
    due = marks.cut(cell.source + "\n", where).rstrip("\n")
    for stub in ("\n".join(marks.STUB), marks.STUB[0]):
        cutter = nbgrader.ClearSolutions(code_stub={"python": stub}, begin_solution_delimeter=marks.BEGIN, end_solution_delimeter=marks.END)
        copy = type(cell)(**cell)
        cutter.preprocess_cell(copy, resources, 0)
        if copy.source == due:
            return due
    raise SuiteError(f"{where}: regions in functions and regions outside of them cannot stand in one cell; move one into a function")


def _texts(assignment: Assignment, lang: str) -> list[str]:
    """Return the markdown cells: how this works, then the solution's text, one cell a section."""
    title = assignment.title_zh if lang == "zh" else assignment.title
    intro = _INTRO[lang].format(title=f"{assignment.name} · {title}", name=assignment.name)
    path = assignment.folder / TEXT[lang]
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return [intro, *(section.strip() for section in re.split(r"(?m)^(?=## )", text) if section.strip())]


def _starts(source: str, name: str) -> list[tuple[int, str]]:
    """Return (line, name) of each part's first line: each top-level definition begins one, and so does what follows it."""
    regions, body = marks.regions(source, name), ast.parse(source, name).body
    defining = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    found: list[tuple[int, str]] = []
    used: set[str] = set()
    for before, node in zip([None, *body], body, strict=False):
        if before is not None and not isinstance(node, defining) and not isinstance(before, defining):
            continue
        line = 1 if before is None else (before.end_lineno or 0) + 1
        region = next((region for region in regions if region.begin < line <= region.end), None)
        if region is not None and node.lineno < region.end:
            continue  # both stand in one region
        title = _unused(node.name if isinstance(node, defining) else "given", used)
        found.append((line if region is None else region.end + 1, title))
    return found or [(1, "given")]


def _unused(title: str, used: set[str]) -> str:
    plain = re.sub(r"[^A-Za-z0-9_-]", "-", title)
    name = next(name for number in range(1, len(used) + 2) if (name := plain if number == 1 else f"{plain}-{number}") not in used)
    used.add(name)
    return name
