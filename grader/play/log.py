"""The evidence files in her folder: tries appended one a line and on the disk before they are answered; a prediction made once."""

from __future__ import annotations

import itertools
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from grader.errors import CourseError
from grader.evidence import MAX_LINES

TRIES, PREDICTION = "pain.jsonl", "prediction.json"
PAUSE = 120.0  # seconds: a longer gap between two tries was spent elsewhere


@dataclass(frozen=True, slots=True)
class Try:
    """One line of the log."""

    t: str
    kind: str
    input: Any
    result: Any


class Log:
    """The log and the prediction of one folder, read again whenever a file has changed: two tabs, two servers and an editor agree."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / TRIES
        self.prediction_path = folder / PREDICTION
        self._lock = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._tries: tuple[Try, ...] = ()

    def tries(self) -> tuple[Try, ...]:
        """Return every try that the file holds; lines that are none are passed over."""
        with self._lock:
            return self._read()

    def _read(self) -> tuple[Try, ...]:
        try:
            status = self.path.stat()
            changed = self._seen != (status.st_mtime_ns, status.st_size)
            lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines() if changed else []
        except OSError:  # not there yet, or not to be read: the next try will say so
            self._seen, self._tries = None, ()
            return ()
        if changed:
            self._tries = tuple(found for line in lines if (found := _parse(line)) is not None)
            self._seen = (status.st_mtime_ns, status.st_size)
        return self._tries

    def append(self, kind: str, given: Any, result: Any) -> Try:
        """Record a try; when this returns, it is on the disk. Raises CourseError if it cannot be kept, ValueError for NaN or infinity."""
        made = Try(now(), kind, given, result)
        row = {"t": made.t, "kind": kind, "input": given, "result": result}
        line = json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        with self._lock:
            if len(self._read()) >= MAX_LINES - 1:
                raise CourseError(
                    f"{self.path.name} holds {MAX_LINES} tries, and that is enough", zh=f"{self.path.name} 已有 {MAX_LINES} 次尝试，够多了"
                )
            try:
                self._mend()
                _write_through(self.path, line, os.O_APPEND | os.O_CREAT)
            except OSError as error:
                raise CourseError(
                    f"{self.path}: cannot be written ({error.strerror}), so this try is not kept",
                    zh=f"{self.path}：无法写入（{error.strerror}），这次尝试没有保存",
                ) from None
        return made

    def _mend(self) -> None:
        """Put the end of a file right that a power cut or an editor left without its newline: the next try must not share its line."""
        if not self.path.exists():
            return
        with self.path.open("rb+") as file:
            end = file.seek(0, os.SEEK_END)
            if end == 0:
                return
            file.seek(end - 1)
            if file.read(1) == b"\n":
                return
            file.seek(0)
            whole, _, last = file.read().rpartition(b"\n")
            if _parse(last.decode("utf-8", "replace")) is not None:
                file.seek(end)
                file.write(b"\n")
            else:  # half a line: never answered, so nobody counts on it; left in, it would spoil the whole log
                self.path.with_name(f"{TRIES}.bak").write_bytes(last)
                file.truncate(len(whole) + 1 if whole else 0)

    def prediction(self) -> dict[str, Any] | None:
        """Return the prediction as it was made, or None where there is none to be read."""
        try:
            return _prediction(self.prediction_path.read_bytes())
        except OSError:
            return None

    def set_aside(self) -> bool:
        """Rename a file that holds no prediction (a full disk leaves half of one) to ``prediction.json.bak``; return whether it was so."""
        try:
            if _prediction(self.prediction_path.read_bytes()) is not None:
                return False
            self.prediction_path.replace(self.prediction_path.with_name(f"{PREDICTION}.bak"))
        except OSError:  # none there, or not to be read or moved: writing will say so
            return False
        return True

    def predict(self, answers: Mapping[str, str]) -> None:
        """Write the prediction, a broken one set aside. Raises CourseError if one is there already."""
        content = json.dumps({"t": now(), "answers": dict(answers)}, ensure_ascii=False, indent=1).encode() + b"\n"
        temporary = self.prediction_path.with_name(f".{PREDICTION}.{os.getpid()}.{threading.get_ident()}.tmp")
        try:
            _write_through(temporary, content, os.O_CREAT | os.O_EXCL)
            with self._lock:
                self.set_aside()
                _put_once(temporary, self.prediction_path)
        except FileExistsError:
            if self.prediction() is None:
                raise CourseError(
                    f"{self.prediction_path} is there and cannot be read; move it away, then predict",
                    zh=f"{self.prediction_path} 已存在，但无法读取；请先把它移走，再做预测",
                ) from None
            raise CourseError(
                f"{PREDICTION} is there already; a prediction is made once", zh=f"{PREDICTION} 已经有了，预测只做一次"
            ) from None
        except OSError as error:
            raise CourseError(
                f"{self.prediction_path}: cannot be written ({error.strerror}), so this prediction is not kept",
                zh=f"{self.prediction_path}：无法写入（{error.strerror}），这次预测没有保存",
            ) from None
        finally:
            temporary.unlink(missing_ok=True)


def now() -> str:
    """Return this instant in UTC, as pain.py writes it."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def minutes(tries: tuple[Try, ...]) -> float:
    """Return the minutes between the first and the last try, long pauses left out."""
    instants = [instant for one in tries if (instant := _instant(one.t)) is not None]
    return sum(min(max((later - sooner).total_seconds(), 0.0), PAUSE) for sooner, later in itertools.pairwise(instants)) / 60


def _instant(text: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _parse(line: str) -> Try | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict) or not isinstance(row.get("kind"), str) or not {"input", "result"} <= row.keys():
        return None
    return Try(str(row.get("t", "")), row["kind"], row["input"], row["result"])


def _prediction(content: bytes) -> dict[str, Any] | None:
    """Return what the file's content says, or None if it is no prediction."""
    try:
        made = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    answers = made.get("answers") if isinstance(made, dict) else None
    return {"t": str(made.get("t", "")), "answers": answers} if isinstance(answers, dict) else None


def _put_once(made: Path, place: Path) -> None:
    """Give *made* the name *place* as well, all at once. Raises FileExistsError if another tab or server was first."""
    try:
        os.link(made, place)
    except FileExistsError:
        raise
    except OSError:  # a disk without hard links
        if place.exists():
            raise FileExistsError from None
        made.replace(place)


def _write_through(path: Path, content: bytes, flags: int) -> None:
    """Put *content* at the end of the file and on the disk: all of it, or nothing and an OSError where the disk is full half-way."""
    descriptor = os.open(path, os.O_WRONLY | flags | getattr(os, "O_BINARY", 0), 0o644)
    try:
        end = os.lseek(descriptor, 0, os.SEEK_END)
        try:
            while content:
                content = content[os.write(descriptor, content) :]
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, end)
            raise
    finally:
        os.close(descriptor)
