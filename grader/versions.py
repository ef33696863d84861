"""Which version of a handout a folder holds, and whether a newer one lies near. The release writes it as a file of the handout."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

FILE = ".kit/version.json"
PLAIN = "py"  # the edition whose work is a Python file
NEAR = 500  # entries of a folder that are looked at, at most
LARGEST = 1 << 20  # bytes of a version file: a list of names and hashes is far smaller
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@dataclass(frozen=True, slots=True)
class Version:
    """One release of a handout. ``digest`` is the same for its editions; ``files`` holds the hash of each file of this edition."""

    assignment: str
    edition: str
    digest: str
    released: str  # UTC, ISO 8601
    files: Mapping[str, str]

    def encoded(self) -> bytes:
        """Return the version file's content: the same bytes for the same version."""
        plain = {name: getattr(self, name) for name in ("assignment", "edition", "digest", "released")}
        return (json.dumps({**plain, "files": dict(sorted(self.files.items()))}, indent=1) + "\n").encode()


def hash_of(content: bytes) -> str:
    """Return the hash by which a version knows a file."""
    return hashlib.sha256(content).hexdigest()


def stamp(assignment: str, files: Mapping[str, bytes], before: Version | None, now: str) -> Version:
    """Return the version of *files*: the release *before* if nothing has changed since, else one that is released *now*."""
    hashes = {name: hash_of(content) for name, content in files.items() if name != FILE}
    digest = hash_of(json.dumps(hashes, sort_keys=True).encode())
    released = before.released if before is not None and before.digest == digest else now
    return Version(assignment, PLAIN, digest, released, hashes)


def decoded(content: bytes) -> Version | None:
    """Return the version that *content* states, or None where it states none: a hint must never stand in the way."""
    try:
        data = json.loads(content)
        texts = [data[key] for key in ("assignment", "edition", "digest", "released")]
        files = data["files"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not all(isinstance(text, str) for text in texts) or not isinstance(files, dict) or not _INSTANT.fullmatch(texts[3]):
        return None
    return Version(texts[0], texts[1], texts[2], texts[3], {str(name): str(value) for name, value in files.items()})


def read(place: Path, assignment: str) -> Version | None:
    """Return the version of *assignment* in *place*, a handout's folder or its archive; None where there is none."""
    try:
        content = _from_zip(place, assignment) if place.is_file() else _capped(place / FILE)
    except (OSError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile):
        return None
    found = decoded(content)
    return found if found is not None and found.assignment == assignment else None


def newer(folder: Path, assignment: str, told: str = "") -> tuple[Path, Version] | None:
    """Return (place, version) of the newest handout near *folder* that was released after the one in it; None where none is known.

    Near: what *told* names, archives and folders beside it, and ``assignments/`` of a course above it. Only the same edition counts.
    """
    mine = read(folder, assignment)
    if mine is None and not (folder / ".kit").is_dir():
        return None  # no handout of ours
    edition = mine.edition if mine is not None else PLAIN
    best: tuple[Path, Version] | None = None
    for place in _places(folder, assignment, told):
        version = read(place, assignment)
        if version is None or version.edition != edition or (mine is not None and version.digest == mine.digest):
            continue
        if version.released > max(mine.released if mine is not None else "", best[1].released if best is not None else ""):
            best = (place, version)
    return best


def _places(folder: Path, assignment: str, told: str) -> Iterator[Path]:
    if told:
        yield Path(told)
        yield Path(told) / assignment
        yield from _within(Path(told), assignment)
    yield from (path for path in _within(folder.parent, assignment) if path != folder)
    for above in folder.parents:
        if above / "assignments" != folder.parent:
            yield above / "assignments" / assignment


def _within(parent: Path, assignment: str) -> Iterator[Path]:
    """Yield the folders of *parent*, those one step further down that an archive unpacks to, and the archives of the assignment."""
    try:
        with os.scandir(parent) as entries:
            paths = sorted(Path(entry.path) for entry in itertools.islice(entries, NEAR))
    except OSError:
        return
    for path in paths:
        if path.name.startswith(f"{assignment}-student") and path.suffix == ".zip":
            yield path
        elif path.is_dir():
            yield path
            yield path / assignment


def _capped(path: Path) -> bytes:
    with open(path, "rb") as stream:
        return stream.read(LARGEST)


def _from_zip(path: Path, assignment: str) -> bytes:
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        name = next((name for name in (f"{assignment}/{FILE}", FILE) if name in names), None)
        if name is None:
            return b""
        with archive.open(name) as stream:
            return stream.read(LARGEST)
