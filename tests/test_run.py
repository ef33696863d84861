"""The course's own homework, graded as a class of thirty: right, wrong, broken, missing, endless and crashing hand-ins."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from batch_kit import environment, records

from grader import manifest, wall
from grader.gradebook import open_store

ROOT = Path(__file__).parent.parent
HW = "hw2"
pytestmark = pytest.mark.skipif(wall.probe().tier > 2, reason="NOT RUN: no wall of tier 1 or 2 here")
ODD = {
    "odd-broken": "def broken(:\n",
    "odd-empty": "",
    "odd-endless": "while True:\n    pass\n",
    "odd-exits": "import os\nos._exit(0)\n",
    "odd-segfault": "import ctypes\nctypes.string_at(0)\n",
}


def solutions() -> dict[str, str]:
    """Return the reference, every right style and some wrong programs, by name."""
    assignment = manifest.find(HW, ROOT)
    assert assignment.private is not None
    reference = (assignment.private / assignment.source_name).read_text(encoding="utf-8")
    found = {"right-reference": reference}
    for folder in sorted((assignment.private / "right").iterdir()):
        found[f"right-{folder.name}"] = (folder / assignment.source_name).read_text(encoding="utf-8")
    for path in sorted((assignment.private / "wrong").glob("*.toml"))[: 30 - len(found) - len(ODD) - 2]:
        found[f"wrong-{path.stem}"] = edited(reference, path)
    return found


def edited(source: str, path: Path) -> str:
    """Return *source* with the edits of a wrong program."""
    for edit in tomllib.loads(path.read_text(encoding="utf-8"))["edit"]:
        assert source.count(edit["find"]) == 1
        source = source.replace(edit["find"], edit["replace"])
    return source


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Thirty hand-ins of the homework, graded once; two of them cannot be."""
    home = tmp_path_factory.mktemp("class")
    for part in ("assignments", "solutions"):  # a copy: its suite stays the same while the test runs, and the course's key is its own
        shutil.copytree(ROOT / part / HW, home / part / HW, ignore=shutil.ignore_patterns("__pycache__"))
    assignment = manifest.find(HW, home)
    assert assignment.private is not None
    evidence = {n: (assignment.private / n).read_bytes() for n in assignment.files if (assignment.private / n).is_file()}
    for student, source in {**solutions(), **ODD}.items():
        folder = home / "in" / student
        folder.mkdir(parents=True)
        for name, data in {**evidence, assignment.source_name: source.encode()}.items():
            (folder / name).write_bytes(data)
    (home / "in/odd-missing").mkdir()
    with zipfile.ZipFile(home / "in/odd-slip.zip", "w") as archive:
        archive.writestr("../micrograd.py", "")
    return home, run(home)


def run(home: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "grader.cli", "run", HW, "in", "--json"]
    return subprocess.run(words, cwd=home, env=environment(), capture_output=True, text=True, encoding="utf-8", check=False)


def test_each_of_thirty_is_told_of_once_and_none_keeps_another_from_its_grade(graded):
    home, done = graded
    assert done.returncode == 0, done.stderr
    told = [record["student"] for record in records(done.stdout)]
    assert told == sorted(path.name.removesuffix(".zip") for path in (home / "in").iterdir())
    assert len(told) == 30


def test_right_ones_get_everything_and_wrong_ones_less(graded):
    for record in records(graded[1].stdout):
        kind = record["student"].partition("-")[0]
        if kind == "right":
            assert record["score"] == record["max_score"] == 100.0, record["student"]
        elif kind == "wrong":
            assert 0.0 < record["score"] < 100.0, record["student"]


def test_what_does_not_run_earns_its_evidence_alone(graded):
    """Pain and prediction are files, read without the program; nothing that needs it can pass."""
    told = {record["student"]: record for record in records(graded[1].stdout)}
    for student in ODD:
        passed = {check["stage"] for check in told[student]["checks"] if check["outcome"] == "PASS"}
        assert passed <= {"pain", "question", "break"}, student
    assert {told[name]["status"] for name in ("odd-missing", "odd-slip")} == {"rejected"}


def test_a_second_run_over_the_thirty_grades_nothing(graded):
    home, _ = graded
    again = run(home)
    assert (again.returncode, again.stdout) == (0, "")
    assert "30 unchanged" in again.stderr
    with open_store(home / "grades.sqlite") as book:
        assert len(book.summaries(HW)) == 30
