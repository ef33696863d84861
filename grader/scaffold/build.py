"""Fill the template's files into ``assignments/NAME`` and ``solutions/NAME``."""

from __future__ import annotations

import keyword
import re
import sys
from pathlib import Path

from grader import handout, manifest
from grader.errors import CourseError
from grader.pack import write

TEMPLATE = Path(__file__).parent / "template"
HALVES = {"public": "assignments", "private": "solutions"}


def scaffold(name: str, module: str, root: Path) -> list[Path]:
    """Write a new assignment into the course at *root* and return its files.

    Raises CourseError for a name that cannot be one, or that is taken; nothing is written then.
    """
    _check_name(name, module, root)
    written = []
    for half, folder in HALVES.items():
        for source in sorted((TEMPLATE / half).rglob("*.tmpl")):
            inside = source.relative_to(TEMPLATE / half).as_posix().removesuffix(".tmpl").replace("MODULE", module)
            path = root / folder / name / inside
            text = source.read_text(encoding="utf-8").replace("@NAME@", name).replace("@MODULE@", module)
            write(path, text.encode())
            written.append(path)
    assignment = manifest.find(name, root)
    for inside, content in handout.derived(assignment).items():
        write(assignment.folder / inside, content)
        written.append(assignment.folder / inside)
    return written


def _check_name(name: str, module: str, root: Path) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,30}", name):
        raise CourseError(
            f"{name!r} cannot name an assignment; use small letters, digits, - and _, such as hw7",
            zh=f"{name!r} 不能作为作业名；请用小写字母、数字、- 和 _，例如 hw7",
        )
    if not module.isidentifier() or keyword.iskeyword(module) or module in sys.stdlib_module_names or module == "MODULE":
        raise CourseError(
            f"{module!r} cannot be the student's module; use a Python name that the standard library does not have",
            zh=f"{module!r} 不能作为学生的模块名；请用标准库里没有的 Python 名字",
        )
    for folder in HALVES.values():
        if (root / folder / name).exists():
            raise CourseError(f"{folder}/{name} is there already; choose another name", zh=f"{folder}/{name} 已经存在；请换一个名字")
