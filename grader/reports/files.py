"""Write a file so that a reader, or a kill, never sees half of it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from grader.errors import CourseError


def write_atomic(path: Path, text: str) -> None:
    """Write *text* as UTF-8 to a temporary name, flush it to the disk, and rename it to *path*."""
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise CourseError(f"{path}: cannot be written: {error.strerror}", zh=f"{path}：无法写入：{error.strerror}") from None


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
