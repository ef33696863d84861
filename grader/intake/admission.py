"""admit one hand-in, scan a class folder."""

from __future__ import annotations

import datetime
import hashlib
import itertools
import os
import re
import stat
import struct
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from grader.errors import CourseError
from grader.intake import disk
from grader.intake.names import ENTRIES, NOTEBOOK_CAP, Chosen, Item, cap_of, choose, too_large
from grader.intake.refusal import Rejected, shown
from grader.intake.source import check_text
from grader.model import Assignment, Submission

_ARCHIVE = 64 * 1024 * 1024  # bytes of an archive as handed in
_SUFFIXES = (".tar.gz", ".tgz", ".tar", ".zip", ".ipynb", ".py")
_NOT_STUDENTS = ("readme", "readme.md", "readme.txt", "__macosx", "thumbs.db", "desktop.ini")
_NOT_HAND_INS = (".csv", ".jsonl", ".sqlite", ".sqlite-wal", ".sqlite-shm")  # what staff and the kit lay beside the hand-ins
_BY_MISTAKE = (  # what students hand in all the same: archives that nobody reads here, and documents
    *(".rar", ".7z", ".zipx", ".gz", ".bz2", ".xz", ".zst", ".tbz2", ".txz"),
    *(".txt", ".pdf", ".doc", ".docx", ".odt", ".rtf", ".pages"),
)


def admit(source: Path, assignment: Assignment, student: str, *, instant: str = "") -> Submission:
    """Return the hand-in at *source*: a folder, a zip, a tar or tar.gz, a notebook, or the module itself.

    Only the files that the manifest names are read, and no byte more than their caps. Without *instant* the newest
    change of what was read counts as the time of the hand-in. Raises Rejected with one line naming entry and reason.
    """
    try:
        status = os.lstat(source)
    except FileNotFoundError:
        raise Rejected(source.name, "is not there", zh="不存在") from None
    except (OSError, ValueError) as error:
        raise Rejected(source.name, f"cannot be read: {error}", zh=f"无法读取：{error}") from None
    kind = disk.kind_of(status)
    files, changed = _from_folder(source, assignment) if kind == "dir" else (_from_file(source, assignment), status.st_mtime)
    return submission(files, assignment, student, instant or utc(changed))


def submission(files: dict[str, bytes], assignment: Assignment, student: str, instant: str) -> Submission:
    """Check the module's text and name the hand-in by the hash of its content."""
    check_text(assignment.source_name, files[assignment.source_name])
    return Submission(student=student, files=files, digest=digest_of(files), instant=instant)


def digest_of(files: dict[str, bytes]) -> str:
    """Return ``sha256:...`` over sorted names and contents, each with its length, so that no two hand-ins collide by joining."""
    total = hashlib.sha256()
    for name in sorted(files):
        for part in (name.encode("utf-8"), files[name]):
            total.update(struct.pack(">Q", len(part)))
            total.update(part)
    return f"sha256:{total.hexdigest()}"


def utc(seconds: float) -> str:
    try:
        moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    except (OverflowError, OSError, ValueError):  # a file may claim any year
        moment = datetime.datetime.fromtimestamp(0, datetime.UTC)
    return moment.isoformat(timespec="seconds")


def _from_folder(folder: Path, assignment: Assignment) -> tuple[dict[str, bytes], float]:
    changed = [0.0]

    def read(item: Item, cap: int) -> bytes:
        assert isinstance(item.key, Path)
        with disk.open_regular(item.key, item.name) as stream:
            changed.append(os.fstat(stream.fileno()).st_mtime)
            return disk.read_capped(stream, cap, item.name)

    chosen = choose(folder.name, disk.list_folder(folder, assignment), assignment)
    return collect(chosen, assignment, read), max(changed)


def collect(chosen: Chosen, assignment: Assignment, read: Callable[[Item, int], bytes]) -> dict[str, bytes]:
    """Read what was chosen, by the manifest's names; a notebook becomes the module's text."""
    files = {name: read(item, cap_of(name, assignment)) for name, item in chosen.files.items()}
    if chosen.notebook is not None:
        files[assignment.source_name] = _module_of(chosen.notebook.name, read(chosen.notebook, NOTEBOOK_CAP), assignment)
    return files


def _module_of(name: str, notebook: bytes, assignment: Assignment) -> bytes:
    from grader.intake.notebook import module_text

    text = module_text(name, notebook)
    if len(text) > cap_of(assignment.source_name, assignment):
        raise too_large(f"code of {name}", cap_of(assignment.source_name, assignment))
    return text


def _from_file(path: Path, assignment: Assignment) -> dict[str, bytes]:
    with disk.open_regular(path, path.name) as stream:
        suffix = path.name.lower()
        if suffix.endswith(".ipynb"):
            return {assignment.source_name: _module_of(path.name, disk.read_capped(stream, NOTEBOOK_CAP, path.name), assignment)}
        if suffix.endswith(".py"):
            return {assignment.source_name: disk.read_capped(stream, cap_of(assignment.source_name, assignment), path.name)}
        if os.fstat(stream.fileno()).st_size > _ARCHIVE:
            raise too_large(path.name, _ARCHIVE)
        return _from_archive(stream, path.name, assignment)


def _from_archive(stream: BinaryIO, label: str, assignment: Assignment) -> dict[str, bytes]:
    """Tell archives apart by what they are, not by what they are called."""
    start = stream.read(262)
    if start[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        from grader.intake import zips

        with zips.open_zip(stream, label) as archive:
            chosen = choose(label, zips.list_zip(archive), assignment)
            return collect(chosen, assignment, lambda item, cap: zips.read_zip(archive, item, cap))
    if start[:2] == b"\x1f\x8b" or start[257:262] == b"ustar":
        from grader.intake.tars import TarReader, read_tar

        chosen = choose(label, TarReader(stream, label).entries(), assignment)
        wanted = {item.key: cap_of(name, assignment) for name, item in chosen.files.items() if isinstance(item.key, int)}
        if chosen.notebook is not None and isinstance(chosen.notebook.key, int):
            wanted[chosen.notebook.key] = NOTEBOOK_CAP
        found = read_tar(stream, label, wanted)
        return collect(chosen, assignment, lambda item, cap: found[item.key] if isinstance(item.key, int) else b"")
    wanted_name = assignment.source_name
    text = f"is not a hand-in; use a folder, .zip, .tar.gz, .ipynb or {wanted_name}"
    raise Rejected(label, text, zh=f"不是可以提交的格式；请用文件夹、.zip、.tar.gz、.ipynb 或 {wanted_name}")


def fingerprint(source: Path) -> str:
    """Return ``raw:...``, which names a hand-in that could not be admitted: the same until somebody changes it.

    It is made of names, kinds, sizes and times alone, two folders deep; nothing is opened.
    """
    seen = hashlib.sha256()
    for path, label in _walk(source):
        try:
            status = os.lstat(path)
        except (OSError, ValueError):
            continue
        facts = (label, status.st_mode, status.st_size, status.st_mtime_ns)
        seen.update(repr(facts).encode("utf-8", "surrogateescape"))
    return f"raw:{seen.hexdigest()}"


def _walk(source: Path) -> Iterator[tuple[str, str]]:
    yield str(source), ""
    folders = [(str(source), "")]
    for depth in range(2):
        inner: list[tuple[str, str]] = []
        for folder, prefix in folders[:ENTRIES]:
            try:
                with os.scandir(folder) as entries:
                    names = sorted(entry.name for entry in itertools.islice(entries, ENTRIES))
            except (OSError, ValueError):
                continue
            for name in names:
                path, label = os.path.join(folder, name), f"{prefix}/{name}"
                yield path, label
                if depth == 0 and stat.S_ISDIR(os.lstat(path).st_mode):
                    inner.append((path, label))
        folders = inner


def scan(folder: Path, assignment: Assignment) -> list[tuple[str, Path]]:
    """Return (student, path) of every hand-in in a class folder, by name. Raises CourseError if two belong to one student."""
    found: dict[str, list[str]] = {}
    unread: dict[str, list[str]] = {}
    for entry in _entries(folder):
        if _is_stray(entry):
            continue
        student, known = _student_of(entry)
        if not student.isprintable():
            text = f"{folder}: {shown(entry.name)} is no usable student id; rename it"
            raise CourseError(text, zh=f"{folder}：{shown(entry.name)} 不能作学号；请改名")
        (found if known else unread).setdefault(student, []).append(entry.name)
    _refuse_twins(folder, found)
    found = {student: names[:1] for student, names in unread.items()} | found  # a note beside her work does no harm
    if not found:
        text = f"{folder}: no hand-ins in it; it should hold one folder, zip, tar or notebook per student"
        raise CourseError(text, zh=f"{folder}：里面没有提交；每个学生应有一个文件夹、zip、tar 或笔记本")
    return sorted((student, folder / names[0]) for student, names in found.items())


def strays(folder: Path) -> list[str]:
    """Return the names of the files in a class folder that nobody hands in (``notes.md``, ``Makefile``): no student is made of them."""
    return [entry.name for entry in _entries(folder) if _is_stray(entry)]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """Return what lies in a class folder, by name, without what belongs there and is no hand-in."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        text = f"{folder}: cannot be read as a folder of hand-ins: {error.strerror}"
        raise CourseError(text, zh=f"{folder}：无法作为提交文件夹读取：{error.strerror}") from None
    names = [entry.name.lower() for entry in entries]
    ours = [name.startswith(".") or name in _NOT_STUDENTS or name.endswith(_NOT_HAND_INS) for name in names]
    return [entry for entry, passed_over in zip(entries, ours, strict=True) if not passed_over]


def _is_stray(entry: os.DirEntry[str]) -> bool:
    return entry.is_file(follow_symlinks=False) and not entry.name.lower().endswith((*_SUFFIXES, *_BY_MISTAKE))


def _refuse_twins(folder: Path, found: dict[str, list[str]]) -> None:
    twins = [(shown(student), [shown(name) for name in names]) for student, names in found.items() if len(names) > 1]
    if twins:
        en = "; ".join(f"{' and '.join(names)} are {'both' if len(names) == 2 else 'all'} of {student}" for student, names in twins)
        zh = "；".join(f"{' 和 '.join(names)} 都是 {student} 的" for student, names in twins)
        kept = "one of each" if len(twins) > 1 else "one"
        raise CourseError(f"{folder}: {en}; keep {kept}", zh=f"{folder}：{zh}；请只保留一个")


def _student_of(entry: os.DirEntry[str]) -> tuple[str, bool]:
    """Return whose it is, and whether it is of a kind that is handed in. A folder's name is the id; a file's is the id and an ending.

    Anything else (a link, a .rar) is left to admit to refuse. An id is NFC: macOS writes its accents in another way than the roster does.
    """
    name = unicodedata.normalize("NFC", entry.name)
    if entry.is_dir(follow_symlinks=False):
        return name, True
    stem = _without_ending(name)
    if stem != name or not entry.is_file(follow_symlinks=False):
        return stem, True
    return _without_ending(re.sub(r"(?<=.)\.[^.]+$", "", name)), False


def _without_ending(name: str) -> str:
    """Return *name* without the ending of a kind that is handed in."""
    endings = [suffix for suffix in _SUFFIXES if name.lower().endswith(suffix) and len(name) > len(suffix)]
    return name[: -len(endings[0])] if endings else name
