"""Files that leave the kit: archives of the same bytes on each run, and files that are never half written."""

from __future__ import annotations

import contextlib
import io
import os
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from grader.errors import FULL_DISK, CourseError

EXECUTABLE = ("setup.sh", "run_autograder")


def archive(files: Mapping[str, bytes]) -> bytes:
    """Return a zip of *files*: sorted, one instant, one mode, and stored: compressed bytes differ between zlib's versions."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as packed:
        for name, content in sorted(files.items()):
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3  # Unix, wherever this runs: the modes below are read
            info.external_attr = (0o100755 if name.rpartition("/")[2] in EXECUTABLE else 0o100644) << 16
            packed.writestr(info, content)
    return buffer.getvalue()


def write(path: Path, content: bytes) -> None:
    """Write *content* beside *path*, flush it to the disk and rename it: no reader, kill or power cut ever leaves half of it."""
    _write(path, content, os.fsync)


def write_many(files: Iterable[tuple[Path, bytes]]) -> None:
    """Write what can be made again, hundreds of files perhaps: no reader and no kill ever leaves half of one.

    Nothing waits for the disk, which takes milliseconds for each file; after a power cut run the command again.
    """
    for path, content in files:
        _write(path, content, lambda _: None)


def _write(path: Path, content: bytes, flush: Callable[[int], None]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as stream:
            stream.write(content)
            stream.flush()
            flush(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        remedy = "make the folder writable, or choose another where the command takes --out"
        zh = "请检查文件夹权限；命令有 --out 的话，也可以另选一个文件夹"
        if error.errno in FULL_DISK:
            remedy, zh = "free some space", "请腾出磁盘空间"
        if path.is_dir():
            remedy, zh = "a folder is in its place: move it away", "那里是一个同名的文件夹：请把它移走"
        raise CourseError(
            f"{path}: cannot be written ({error.strerror}); {remedy}", zh=f"{path}：无法写入（{error.strerror}）；{zh}"
        ) from None


def free(path: Path) -> Path:
    """Return a name beside *path* for a backup, one that nothing has yet."""
    number = 1
    while (backup := path.with_name(f"{path.name}.{number}.bak")).exists():
        number += 1
    return backup
