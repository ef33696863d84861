"""A corrected handout into a student's old folder: the kit's files become the new ones, hers stay."""

from __future__ import annotations

import stat
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grader import handout, manifest, versions
from grader.errors import CourseError
from grader.intake.names import tidy
from grader.model import Assignment
from grader.pack import free, write
from grader.versions import Version

LARGEST = 256 << 20  # bytes of a handout, unpacked


@dataclass(frozen=True, slots=True)
class Updated:
    """What an update did, by names in the handout.

    ``replaced``: the kit's files that are new now. ``removed``: those that the new handout has no more. ``kept``: her files whose
    starter has changed. ``backups``: where a file of the kit's that she had changed lies now.
    """

    version: Version | None
    replaced: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]
    backups: tuple[tuple[str, Path], ...]


def update(assignment: Assignment, source: Path) -> Updated:
    """Bring the folder of *assignment* to the handout in *source*, an archive or a folder. Nothing that she wrote is lost.

    Her files (what is handed in, and all that the kit does not know) stay; a starter that she never touched becomes the new one.
    Raises CourseError for another assignment's handout, another edition's, or an older one.
    """
    if assignment.private is not None:
        raise CourseError(
            f"{assignment.folder} is the course's own; only a student's folder is updated from a handout",
            zh=f"{assignment.folder} 是课程自己的文件夹；只有学生的文件夹才用作业包更新",
        )
    new = _read(source, assignment.name)
    submitted = _submitted(new, source, assignment.name)
    old_version, version = versions.read(assignment.folder, assignment.name), versions.decoded(new.get(versions.FILE, b""))
    hers = {*assignment.files, *submitted, *assignment.notebook_names}
    _same_kind(assignment, new, source, old_version, version)
    work = _Work(assignment.folder, new, old_version)
    for name in sorted(hers & new.keys()):
        work.keep_hers(name)
    for name in sorted(new.keys() - hers - {versions.FILE}):
        work.take(name)
    for name in sorted((old_version.files.keys() if old_version is not None and version is not None else set()) - new.keys() - hers):
        work.drop(name)
    if versions.FILE in new:  # last: an update that was interrupted can be run again
        write(assignment.folder / versions.FILE, new[versions.FILE])
    return Updated(version, tuple(work.replaced), tuple(work.removed), tuple(work.kept), tuple(work.backups))


class _Work:
    """One folder on its way from an old handout to a new one."""

    def __init__(self, folder: Path, new: Mapping[str, bytes], old: Version | None) -> None:
        self.folder = folder
        self.new = new
        self.known = old.files if old is not None else {}
        self.replaced: list[str] = []
        self.removed: list[str] = []
        self.kept: list[str] = []
        self.backups: list[tuple[str, Path]] = []

    def keep_hers(self, name: str) -> None:
        """Leave her file alone, unless it is missing, or still the old starter."""
        mine, before = _content(self.folder / name), _content(self.folder / handout.STARTER / name)
        now = self.new.get(f"{handout.STARTER}/{name}")
        if mine is None:
            self._write(name, now if now is not None else self.new[name])
        elif now is not None and mine != now:
            if mine == before:
                self._write(name, now)
            elif before != now:
                self.kept.append(name)

    def take(self, name: str) -> None:
        """Make a file of the kit's the new one; what she changed in the old one is kept beside it."""
        mine = _content(self.folder / name)
        if mine == self.new[name]:
            return
        if mine is not None and versions.hash_of(mine) != self.known.get(name):
            self._back_up(name, mine)
        self._write(name, self.new[name])

    def drop(self, name: str) -> None:
        """Remove a file that the handout has no more: an old test would still be run."""
        try:
            path = self.folder / tidy(name)
        except CourseError:
            return  # no version of ours names such a file
        mine = _content(path)
        if mine is None:
            return
        if versions.hash_of(mine) != self.known[name]:
            self._back_up(name, mine)
        path.unlink()
        self.removed.append(name)

    def _write(self, name: str, content: bytes) -> None:
        write(self.folder / name, content)
        self.replaced.append(name)

    def _back_up(self, name: str, content: bytes) -> None:
        backup = free(self.folder / name)
        write(backup, content)
        self.backups.append((name, backup))


def _content(path: Path) -> bytes | None:
    if path.is_dir():
        raise CourseError(
            f"{path} is a folder, and the handout has a file of that name; rename it, then update again",
            zh=f"{path} 是文件夹，而作业包里有同名文件；请改名后再更新",
        )
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CourseError(f"{path}: cannot be read: {error.strerror}", zh=f"{path}：无法读取：{error.strerror}") from None


def _submitted(new: Mapping[str, bytes], source: Path, name: str) -> tuple[str, ...]:
    """Return what the new handout asks to hand in. Raises CourseError if it is none, or another assignment's."""
    try:
        data = tomllib.loads(new[manifest.FILE_NAME].decode("utf-8-sig"))
        found, submitted = data["name"], tuple(str(item) for item in data["submit"]["files"])
    except (KeyError, TypeError, ValueError):
        raise _no_handout(source, name) from None
    if found != name:
        raise CourseError(f"{source} is the handout of {found}, not of {name}", zh=f"{source} 是 {found} 的作业包，不是 {name} 的")
    return submitted


def _same_kind(assignment: Assignment, new: Mapping[str, bytes], source: Path, old: Version | None, version: Version | None) -> None:
    """Refuse the other edition, whose file would push hers aside, and an older handout."""
    has_notebook = any((assignment.folder / name).is_file() for name in assignment.notebook_names)
    mine_is_notebook = has_notebook and not (assignment.folder / assignment.source_name).is_file()
    if mine_is_notebook != any(name in new for name in assignment.notebook_names):
        mine, theirs = ("a notebook", "for a .py") if mine_is_notebook else ("a .py", "for a notebook")
        raise CourseError(
            f"your work is {mine}, and {source} is the handout {theirs}; ask for the other edition",
            zh=f"{source} 是另一种版本的作业包（.py 与笔记本不同）；请换成和你的文件夹同一种的",
        )
    if old is not None and version is not None and version.released < old.released:
        raise CourseError(
            f"{source} is of {version.released[:10]}, older than your folder's {old.released[:10]}; nothing was changed",
            zh=f"{source} 是 {version.released[:10]} 的，比你的文件夹（{old.released[:10]}）旧；没有改动任何文件",
        )


def _read(source: Path, name: str) -> dict[str, bytes]:
    """Return the files of the handout in *source* by name. Raises CourseError naming what is wrong with it."""
    if source.is_dir():
        folder = next((path for path in (source, source / name) if (path / manifest.FILE_NAME).is_file()), None)
        if folder is None:
            raise _no_handout(source, name)
        return handout.contents(manifest.load(folder))
    try:
        with zipfile.ZipFile(source) as archive:
            return _unpacked(archive, source, name)
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError):
        raise _no_handout(source, name) from None


def _unpacked(archive: zipfile.ZipFile, source: Path, name: str) -> dict[str, bytes]:
    """Read a handout's archive into memory: plain files under one folder, or at its top. No name may lead anywhere else."""
    infos = [info for info in archive.infolist() if not info.is_dir()]
    if any(stat.S_ISLNK(info.external_attr >> 16) for info in infos) or sum(info.file_size for info in infos) > LARGEST:
        raise _no_handout(source, name)
    names = {tidy(info.filename): info for info in infos}
    prefix = "" if manifest.FILE_NAME in names else f"{name}/"
    return {inner.removeprefix(prefix): archive.read(info) for inner, info in names.items() if inner.startswith(prefix)}


def _no_handout(source: Path, name: str) -> CourseError:
    return CourseError(
        f"{source} is no handout of {name}; give the zip as you got it, or the folder that it unpacks to",
        zh=f"{source} 不是 {name} 的作业包；请给出收到的 zip，或解压后的文件夹",
    )
