"""What is measured: hw2's public suite on one submission, hw2's hidden suite on a class."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
HOMEWORK = "hw2"
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def handout(folder: Path) -> Path:
    """Make a handout with the reference in it: what a student has when she is done. Return its folder."""
    made = folder / HOMEWORK
    shutil.copytree(ROOT / "assignments" / HOMEWORK, made)
    submission(made)
    return made


def submission(folder: Path, number: int = 0) -> Path:
    """Write the reference's files into *folder*; *number* makes it a submission of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in (ROOT / "solutions" / HOMEWORK).iterdir():
        if path.is_file() and path.suffix in (".py", ".json", ".jsonl"):
            shutil.copy(path, folder / path.name)
    if number:
        with open(folder / "micrograd.py", "a", encoding="utf-8") as file:
            file.write(f"\n# submission {number}\n")
    return folder


def class_folder(folder: Path, size: int) -> Path:
    """Make *size* submissions, all of them right and no two alike."""
    for number in range(1, size + 1):
        submission(folder / f"s{number:04d}", number)
    return folder


def grade(*arguments: str) -> list[str]:
    """Return the command line of the kit."""
    return [PYTHON, "-m", "grader.cli", *arguments]


def bare_pytest(suite: Path, student: Path) -> list[str]:
    """Return the command line that runs a suite in-process: no wall, no judge, nothing recorded."""
    return [
        PYTHON, "-m", "pytest", "-p", "grader.inprocess", "-p", "no:randomly", "-p", "no:cacheprovider", "-q", "-c", "/dev/null",
        f"--rootdir={suite}", "--student", str(student), str(suite),
    ]  # fmt: skip
