"""The same pain without a browser: the assignment's own ``pain.py`` in her terminal."""

from __future__ import annotations

import os
import subprocess
import sys

from grader.errors import CourseError
from grader.model import Assignment
from grader.play.book import PAIN


def play(assignment: Assignment, lang: str) -> int:
    """Run ``pain.py`` in the assignment's folder on this terminal; return its exit code. Raises CourseError where there is none."""
    if not (assignment.folder / f"{PAIN}.py").is_file():
        raise CourseError(
            f"{assignment.name} has no {PAIN}.py, so there is nothing to play", zh=f"{assignment.name} 没有 {PAIN}.py，没有可以玩的内容"
        )
    command = [sys.executable, f"{PAIN}.py", "--lang", lang]
    try:
        return subprocess.call(command, cwd=assignment.folder, env={**os.environ, "PYTHONIOENCODING": "utf-8"})
    except KeyboardInterrupt:
        return 130
