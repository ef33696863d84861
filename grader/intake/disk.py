"""Read named files from a disk that a student has written on: no link is followed, nothing blocks, no cap is passed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from grader.intake.names import ENTRIES, PACKED, Item, too_large, too_many
from grader.intake.refusal import Rejected
from grader.model import Assignment

# Windows has neither flag: there the lstat before and the fstat after must name the same file.
_FLAGS = os.O_RDONLY
for _flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY", "O_CLOEXEC"):
    _FLAGS |= getattr(os, _flag, 0)
_REPARSE = getattr(stat, "FILE_ATTRIBUTE_REPARSE_POINT", 0)


def kind_of(status: os.stat_result) -> str:
    """Return what an lstat shows: file, dir, link, fifo, device or socket."""
    if stat.S_ISLNK(status.st_mode) or getattr(status, "st_file_attributes", 0) & _REPARSE:
        return "link"
    for test, kind in (
        (stat.S_ISREG, "file"),
        (stat.S_ISDIR, "dir"),
        (stat.S_ISFIFO, "fifo"),
        (stat.S_ISSOCK, "socket"),
        (stat.S_ISCHR, "device"),
        (stat.S_ISBLK, "device"),
    ):
        if test(status.st_mode):
            return kind
    return "unknown"


def open_regular(path: Path, label: str) -> BinaryIO:
    """Open *path* only if it is a regular file that no link leads to."""
    try:
        before = os.lstat(path)
        if kind_of(before) != "file":
            raise _not_regular(label, kind_of(before))
        descriptor = os.open(path, _FLAGS)
    except FileNotFoundError:
        raise Rejected(label, "is not there", zh="不存在") from None
    except OSError as error:
        raise Rejected(label, f"cannot be opened: {error.strerror}", zh=f"打不开：{error.strerror}") from None
    after = os.fstat(descriptor)
    if not stat.S_ISREG(after.st_mode) or not os.path.samestat(before, after):
        os.close(descriptor)
        raise Rejected(label, "changed while it was being read; try again", zh="读取时被更改；请重试")
    return os.fdopen(descriptor, "rb")


def _not_regular(label: str, kind: str) -> Rejected:
    text = {"link": ("a link", "链接"), "dir": ("a folder", "文件夹"), "fifo": ("a pipe", "管道"), "socket": ("a socket", "套接字")}
    en, zh = text.get(kind, ("a device", "设备"))
    return Rejected(label, f"is {en}, not a file", zh=f"是{zh}，不是文件")


def read_capped(stream: BinaryIO, cap: int, label: str) -> bytes:
    """Read all of *stream*, at most *cap* bytes; the count is of what was read, never of what was promised."""
    data = stream.read(cap + 1)
    if len(data) > cap:
        raise too_large(label, cap)
    return data


def list_folder(folder: Path, assignment: Assignment) -> Iterator[Item]:
    """Yield what could be a named file in *folder* and one folder down; ``key`` is the path."""
    wanted = {name.casefold() for name in assignment.files}
    wanted |= {f"{assignment.name}.ipynb".casefold(), f"{assignment.module}.ipynb".casefold()}
    below = []
    for entry in _entries(folder):
        status = _status(entry)
        kind = kind_of(status)
        if entry.name.casefold() in wanted or (entry.name.lower().endswith((".py", ".ipynb", *PACKED)) and kind == "file"):
            yield Item(entry.name, kind, status.st_size, Path(entry.path))
        elif kind == "dir":
            below.append(entry.name)
    own = folder / "assignments" / assignment.name
    for prefix in [*below, *([f"assignments/{assignment.name}"] if "assignments" in below and own.is_dir() else [])]:
        if prefix.startswith("."):
            continue
        for entry in _entries(folder / prefix):
            if entry.name.casefold() in wanted:
                status = _status(entry)
                yield Item(f"{prefix}/{entry.name}", kind_of(status), status.st_size, Path(entry.path))


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            for count, entry in enumerate(entries):
                if count >= ENTRIES:
                    raise too_many(folder.name)
                yield entry
    except OSError as error:
        raise Rejected(folder.name, f"cannot be read: {error.strerror}", zh=f"无法读取：{error.strerror}") from None


def _status(entry: os.DirEntry[str]) -> os.stat_result:
    try:
        return entry.stat(follow_symlinks=False)
    except OSError as error:
        raise Rejected(entry.name, f"cannot be read: {error.strerror}", zh=f"无法读取：{error.strerror}") from None
