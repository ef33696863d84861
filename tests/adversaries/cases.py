"""What a hostile hand-in is: its files or archive, and the verdict that a correct grader gives it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MODULE = "micrograd.py"
MODULE_POINTS = 70.0  # what the reference earns alone, without evidence and without tests of the student's
ALL_POINTS = 100.0
CANARY = "canary-5b1f0c"  # planted where no program may read; never written in a hand-in
OWNED = "OWNED"  # what a program says, in an exception or in print, when its attack came through
MARK = "left-behind"  # in the name of everything that a program tries to leave somewhere


@dataclass(frozen=True)
class Course:
    """The planted course that a class is graded in, and the places that its programs go for."""

    root: Path
    reference: str
    starter: str
    tests: str  # a good break_it.py
    evidence: dict[str, str]
    port: int  # a listener of the test's own
    socket: str

    @property
    def places(self) -> dict[str, str]:
        """What ``@NAME@`` in a program stands for."""
        return {
            "ROOT": str(self.root),
            "HIDDEN": str(self.root / "solutions/hw2/hidden/test_floats.py"),
            "SOLUTION": str(self.root / "solutions/hw2/micrograd.py"),
            "OTHER": str(self.root / "class/victim/micrograd.py"),
            "STORE": str(self.root / "grades.sqlite"),
            "HOST": str(self.root / "host-file.txt"),
            "PORT": str(self.port),
            "SOCKET": self.socket,
            "OWNED": OWNED,
            "MARK": MARK,
        }


Make = Callable[[Course, Path], None]


@dataclass(frozen=True)
class Case:
    """One hand-in. ``make(course, place)`` writes it at *place* plus ``suffix``.

    A correct grader gives it ``exactly`` these points, or at most ``most`` of them, or refuses it with words like ``refused``.
    """

    family: str
    name: str
    make: Make
    exactly: float | None = None
    most: float | None = None
    refused: str | None = None
    suffix: str = ""

    @property
    def student(self) -> str:
        return f"{self.family}-{self.name}"


def fill(course: Course, text: str) -> str:
    """Return *text* with its ``@NAME@`` replaced."""
    for name, value in course.places.items():
        text = text.replace(f"@{name}@", value)
    return text


def files(**contents: str | bytes) -> Make:
    """A folder with these files; ``__`` in a keyword is a dot, ``_0`` a slash."""

    def make(course: Course, place: Path) -> None:
        place.mkdir(parents=True)
        for key, content in contents.items():
            path = place / key.replace("_0", "/").replace("__", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else fill(course, content).encode())

    return make


def program(base: str, extra: str, *, first: bool = False) -> Make:
    """A folder with one module: the reference or the starter (*base*), and *extra* after it, or before it."""

    def make(course: Course, place: Path) -> None:
        text = {"right": course.reference, "starter": course.starter, "": ""}[base]
        added = fill(course, textwrap.dedent(extra))
        place.mkdir(parents=True)
        (place / MODULE).write_text(added + "\n" + text if first else text + "\n" + added, encoding="utf-8")

    return make


def attack(body: str) -> Make:
    """The reference, which at import tries *body* and behaves when it is refused; a true return is a success, and says so."""
    indented = textwrap.indent(textwrap.dedent(body).strip(), "    ")
    return program(
        "right",
        f"""
def _attack():
{indented}

try:
    _won = _attack()
except Exception:
    _won = None
if _won:
    print("@OWNED@", repr(_won)[:200])
    raise RuntimeError("@OWNED@ " + repr(_won)[:200])
""",
    )


def with_tests(tests: str) -> Make:
    """Everything right but ``break_it.py``, which is *tests*."""

    def make(course: Course, place: Path) -> None:
        place.mkdir(parents=True)
        (place / MODULE).write_text(course.reference, encoding="utf-8")
        for name, text in course.evidence.items():
            (place / name).write_text(text, encoding="utf-8")
        (place / "break_it.py").write_text(fill(course, textwrap.dedent(tests)), encoding="utf-8")

    return make


def family(name: str, make: Callable[[str], Make], bodies: dict[str, str], **verdict: float) -> list[Case]:
    """Cases of one family that differ in a body only."""
    return [Case(name, key, make(body), **verdict) for key, body in bodies.items()]  # type: ignore[arg-type]
