"""``instants.csv`` in a class folder: when each hand-in came, for those whose files do not know it any more.

What a learning platform hands out in one archive bears the time of the download. Columns ``id,instant``; ISO 8601 with a time zone.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import unicodedata
from pathlib import Path

from grader.errors import CourseError

FILE_NAME = "instants.csv"
COLUMNS = ["id", "instant"]


def load(folder: Path) -> dict[str, str]:
    """Return student -> instant in UTC as *folder* states them, nothing where it holds no such file. Raises CourseError with the line."""
    path = folder / FILE_NAME
    try:
        text = path.read_text(encoding="utf-8-sig")  # spreadsheets write a BOM
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise CourseError(f"{path}: cannot be read as UTF-8: {error}", zh=f"{path}：无法按 UTF-8 读取：{error}") from None
    reader = csv.DictReader(io.StringIO(text, newline=""))
    reader.fieldnames = [(column or "").strip().lower() for column in reader.fieldnames or []]
    if not set(COLUMNS) <= set(reader.fieldnames):
        raise CourseError(f"{path}: the first line must name the columns id,instant", zh=f"{path}：第一行必须写列名 id,instant")
    found: dict[str, str] = {}
    try:
        for row in reader:
            student, said = ((row.get(column) or "").strip() for column in COLUMNS)
            student = unicodedata.normalize("NFC", student)
            if student in found:
                raise _refusal(path, reader.line_num, f"{student!r} is there twice; keep one line", f"{student!r} 出现两次；请只保留一行")
            if student and said:
                found[student] = _utc(said, path, reader.line_num)
    except csv.Error as error:
        raise _refusal(path, reader.line_num, str(error), str(error)) from None
    return found


def _utc(said: str, path: Path, line: int) -> str:
    try:
        moment = dt.datetime.fromisoformat(said)
        if moment.tzinfo is not None:
            return moment.astimezone(dt.UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        pass
    en = f"{said!r} is not an instant; write it as 2026-11-30T23:59:00+08:00, with its time zone"
    raise _refusal(path, line, en, f"{said!r} 不是时刻；请写成 2026-11-30T23:59:00+08:00，要带时区")


def _refusal(path: Path, line: int, en: str, zh: str) -> CourseError:
    return CourseError(f"{path}, line {line}: {en}", zh=f"{path} 第 {line} 行：{zh}")
