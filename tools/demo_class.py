"""A synthetic class: sixty students hand in, late or wrong or twice; they are graded, synced to nbgrader, and reported.

``make demo`` fills ``demo/`` with a course of its own and opens the class report. Made of the homework's right styles and wrong programs
alone, by a fixed seed: the same class each time.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.util
import os
import random
import shutil
import subprocess
import sys
import time
import tomllib
import webbrowser
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from grader import manifest
from grader.model import Assignment

ROOT = Path(__file__).resolve().parent.parent
SEED = 1
STUDENTS = 60
DRAFTS = 8  # students who hand in a first time before they hand in what counts
DEADLINE = datetime.datetime(2026, 10, 9, 20, 0, tzinfo=datetime.UTC)
COURSE = """\
name = "A demonstration"
timezone = "UTC"
grace_days = 1
counts = "last"

[late]
kind = "per_day"
percent = 10

[assignment.{name}]
deadline = "{deadline}"
"""
GIVEN = """Ada Alan Barbara Claude Dorothy Edsger Emmy Grace Hedy Ida Jean John Katherine Lin Mei Niklaus Radia Sophie Tim Wei"""
FAMILY = """Abel Bose Chen Diaz Euler Fermi Gauss Hopper Ito Jansen Khan Lovelace Maas Noether Okafor Perl Quine Rao Sato Turing"""


@dataclass
class HandIn:
    """What one student hands in, and when."""

    files: dict[str, str | bytes]
    when: datetime.datetime


@dataclass
class Student:
    """One of the class: an id, a name, and her hand-ins, the last of which counts."""

    id: str
    name: str
    hand_ins: list[HandIn] = field(default_factory=list)


def edited(source: str, edits: list[dict[str, str]]) -> str | None:
    """Return *source* with a wrong program's edits; None where another mistake has taken their place."""
    for edit in edits:
        if source.count(edit["find"]) != 1:
            return None
        source = source.replace(edit["find"], edit["replace"])
    return source


class Programs:
    """The homework's programs: right ones, mistakes, and two mistakes at once."""

    def __init__(self, assignment: Assignment) -> None:
        assert assignment.private is not None, "the demo needs solutions/"
        name = assignment.source_name
        self.reference = (assignment.private / name).read_text(encoding="utf-8")
        self.starter = (assignment.folder / name).read_text(encoding="utf-8")
        right = sorted((assignment.private / "right").glob(f"*/{name}"))
        wrong = sorted((assignment.private / "wrong").glob("*.toml"))
        self.right = [self.reference, *(path.read_text(encoding="utf-8") for path in right)]
        self.mistakes = [tomllib.loads(path.read_text(encoding="utf-8"))["edit"] for path in wrong]
        others = [other for other in assignment.files if other != name]
        self.evidence = {o: (assignment.private / o).read_bytes() for o in others if (assignment.private / o).is_file()}

    def wrong(self, draw: random.Random) -> str:
        return edited(self.reference, draw.choice(self.mistakes[: len(self.mistakes) // 2])) or self.reference  # some mistakes are popular

    def two_wrongs(self, draw: random.Random) -> str:
        while True:
            first = edited(self.reference, draw.choice(self.mistakes))
            second = edited(first, draw.choice(self.mistakes)) if first else None
            if second is not None:
                return second

    def broken(self, draw: random.Random) -> str:
        return draw.choice(
            [
                self.reference.replace("def __add__(self", "def __add__(self,,", 1),
                "while True:\n    pass\n",
                "import os\nos._exit(0)\n",
                self.starter,
            ]
        )


def students(assignment: Assignment) -> Iterator[Student]:
    """Yield the class: half right, a third with a mistake, some with two, some that do not run; one copies, one forgets the file."""
    draw, programs = random.Random(SEED), Programs(assignment)
    name, givens, families = assignment.source_name, GIVEN.split(), FAMILY.split()
    for index in range(STUDENTS):
        given, family = givens[index % len(givens)], families[(index * 7 + index // len(givens)) % len(families)]
        one = Student(f"s{index:02}", f"{given} {family}")
        kind = draw.choices(("right", "wrong", "two", "broken"), (45, 35, 12, 8))[0]
        if kind == "right":
            source = draw.choice(programs.right)
        else:
            source = {"wrong": programs.wrong, "two": programs.two_wrongs, "broken": programs.broken}[kind](draw)
        if index < DRAFTS:
            early = DEADLINE - datetime.timedelta(days=draw.uniform(2, 5))
            one.hand_ins.append(HandIn({name: programs.wrong(draw)}, early))
        late = draw.random() < 0.2
        hours = draw.uniform(1, 80) if late else -draw.expovariate(1 / 20)
        evidence = {other: data for other, data in programs.evidence.items() if draw.random() < 0.85}
        files: dict[str, str | bytes] = {name: f"# {one.name}\n{source}", **evidence}
        if index == STUDENTS - 1:
            files = dict(evidence)  # she forgot the file itself
        one.hand_ins.append(HandIn(files, DEADLINE + datetime.timedelta(hours=hours)))
        yield one


def write_hand_in(folder: Path, hand_in: HandIn) -> None:
    """Write what was handed in; the files' times are the hand-in's."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, content in hand_in.files.items():
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        os.utime(path, (hand_in.when.timestamp(),) * 2)


def build(name: str, home: Path) -> list[Student]:
    """Fill *home* with a course of one homework, a roster, and the rules."""
    shutil.rmtree(home, ignore_errors=True)
    for part in ("assignments", "solutions"):
        shutil.copytree(ROOT / part / name, home / part / name, ignore=shutil.ignore_patterns("__pycache__"))
    everyone = list(students(manifest.find(name, home)))
    (home / "course.toml").write_text(COURSE.format(name=name, deadline=DEADLINE.isoformat()), encoding="utf-8")
    rows = [f"{one.id},{one.name},{one.id}@example.org," for one in everyone]
    (home / "roster.csv").write_text("\n".join(["id,name,email,repo", *rows]) + "\n", encoding="utf-8")
    return everyone


def grade(home: Path, *arguments: str) -> None:
    """Run one command of the kit in *home*, and say which."""
    print(f"demo: grade {' '.join(arguments)}", flush=True)
    kit = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    subprocess.run([sys.executable, "-m", "grader.cli", *arguments], cwd=home, check=True, env={**os.environ, "PYTHONPATH": kit})


def main() -> None:
    """Build, grade, sync, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("hw", nargs="?", default="hw2")
    parser.add_argument("--into", type=Path, default=ROOT / "demo")
    parser.add_argument("--no-browser", action="store_true")
    options = parser.parse_args()
    home, started = options.into.resolve(), time.monotonic()
    everyone = build(options.hw, home)
    print(f"demo: {len(everyone)} students in {home}", flush=True)
    grade(home, "gradebook", "roster", "roster.csv")
    for turn in range(max(len(one.hand_ins) for one in everyone)):
        for one in everyone:
            due = turn - (2 - len(one.hand_ins))  # who hands in once does so at the last turn
            if due >= 0:
                write_hand_in(home / "class" / one.id, one.hand_ins[due])
        grade(home, "run", options.hw, "class")
    if importlib.util.find_spec("nbgrader"):
        grade(home, "gradebook", "sync", options.hw)
    else:
        print("demo: nbgrader is not installed; its gradebook is left out (pip install nbgrader==0.9.6 jupytext)")
    grade(home, "report", options.hw, "--out", "report.html", "--students", "pages")
    print(f"demo: done in {time.monotonic() - started:.0f} s; the class report: {home / 'report.html'}")
    if not options.no_browser and (sys.platform != "linux" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        webbrowser.open((home / "report.html").as_uri())


if __name__ == "__main__":
    main()
