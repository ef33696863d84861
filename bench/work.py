"""What is measured: hw2's public suite on submissions of many kinds, and, for the kit alone, the hidden suites too."""

from __future__ import annotations

import itertools
import shutil
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
HOMEWORK = "hw2"
MODULE = "micrograd"
RIGHT = ("classic", "gradient_dict", "kahn", "slots")
WRONG = ("assigns-grad", "plus-forgets-the-news", "speaks-on-every-visit")


def reference() -> str:
    """Return the reference: 20 of 20 public points."""
    return (solutions() / f"{MODULE}.py").read_text(encoding="utf-8")


def starter() -> str:
    """Return the handout's starter: no points."""
    return (ROOT / "assignments" / HOMEWORK / f"{MODULE}.py").read_text(encoding="utf-8")


def solutions() -> Path:
    return ROOT / "solutions" / HOMEWORK


def kinds() -> list[str]:
    """Return eight programs: the reference, four right ones of other styles, three wrong ones; all of them end by themselves."""
    right = [(solutions() / "right" / name / f"{MODULE}.py").read_text(encoding="utf-8") for name in RIGHT]
    return [reference(), *right, *map(_wrong, WRONG)]


def _wrong(name: str) -> str:
    text = reference()
    for edit in tomllib.loads((solutions() / "wrong" / f"{name}.toml").read_text(encoding="utf-8"))["edit"]:
        find, put = edit["find"].strip("\n"), edit["replace"].strip("\n")
        if text.count(find) != 1:
            raise SystemExit(f"bench: {name}.toml does not fit the reference any more")
        text = text.replace(find, put)
    return text


def with_torch(program: str) -> str:
    """Return *program* with torch imported first, as a homework that trains would."""
    return program.replace("import math\n", "import math\nimport torch\n", 1)


def programs(size: int, *, torch: bool = False) -> dict[str, str]:
    """Return *size* submissions by student, no two alike, all kinds in turn."""
    made = {}
    for number, program in zip(range(1, size + 1), itertools.cycle(kinds()), strict=False):
        made[f"s{number:04d}"] = (with_torch(program) if torch else program) + f"\n# submission {number}\n"
    return made


def handout(folder: Path, program: str | None = None, *, torch: bool = False) -> Path:
    """Make a handout with *program* (the reference) in it: what a student has when she is done. Return its folder."""
    made = folder / HOMEWORK
    shutil.copytree(ROOT / "assignments" / HOMEWORK, made)
    if torch:
        _allow_torch(made)
    _files(made, program)
    return made


def class_folder(folder: Path, submissions: dict[str, str]) -> Path:
    """Make a class folder: one folder a student, with her program and the reference's evidence."""
    for student, program in submissions.items():
        (folder / student).mkdir(parents=True)
        _files(folder / student, program)
    return folder


def _files(folder: Path, program: str | None) -> None:
    for path in solutions().iterdir():
        if path.is_file() and path.suffix in (".py", ".json", ".jsonl"):
            shutil.copy(path, folder / path.name)
    if program is not None:
        (folder / f"{MODULE}.py").write_text(program, encoding="utf-8")


def _allow_torch(folder: Path) -> None:
    manifest = folder / "assignment.toml"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace('packages = ["numpy"]', 'packages = ["numpy", "torch"]'), encoding="utf-8")
    assert '"torch"' in manifest.read_text(encoding="utf-8")


def grade(*arguments: str) -> list[str]:
    """Return the command line of the kit: its console script."""
    return [str(Path(PYTHON).with_name("grade")), *arguments]
