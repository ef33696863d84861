"""The wheels of what the kit depends on, made from what is installed here: no network, and the very versions that were tested.

A wheel is a zip of files and a record of them; an installed package still has both. What pip wrote at installation (byte code, scripts
made from entry points, its own notes) is left out, and every file is compared with its record first.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from email.parser import Parser
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath

from grader.errors import CourseError, GraderFault
from grader.pack import write

FOLDER = "wheels"
EXTRAS = ("staff",)  # what a class needs; torch is large and asked for by name
LEFT_TO_PIP = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")


def collect(kit: Path, out: Path, extras: Iterable[str] = EXTRAS) -> list[Path]:
    """Fill ``out/wheels`` with a wheel of everything that the wheel *kit* asks for, torch left out, and nothing else; return them.

    They fit this machine's kind and Python. Raises CourseError for a package that is not installed, or was changed since.
    """
    made = []
    for found in needed(kit, extras):
        name, files = _wheel(found)
        path = out / FOLDER / name
        if not _holds(path, files):
            write(path, _packed(files))
        for old in path.parent.glob(f"{name.partition('-')[0]}-*-{name.split('-', 2)[2]}"):
            if old != path:  # another version; another machine's wheel stays
                old.unlink()
        made.append(path)
    return made


def needed(kit: Path, extras: Iterable[str] = EXTRAS) -> list[Distribution]:
    """Return what the wheel *kit* depends on, directly or not, without torch, by name."""
    found: dict[str, Distribution] = {}
    queue = list(_asked(_requirements(kit), tuple(extras)))
    seen = set(queue)
    while queue:
        name, wanted = queue.pop()
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            text = f"{name} is not installed, so its wheel cannot be made; 'make setup' installs everything"
            raise CourseError(text, zh=f"没有安装 {name}，无法生成它的 wheel；'make setup' 会安装全部依赖") from None
        for one in _asked(found[name].requires or (), wanted):
            if one not in seen:
                seen.add(one)
                queue.append(one)
    return [found[name] for name in sorted(found)]


def _requirements(kit: Path) -> list[str]:
    with zipfile.ZipFile(kit) as packed:
        (name,) = (name for name in packed.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(packed.read(name).decode())
    return metadata.get_all("Requires-Dist") or []


def _asked(requirements: Iterable[str], extras: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield (name, its extras) of the *requirements* that hold here."""
    from packaging.requirements import Requirement

    for text in requirements:
        one = Requirement(text)
        if one.name != "torch" and (one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in (*extras, ""))):
            yield re.sub(r"[-_.]+", "-", one.name).lower(), tuple(sorted(one.extras))


def _wheel(found: Distribution) -> tuple[str, dict[str, bytes]]:
    """Return the file name and the content of an installed package's wheel."""
    files: dict[str, bytes] = {}
    inside = ""
    for path in found.files or ():
        name = path.as_posix()
        if name.endswith(".dist-info/WHEEL"):
            inside = name.partition("/")[0]
        if ".." in path.parts or name.endswith(".pyc") or _pip_s_own(path):
            continue
        content = path.read_binary()
        if path.hash is not None and _digest(content, path.hash.mode) != path.hash.value:
            raise CourseError(f"{path.locate()}: changed since it was installed; install {found.metadata['Name']} again")
        files[name] = content
    if not inside:
        text = f"{found.metadata['Name']} was not installed from a wheel; install it again with pip"
        raise CourseError(text, zh=f"{found.metadata['Name']} 不是用 wheel 安装的；请用 pip 重新安装")
    files[f"{inside}/RECORD"] = _record(files, f"{inside}/RECORD")
    return f"{inside.removesuffix('.dist-info')}-{_tag(files[f'{inside}/WHEEL'].decode())}.whl", files


def _packed(files: dict[str, bytes]) -> bytes:
    """Return the zip, compressed: stored, they would be three times as large."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in sorted(files.items()):
            packed.writestr(zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _holds(path: Path, files: dict[str, bytes]) -> bool:
    """Return whether *path* is a wheel of *files*, by its record: compressing takes seconds."""
    (record,) = (name for name in files if name.endswith(".dist-info/RECORD"))
    try:
        with zipfile.ZipFile(path) as packed:
            return packed.testzip() is None and packed.read(record) == files[record]
    except (OSError, KeyError, zipfile.BadZipFile):
        return False


def _pip_s_own(path: PurePosixPath) -> bool:
    return path.parent.name.endswith(".dist-info") and path.name in LEFT_TO_PIP


def _digest(content: bytes, mode: str = "sha256") -> str:
    return base64.urlsafe_b64encode(hashlib.new(mode, content).digest()).rstrip(b"=").decode()


def _record(files: dict[str, bytes], own: str) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([name, f"sha256={_digest(content)}", len(content)] for name, content in sorted(files.items()))
    writer.writerow([own, "", ""])
    return out.getvalue().encode()


def _tag(wheel: str) -> str:
    """Return the compressed tag of a WHEEL file: ``py2.py3-none-any``."""
    tags = [line.partition(":")[2].strip().split("-", 2) for line in wheel.splitlines() if line.startswith("Tag:")]
    if not tags:
        raise GraderFault("a WHEEL file without a tag")
    return "-".join(".".join(dict.fromkeys(tag[place] for tag in tags)) for place in range(3))
