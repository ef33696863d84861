"""What the intake's tests share: a small assignment, and makers of archives good and bad."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

from grader.model import Assignment, Limits

HONEST = b"class Value:\n    pass\n"


def assignment(name: str = "hw2") -> Assignment:
    return Assignment(
        name=name,
        folder=Path("assignments") / name,
        private=None,
        title="T",
        title_zh="T",
        module="micrograd",
        files=("micrograd.py", "pain.jsonl", "break_it.py"),
        given=(),
        packages=(),
        stages=(),
        limits=Limits(),
        rules=(),
    )


def zip_of(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in entries:
            archive.writestr(name, data, compress_type=method)
    return path


def tar_of(path: Path, *entries: tuple[tarfile.TarInfo, bytes], mode: str = "w:gz", form: int = tarfile.PAX_FORMAT) -> Path:
    with tarfile.open(path, mode, format=form) as archive:  # type: ignore[call-overload]
        for info, data in entries:
            info.size = len(data) if info.isreg() else 0
            archive.addfile(info, io.BytesIO(data))
    return path


def tar_entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info
