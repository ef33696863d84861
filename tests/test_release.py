"""From the solution to dist/: the same bytes on each run, a handout that works by itself, and nothing of solutions/ in it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from grader import handout, manifest, release
from grader.errors import CourseError, SuiteError

COURSE = Path(__file__).parent.parent
MANIFEST = """\
name = "hw1"
title = "Doubling"

[submit]
module = "double"
files = ["double.py", "break_it.py", "pain.jsonl"]

[[stage]]
name = "double"
part = "solution"
public = 20
hidden = 80
"""
REFERENCE = '''\
"""Doubling."""


def double(number):
    """Return twice the *number*."""
    ### BEGIN SOLUTION
    return number + number * 1.0
    ### END SOLUTION
'''
PUBLIC = '''\
import pytest


@pytest.mark.stage("double", points=20, zh="两倍。")
def test_two(student):
    """Twice two is four."""
    assert student.double(2) == 4
'''
BROKEN = '"""A break-it target."""\n\n\ndef double(number):\n    return sum([number, number, number]) - abs(number) * 1.0\n'
WRONG = '[[edit]]\nfile = "double.py"\nfind = "number + number"\nreplace = "number * number * number / max(1.0, abs(number))"\n'


def plant(root: Path, files: dict[str, str]) -> None:
    """Write *files* under *root*."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def course(tmp_path):
    """A course repository of one assignment, everything private marked by words that occur nowhere else."""
    plant(
        tmp_path / "course",
        {
            "assignments/hw1/assignment.toml": MANIFEST,
            "assignments/hw1/README.md": "# Doubling\n",
            "assignments/hw1/tests/test_double.py": PUBLIC,
            "solutions/hw1/double.py": REFERENCE,
            "solutions/hw1/pain.jsonl": '{"t": "2026-01-01T00:00:00Z", "kind": "canary-evidence", "input": 1, "result": 2}\n',
            "solutions/hw1/hidden/test_double.py": PUBLIC.replace("Twice two", "canary-hidden").replace("points=20", "points=80"),
            "solutions/hw1/break/wrong/thrice.py": BROKEN,
            "solutions/hw1/wrong/cube.toml": WRONG,
        },
    )
    return tmp_path / "course"


@pytest.fixture
def assignment(course):
    return manifest.find("hw1", course)


def unpacked(path: Path, into: Path) -> Path:
    with zipfile.ZipFile(path) as packed:
        packed.extractall(into)
    return into


def test_the_starter_is_written_into_the_handout_and_told(assignment, tmp_path):
    """The committed starter follows the reference; what changed is named, and nothing is named twice."""
    first = release.release(assignment, tmp_path / "dist")
    assert first.refreshed == ("double.py", ".kit/starter/double.py", ".kit/version.json")
    assert "raise NotImplementedError()" in (assignment.folder / "double.py").read_text()
    assert handout.stale(assignment) == []
    assert release.release(assignment, tmp_path / "dist").refreshed == ()


def test_the_archive_is_the_same_bytes_on_each_run(assignment, course, tmp_path):
    """A checksum that a student compares must not depend on when or by whom the archive was made."""
    first = release.release(assignment, tmp_path / "a").archive.read_bytes()
    for path in course.rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
        path.chmod(0o755 if path.is_dir() else 0o600)
    assert release.release(assignment, tmp_path / "b").archive.read_bytes() == first


def test_the_archive_holds_exactly_the_handout(assignment, course, tmp_path):
    """Caches, dot files and tried evidence stay behind; every name lies in one folder."""
    plant(
        course / "assignments/hw1",
        {
            "__pycache__/x.pyc": "",
            ".grade/journal.jsonl": "",
            "pain.jsonl": "{}\n",
            "tests/.pytest_cache/a": "",
            "hw1-submission-1.zip": "",
        },
    )
    names = zipfile.ZipFile(release.release(assignment, tmp_path).archive).namelist()
    expected = [".kit/starter/double.py", ".kit/version.json", "README.md", "assignment.toml", "double.py", "tests/test_double.py"]
    assert names == [f"hw1/{name}" for name in expected]


def test_nothing_under_solutions_leaves(assignment, tmp_path):
    """No line of a solution region, a break target, a wrong program, the hidden suite or the evidence in any file of dist."""
    release.release(assignment, tmp_path)
    text = "".join(
        zipfile.ZipFile(tmp_path / "hw1-student.zip").read(name).decode()
        for name in zipfile.ZipFile(tmp_path / "hw1-student.zip").namelist()
    )
    bare = "".join(text.split())
    for secret in ("number+number", "canary-evidence", "canary-hidden", "sum([number,", "number*number*number", "thrice", "solutions/"):
        assert secret not in bare
    assert "deftest_two" in bare  # the text is the whole handout, so the lines above could have been found


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("README.md", "Hint: `return number + number*1.0`\n", "README.md:1: shows a line of the solution"),
        ("double_old.py", REFERENCE, "double_old.py: the same file as"),
        ("text/faq.md", "    return sum([number, number, number]) - abs(number) * 1.0\n", "shows a line of hw1/break/wrong/thrice.py"),
        ("notes.txt", "number * number * number / max(1.0, abs(number))\n", "shows a line of hw1/wrong/cube.toml"),
    ],
)
def test_a_handout_that_shows_a_secret_is_refused_with_its_place(assignment, tmp_path, name, text, says):
    """The slip is found before anything is written."""
    plant(assignment.folder, {name: text})
    with pytest.raises(SuiteError, match="nothing under solutions/ may leave") as refused:
        release.release(assignment, tmp_path / "dist")
    assert says in str(refused.value)
    assert not (tmp_path / "dist").exists()


def test_a_reference_without_a_region_is_refused(assignment, tmp_path):
    """Its starter would be the solution."""
    plant(assignment.private, {"double.py": REFERENCE.replace("    ### BEGIN SOLUTION\n", "").replace("    ### END SOLUTION\n", "")})
    with pytest.raises(SuiteError, match="no solution region"):
        release.release(assignment, tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_a_link_in_a_handout_is_refused(assignment, tmp_path):
    """It could point anywhere, under solutions/ too."""
    (assignment.folder / "data.txt").symlink_to(assignment.private / "double.py")
    with pytest.raises(SuiteError, match="plain files only"):
        release.release(assignment, tmp_path)


def test_the_unpacked_folder_is_an_assignment_by_itself(assignment, tmp_path):
    """It is found from inside and from above, and holds no private half."""
    folder = unpacked(release.release(assignment, tmp_path).archive, tmp_path / "home")
    for start in (folder, folder / "hw1", folder / "hw1/tests"):
        found = manifest.find("hw1", start)
        assert (found.folder, found.private) == (folder / "hw1", None)


def test_the_checksums_are_what_sha256sum_reads(assignment, tmp_path):
    """One line a file: digest, two spaces, name; the list does not list itself."""
    release.release(assignment, tmp_path / "dist")
    release.checksums(tmp_path / "dist")
    release.checksums(tmp_path / "dist")
    digest = hashlib.sha256((tmp_path / "dist/hw1-student.zip").read_bytes()).hexdigest()
    assert (tmp_path / "dist/SHA256SUMS").read_text() == f"{digest}  hw1-student.zip\n"


def test_a_folder_that_cannot_be_written_is_named(assignment, tmp_path):
    """Exit 2 with the path; a root user can write anywhere, so a file stands in the way instead."""
    (tmp_path / "dist").write_text("in the way")
    with pytest.raises(CourseError, match="cannot be written"):
        release.release(assignment, tmp_path / "dist")


def test_the_wheel_is_the_same_bytes_on_each_run(tmp_path):
    """Built twice from a copy of this very source; it holds the package and nothing of the course."""
    source = tmp_path / "kit"
    shutil.copytree(COURSE / "grader", source / "grader", ignore=shutil.ignore_patterns("__pycache__"))
    for name in release.KIT_FILES:
        shutil.copy(COURSE / name, source / name)
    first = release.wheel(source, tmp_path / "a")
    assert first.read_bytes() == release.wheel(source, tmp_path / "b").read_bytes()
    names = zipfile.ZipFile(first).namelist()
    assert "grader/cli/__init__.py" in names
    assert not [name for name in names if name.startswith(("assignments", "solutions", "tests"))]


def test_the_command_fills_dist(course, tmp_path):
    """``grade release`` in the course repository writes the archive, the wheel and the checksums."""
    command = [sys.executable, "-m", "grader.cli", "--lang", "en", "release", "hw1"]
    done = subprocess.run(command, cwd=course, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    assert "refreshed assignments/hw1/double.py: commit it" in done.stderr
    assert {path.suffix for path in (course / "dist").iterdir()} == {".zip", ".whl", ""}


@pytest.mark.parametrize("name", manifest.names(COURSE))
def test_no_handout_of_this_course_shows_a_solution(name):
    """The real course: no solution line, break target, wrong program or private file in what would be released."""
    ours = manifest.find(name, COURSE)
    assert handout.leaks(ours, handout.contents(ours)) == []


@pytest.mark.parametrize("name", manifest.names(COURSE))
def test_every_committed_starter_of_this_course_is_fresh(name):
    """`grade release` writes them; they are committed with the reference that they are cut from."""
    assert handout.stale(manifest.find(name, COURSE)) == []
