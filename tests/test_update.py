"""A handout corrected in mid-course: she is told kindly, and takes the correction without losing a line of hers."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest
from test_release import MANIFEST, PUBLIC, REFERENCE, plant, unpacked

from grader import cli, manifest, release, versions
from grader import update as room
from grader.errors import CourseError
from grader.pack import archive
from grader.update import update

MINE = "def double(number):\n    return 2 * number\n"
FIRST, SECOND = "1772359200", "1773568800"  # 2026-03-01T10:00:00Z, 2026-03-15T10:00:00Z
PAGES = {
    "assignments/hw1/assignment.toml": MANIFEST,
    "assignments/hw1/README.md": "# Doubling\n",
    "assignments/hw1/break_it.py": "def test_zero(student):\n    assert student.double(0) == 0\n",
    "assignments/hw1/tests/test_double.py": PUBLIC,
    "assignments/hw1/tests/helper.py": "TWO = 2\n",
    "solutions/hw1/double.py": REFERENCE,
}


class World:
    """A course that releases twice, and a student who has the first handout in ``home/hw1``."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.course, self.home, self.folder = root, root / "course", root / "home", root / "home/hw1"
        self.monkeypatch = monkeypatch
        plant(self.course, PAGES)
        unpacked(self.release(FIRST, "old"), self.home)

    def release(self, when: str, name: str) -> Path:
        """Release what the course holds now, at the instant *when*; return the archive."""
        self.monkeypatch.setenv("SOURCE_DATE_EPOCH", when)
        return release.release(manifest.find("hw1", self.course), self.root / name).archive

    def corrected(self, extra: dict[str, str] | None = None) -> Path:
        """Release again after a test and the README were corrected and a helper was dropped."""
        changed = {"assignments/hw1/README.md": "# Doubling, corrected\n", "assignments/hw1/tests/test_double.py": PUBLIC + "\n# mended\n"}
        plant(self.course, changed | (extra or {}))
        (self.course / "assignments/hw1/tests/helper.py").unlink()
        return self.release(SECOND, "new")

    def hers(self):
        return manifest.find("hw1", self.folder)

    def grade(self, *words: str) -> int:
        """Run ``grade`` in her folder and return the exit code."""
        self.monkeypatch.chdir(self.folder)
        with pytest.raises(SystemExit) as left:
            cli.main(["--lang", "en", *words])
        return left.value.code


@pytest.fixture
def world(tmp_path, monkeypatch):
    return World(tmp_path, monkeypatch)


def found(world: World, told: str = "") -> Path | None:
    near = versions.newer(world.folder, "hw1", told)
    return near[0] if near is not None else None


def test_a_version_changes_only_with_the_content(world):
    """Released again unchanged, later: the same version, the same archive, byte for byte."""
    before = versions.read(world.folder, "hw1")
    assert before.released == "2026-03-01T10:00:00Z"
    assert world.release(SECOND, "again").read_bytes() == (world.root / "old/hw1-student.zip").read_bytes()
    after = versions.read(world.corrected(), "hw1")
    assert after.released == "2026-03-15T10:00:00Z"
    assert after.digest != before.digest


def test_a_newer_handout_is_found_wherever_it_may_lie(world):
    """An archive beside her folder, one unpacked there, the course above it, or where GRADE_HANDOUT points; nothing where none is."""
    assert found(world) is None
    new = world.corrected()
    assert found(world, str(new)) == new
    assert found(world, str(new.parent)) == new
    beside = shutil.copy(new, world.home / "hw1-student (1).zip")
    assert found(world) == Path(beside)
    os.unlink(beside)
    unpacked(new, world.home / "hw1-student")
    assert found(world) == world.home / "hw1-student/hw1"
    shutil.rmtree(world.home / "hw1-student")
    shutil.copytree(world.folder, world.course / "mine/hw1")
    assert versions.newer(world.course / "mine/hw1", "hw1")[0] == world.course / "assignments/hw1"


def test_an_older_handout_a_broken_one_and_another_assignments_are_passed_over(world):
    """A hint must never be wrong, and never stand in the way."""
    shutil.copy(world.root / "old/hw1-student.zip", world.home)
    (world.home / "hw1-student-broken.zip").write_bytes(b"PK\x03\x04 no zip")
    state = {"assignment": "hw2", "edition": "py", "digest": "x", "released": "2030-01-01T00:00:00Z", "files": {}}
    plant(world.home, {"hw2/.kit/version.json": json.dumps(state), "odd/.kit/version.json": "[1, 2"})
    world.corrected()
    assert found(world) is None


def test_a_folder_from_before_there_were_versions_is_older_than_any(world):
    new = world.corrected()
    (world.folder / versions.FILE).unlink()
    assert found(world, str(new)) == new


def test_check_says_so_kindly_and_on_stderr(world, capsys):
    """What happened, when, and what to type; the JSON on stdout stays JSON alone."""
    plant(world.folder, {"double.py": MINE})
    new = shutil.copy(world.corrected(), world.home)
    assert world.grade("check", "hw1", "--json") == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["score"] == 20
    assert "corrected on 2026-03-15 (yours is of 2026-03-01). Your work stays" in said.err
    assert f"grade reset hw1 --update {new}" in said.err
    assert world.grade("reset", "hw1", "--update", str(new)) == 0
    assert world.grade("check", "hw1") == 0
    assert "corrected on" not in capsys.readouterr().err


def test_check_looks_where_the_variable_points(world, capsys):
    plant(world.folder, {"double.py": MINE})
    world.monkeypatch.setenv("GRADE_HANDOUT", str(world.corrected()))
    assert world.grade("check", "hw1") == 0
    assert "corrected on 2026-03-15" in capsys.readouterr().err


def test_an_update_replaces_the_kits_files_and_keeps_hers(world):
    """Her program, tests, log and notes stay byte for byte; a dropped file of the kit's goes, so that an old test is not run."""
    mine = {"double.py": MINE, "break_it.py": "# mine\n", "pain.jsonl": "{}\n", "notes.md": "my notes\n", "tests/my_own.py": "x = 1\n"}
    plant(world.folder, mine)
    done = update(world.hers(), world.corrected())
    assert {name: (world.folder / name).read_text() for name in mine} == mine
    assert (world.folder / "README.md").read_text() == "# Doubling, corrected\n"
    assert (world.folder / "tests/test_double.py").read_text().endswith("# mended\n")
    assert set(done.replaced) == {"README.md", "tests/test_double.py"}
    assert (done.removed, done.kept, done.backups) == (("tests/helper.py",), (), ())
    assert not (world.folder / "tests/helper.py").exists()
    assert versions.read(world.folder, "hw1").released == "2026-03-15T10:00:00Z"


def test_what_she_changed_in_the_kits_files_is_kept_as_a_backup(world):
    """Also in a file that the new handout has no more."""
    plant(world.folder, {"README.md": "# my remarks\n", "README.md.1.bak": "older\n", "tests/helper.py": "TWO = 3\n"})
    done = update(world.hers(), world.corrected())
    assert dict(done.backups) == {"README.md": world.folder / "README.md.2.bak", "tests/helper.py": world.folder / "tests/helper.py.1.bak"}
    assert (world.folder / "README.md.2.bak").read_text() == "# my remarks\n"
    assert (world.folder / "README.md.1.bak").read_text() == "older\n"
    assert (world.folder / "tests/helper.py.1.bak").read_text() == "TWO = 3\n"


def test_without_a_version_every_file_that_differs_is_backed_up(world):
    """Nobody can know whether she changed it."""
    (world.folder / versions.FILE).unlink()
    done = update(world.hers(), world.corrected())
    assert {name for name, _ in done.backups} == {"README.md", "tests/test_double.py"}
    assert (world.folder / "README.md.1.bak").read_text() == "# Doubling\n"
    assert (world.folder / "tests/helper.py").exists()  # it may be hers


@pytest.mark.parametrize(("hers", "after", "kept"), [(None, "twice the *number*, precisely", ()), (MINE, MINE, ("double.py",))])
def test_a_starter_that_she_never_touched_becomes_the_new_one(world, hers, after, kept):
    """One that she has worked in stays, and she is told that its starter has changed."""
    if hers is not None:
        plant(world.folder, {"double.py": hers})
    done = update(
        world.hers(), world.corrected({"solutions/hw1/double.py": REFERENCE.replace("twice the *number*", "twice the *number*, precisely")})
    )
    assert after in (world.folder / "double.py").read_text()
    assert done.kept == kept
    assert "precisely" in (world.folder / ".kit/starter/double.py").read_text()


def test_an_interrupted_update_can_be_run_again(world, monkeypatch):
    """Killed after any number of writes, the second run ends where one run would, and her files are whole."""
    plant(world.folder, {"double.py": MINE, "README.md": "# my remarks\n"})
    new, first = world.corrected(), world.root / "first"
    shutil.copytree(world.folder, first)
    real = room.write
    for survived in range(4):  # a backup, README.md, the test, the version
        shutil.rmtree(world.folder)
        shutil.copytree(first, world.folder)
        left = [survived]

        def dies(path, content, left=left):
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            real(path, content)

        monkeypatch.setattr(room, "write", dies)
        with pytest.raises(KeyboardInterrupt):
            update(world.hers(), new)
        assert (world.folder / "double.py").read_text() == MINE
        monkeypatch.setattr(room, "write", real)
        update(world.hers(), new)
        assert (world.folder / "double.py").read_text() == MINE
        assert "# my remarks\n" in [path.read_text() for path in world.folder.glob("README.md.*.bak")]
        assert (world.folder / "tests/test_double.py").read_text().endswith("# mended\n")
        assert not (world.folder / "tests/helper.py").exists()
        assert versions.read(world.folder, "hw1").released == "2026-03-15T10:00:00Z"


def test_a_folder_serves_as_well_as_an_archive(world):
    """Her other copy of the new handout, in which she has begun to work: her work there is not taken for the kit's."""
    other = unpacked(world.corrected(), world.root / "other")
    plant(other / "hw1", {"double.py": "broken(\n", "pain.jsonl": "other\n"})
    plant(world.folder, {"double.py": MINE})
    update(world.hers(), other)
    assert (world.folder / "double.py").read_text() == MINE
    assert not (world.folder / "pain.jsonl").exists()
    assert (world.folder / "README.md").read_text() == "# Doubling, corrected\n"


def test_a_manifest_that_notepad_saved_is_read(world):
    """With a byte order mark before its first line, in the course and in the handout."""
    new = world.corrected({"assignments/hw1/assignment.toml": "\ufeff" + MANIFEST})
    update(world.hers(), new)
    assert (world.folder / "assignment.toml").read_bytes().startswith(b"\xef\xbb\xbf")
    assert world.hers().module == "double"


def test_an_older_handout_is_refused_and_nothing_changes(world):
    new, old = world.corrected(), world.root / "old/hw1-student.zip"
    update(world.hers(), new)
    with pytest.raises(CourseError, match="older than your folder's"):
        update(world.hers(), old)
    assert (world.folder / "README.md").read_text() == "# Doubling, corrected\n"


def test_what_is_no_handout_of_this_assignment_is_refused(world, tmp_path):
    """Another assignment's, some other zip, a missing file, a folder of something else: each gets a line, and nothing is written."""
    files = {
        "other.zip": archive({"hw1/assignment.toml": MANIFEST.replace('"hw1"', '"hw9"').encode()}),
        "photos.zip": archive({"a.png": b"x"}),
        "text.zip": b"no zip",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "empty").mkdir()
    before = {path: path.read_bytes() for path in world.folder.rglob("*") if path.is_file()}
    says = {"other.zip": "the handout of hw9", **dict.fromkeys(("photos.zip", "text.zip", "missing.zip", "empty"), "is no handout of hw1")}
    for name, line in says.items():
        with pytest.raises(CourseError, match=line):
            update(world.hers(), tmp_path / name)
    assert {path: path.read_bytes() for path in world.folder.rglob("*") if path.is_file()} == before


def test_no_name_in_an_archive_leads_out_of_her_folder(world, tmp_path):
    """Handouts are forwarded by friends."""
    for bad in ("hw1/../../evil.txt", "/evil.txt"):
        with zipfile.ZipFile(tmp_path / "evil.zip", "w") as packed:
            packed.writestr("hw1/assignment.toml", MANIFEST)
            packed.writestr(bad, "evil")
        with pytest.raises(CourseError, match=r"leads out|absolute"):
            update(world.hers(), tmp_path / "evil.zip")
    assert not list(tmp_path.rglob("evil.txt"))


def test_a_version_file_cannot_make_the_update_remove_what_lies_elsewhere(world):
    """The list of the old handout's files is read from her disk; a name in it that leads out is no file of ours."""
    path = world.folder / versions.FILE
    state = json.loads(path.read_text())
    victim = world.home / "victim.txt"
    victim.write_text("hers\n")
    state["files"]["../victim.txt"] = versions.hash_of(b"hers\n")
    path.write_text(json.dumps(state))
    update(world.hers(), world.corrected())
    assert victim.read_text() == "hers\n"


def test_the_other_editions_handout_is_refused(world, tmp_path):
    """Its module would push her notebook aside, or the other way round."""
    new = world.corrected()
    (world.folder / "double.py").rename(tmp_path / "away.py")
    plant(world.folder, {"hw1.ipynb": "{}"})
    with pytest.raises(CourseError, match="your work is a notebook"):
        update(world.hers(), new)


def test_the_courses_own_folder_is_never_updated(world):
    new = world.corrected()
    with pytest.raises(CourseError, match="the course's own"):
        update(manifest.find("hw1", world.course), new)


def test_the_command_says_what_became_of_each_file(world, capsys):
    """Backups and changed starters by name, and the next thing to type; a second run has nothing to do."""
    plant(world.folder, {"double.py": MINE, "README.md": "# my remarks\n"})
    new = world.corrected({"solutions/hw1/double.py": REFERENCE.replace("twice", "two times")})
    assert world.grade("reset", "hw1", "--update", str(new)) == 0
    said = capsys.readouterr().err
    assert "README.md: new; what you had changed in it is kept as" in said
    assert "double.py: yours, left as it is. Its starter has changed: compare with .kit/starter/double.py" in said
    assert "tests/helper.py: gone from the handout" in said
    assert "grade check hw1" in said
    assert world.grade("reset", "hw1", "--update", str(new)) == 0
    assert "nothing to do" in capsys.readouterr().err
    assert world.grade("reset", "hw1", "double.py", "--update", str(new)) == 2
