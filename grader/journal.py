"""A student's journal, ``.grade/journal.jsonl`` in her folder: what changed from check to check, and which hints were opened.

It holds times, names of checks and of misconceptions, and points: no code, and nothing about her. Each line carries the hash of the line
before it, so that a line that was changed, dropped or put in shows. Whoever writes the whole chain anew is not found out: it is a record
for herself first, and evidence for statistics, never for marks.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from grader.errors import CourseError
from grader.model import Grade, Outcome

FOLDER, NAME, CONSENT = ".grade", "journal.jsonl", "consent.json"
START = "0" * 64
MAX_BYTES = 4 << 20
CHECK, HINT = "check", "hint"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: when, what kind (``check`` or ``hint``), and what."""

    t: str
    kind: str
    data: Mapping[str, Any]

    @property
    def instant(self) -> datetime:
        return datetime.fromisoformat(self.t)


@dataclass(frozen=True, slots=True)
class Eureka:
    """A check that went from not passed to passed, and the seconds since the eureka before (None for the first)."""

    t: str
    check: str
    since: float | None


@dataclass(frozen=True)
class Journal:
    """A journal as it was read. ``intact`` is False when a line does not fit the one before it: then nothing of it counts.

    ``torn`` bytes at the end are a line without its end, from a write that a full disk or a kill cut short: they are no entry.
    """

    entries: tuple[Entry, ...] = ()
    intact: bool = True
    last: str = field(default=START, repr=False)
    torn: int = field(default=0, repr=False)

    @property
    def passed(self) -> frozenset[str]:
        """The checks that passed when they were last run."""
        now: set[str] = set()
        for entry in self.entries:
            if entry.kind == CHECK:
                now = (now | set(entry.data["passed"])) - set(entry.data["failed"])
        return frozenset(now)

    @property
    def seen(self) -> frozenset[str]:
        """The checks that were ever run."""
        runs = (entry.data for entry in self.entries if entry.kind == CHECK)
        return frozenset(name for data in runs for name in (*data["passed"], *data["failed"]))

    @property
    def best(self) -> float:
        """The most points that a run of the whole public suite earned."""
        return max((float(entry.data["score"]) for entry in self.entries if entry.kind == CHECK), default=0.0)

    def hints(self, check: str) -> int:
        """Return how many levels of hint were opened for *check*, its name without the parameters."""
        return max((int(entry.data["level"]) for entry in self.entries if entry.kind == HINT and entry.data["check"] == check), default=0)

    def eurekas(self) -> tuple[Eureka, ...]:
        """Return the checks that went from failing to passing, in the order in which they did."""
        found: list[Eureka] = []
        failing: set[str] = set()
        for entry in self.entries:
            if entry.kind != CHECK:
                continue
            for name in entry.data["passed"]:
                if name in failing:
                    since = (entry.instant - datetime.fromisoformat(found[-1].t)).total_seconds() if found else None
                    found.append(Eureka(entry.t, name, since))
            failing = (failing | set(entry.data["failed"])) - set(entry.data["passed"])
        return tuple(found)


def path_of(folder: Path) -> Path:
    """Return where the journal of the student's *folder* lies."""
    return folder / FOLDER / NAME


def read(folder: Path) -> Journal:
    """Read the journal of *folder*; an empty one where there is none."""
    try:
        with path_of(folder).open("rb") as file:
            return parse(file.read(MAX_BYTES))
    except OSError:
        return Journal()


def parse(content: bytes) -> Journal:
    """Read a journal from its bytes, from whoever they come. Never raises: what does not fit makes it not intact."""
    entries: list[Entry] = []
    last = START
    end = content.rfind(b"\n") + 1 if len(content) < MAX_BYTES else len(content)
    for line in content[:end].splitlines():
        try:
            entry, last = _entry(json.loads(line), last)
        except (ValueError, KeyError, TypeError, RecursionError):
            return Journal(tuple(entries), False, last)
        entries.append(entry)
    return Journal(tuple(entries), True, last, len(content) - end)


def _entry(row: Any, last: str) -> tuple[Entry, str]:
    """Return the entry of *row* and its hash. Raises ValueError, KeyError or TypeError for anything but what ``append`` writes."""
    sealed = row.pop("hash")
    if row["prev"] != last or _seal(row) != sealed:
        raise ValueError("a line that does not follow from the one before")
    entry = Entry(row["t"], row["kind"], row["data"])
    if entry.instant.tzinfo is None:
        raise ValueError("a time without a zone")
    if entry.kind == CHECK:
        float(entry.data["score"])
        if not all(type(name) is str for key in ("passed", "failed", "misconceptions") for name in entry.data[key]):
            raise TypeError("names are texts")
    elif entry.kind != HINT or type(entry.data["check"]) is not str or type(entry.data["level"]) is not int:
        raise ValueError("an entry of no known kind")
    return entry, sealed


def _seal(row: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def append(folder: Path, kind: str, data: Mapping[str, Any]) -> None:
    """Add a line, or none. A journal that is not intact is set aside first. Raises CourseError where the folder cannot be written."""
    path, journal = path_of(folder), read(folder)
    row: dict[str, Any] = {"t": datetime.now(UTC).isoformat(timespec="seconds"), "kind": kind, "data": dict(data)}
    try:
        path.parent.mkdir(exist_ok=True)
        if not journal.intact:
            from grader.pack import free  # seldom, and `grade check` comes by here

            path.replace(free(path))  # one that was set aside before stays
            journal = Journal()
        row["prev"] = journal.last
        row["hash"] = _seal(row)
        _write(path, json.dumps(row, ensure_ascii=False).encode() + b"\n", journal.torn)
    except OSError as error:
        remedy, zh = "make the folder writable, or free some space", "请检查文件夹权限，或腾出磁盘空间"
        if path.parent.exists() and not path.parent.is_dir():
            remedy, zh = f"{FOLDER} should be a folder: move that file away", f"{FOLDER} 应该是文件夹：请把那个文件移走"
        raise CourseError(
            f"{path}: the journal cannot be written ({error.strerror}); {remedy}", zh=f"{path}：无法写入学习日志（{error.strerror}）；{zh}"
        ) from None


def _write(path: Path, line: bytes, torn: int) -> None:
    """Put *line* in the place of the *torn* end, whole or not at all: a disk that is nearly full takes a part of it."""
    with path.open("ab", buffering=0) as file:
        end = file.tell() - torn
        if torn:
            file.truncate(end)
        try:
            while line:
                line = line[file.write(line) :]
        except OSError:
            file.truncate(end)
            raise


def record(folder: Path, grade: Grade) -> None:
    """Note a run: only the checks whose outcome changed. A run that changed nothing leaves no line."""
    journal = read(folder)
    before, seen = journal.passed, journal.seen
    now = {verdict.id: verdict.outcome is Outcome.PASS for verdict in grade.verdicts}
    passed = [name for name, good in now.items() if good and name not in before]
    failed = [name for name, good in now.items() if not good and (name in before or name not in seen)]
    if not passed and not failed:
        return
    called = sorted({verdict.misconception for verdict in grade.verdicts if verdict.misconception})
    append(folder, CHECK, {"passed": passed, "failed": failed, "misconceptions": called, "score": grade.score})


def opened(folder: Path, check: str, level: int) -> None:
    """Note that a level of hint was opened for *check*."""
    append(folder, HINT, {"check": check, "level": level})


def consent(folder: Path) -> bool | None:
    """Return whether she agreed to hand the journal in; None if she was never asked."""
    try:
        answer = json.loads((folder / FOLDER / CONSENT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return answer["journal"] is True if isinstance(answer, dict) and "journal" in answer else None


def set_consent(folder: Path, agreed: bool) -> None:
    """Remember her answer, so that she is asked once; where nothing can be written she is asked again."""
    path = folder / FOLDER / CONSENT
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"journal": agreed}) + "\n", encoding="utf-8")
    except OSError:
        with contextlib.suppress(OSError):  # a full disk leaves an empty file
            path.unlink()


def to_hand_in(folder: Path, agreed: bool | None = None) -> bytes | None:
    """Return the journal's bytes if she *agreed*, now or once, and it is intact, else None: what ``grade submit`` may pack."""
    if agreed is None:
        agreed = consent(folder)
    kept = read(folder)
    if agreed is not True or not kept.entries or not kept.intact:
        return None
    content = path_of(folder).read_bytes()
    return content[: len(content) - kept.torn]


def first_passes(journal: Journal) -> Iterator[tuple[str, float, bool]]:
    """Yield (check, seconds from the first time it was run, whether it passed): where it never did, the time until the last entry."""
    started: dict[str, datetime] = {}
    done: dict[str, float] = {}
    for entry in journal.entries:
        if entry.kind != CHECK:
            continue
        for name in (*entry.data["failed"], *entry.data["passed"]):
            started.setdefault(name, entry.instant)
        for name in entry.data["passed"]:
            done.setdefault(name, (entry.instant - started[name]).total_seconds())
    for name, began in started.items():
        if name in done:
            yield name, done[name], True
        else:
            yield name, (journal.entries[-1].instant - began).total_seconds(), False


def usable(journals: Iterable[Journal]) -> list[Journal]:
    """Return those that may be counted: intact, and with something in them."""
    return [journal for journal in journals if journal.intact and journal.entries]


def of_hand_ins(folder: Path) -> dict[str, Journal]:
    """Return the journals among the hand-ins in *folder*, by student: a folder or a zip each. Without one, or unreadable: left out."""
    found = {}
    for path in sorted(folder.iterdir()):
        content = _handed_in(path)
        if content is not None:
            found[path.stem if path.is_file() else path.name] = parse(content)
    return found


def _handed_in(path: Path) -> bytes | None:
    try:
        if path.is_dir():
            for place in (path / NAME, path / FOLDER / NAME):
                if place.is_file() and not place.is_symlink():
                    with place.open("rb") as file:
                        return file.read(MAX_BYTES)
        elif path.suffix == ".zip":
            with zipfile.ZipFile(path) as packed:
                names = [name for name in packed.namelist() if name.rpartition("/")[2] == NAME]
                if names:
                    with packed.open(min(names, key=len)) as member:
                        return member.read(MAX_BYTES)
    except (OSError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error):
        return None
    return None
