"""roster.csv -> people: ``id,name,email,repo``, with every slip named."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from grader.errors import CourseError

COLUMNS = ("id", "name", "email", "repo")


@dataclass(frozen=True, slots=True)
class Person:
    """One student as the roster names her; ``id`` is also the name of her hand-in's folder."""

    id: str
    name: str = ""
    email: str = ""
    repo: str = ""


@dataclass(frozen=True, slots=True)
class Roster:
    """A roster as it was read: who is on it, which of our columns it has, and which of its own nobody reads."""

    people: tuple[Person, ...]
    columns: tuple[str, ...]
    unread: tuple[str, ...]


def load(path: Path) -> tuple[Person, ...]:
    """Return the people of a roster's file."""
    return read(path).people


def read(path: Path) -> Roster:
    """Read a roster. Raises CourseError with the line of a missing or repeated id, or a misspelt column."""
    try:
        text = path.read_text(encoding="utf-8-sig")  # spreadsheets write a BOM
    except FileNotFoundError:
        text = f"{path}: no such file; give the roster, a CSV with the columns {','.join(COLUMNS)}"
        raise CourseError(text, zh=f"{path}：没有这个文件；请给出花名册，一个列名为 {','.join(COLUMNS)} 的 CSV") from None
    except OSError as error:
        raise CourseError(f"{path}: cannot be read: {error.strerror}", zh=f"{path}：无法读取：{error.strerror}") from None
    except UnicodeDecodeError as error:
        text = f"{path}: cannot be read as UTF-8 ({error}); save it as CSV UTF-8"
        raise CourseError(text, zh=f"{path}：无法按 UTF-8 读取（{error}）；请另存为 UTF-8 的 CSV") from None
    return parse(text, str(path))


def parse(text: str, label: str = "roster.csv") -> Roster:
    """Return the roster in *text*, a CSV whose first line names the columns; ``id`` must be one of them."""
    reader = csv.DictReader(io.StringIO(text, newline=""))
    columns = [(column or "").strip().lower() for column in reader.fieldnames or []]
    if "id" not in columns:
        first = f"{label}: the first line must name the columns {','.join(COLUMNS)}"
        raise CourseError(first, zh=f"{label}：第一行必须写列名 {','.join(COLUMNS)}")
    unread = tuple(_unread(columns, label))
    reader.fieldnames = columns
    people: dict[str, Person] = {}
    try:
        for row in reader:
            cells = {column: (row.get(column) or "").strip() for column in COLUMNS}
            person = Person(**{**cells, "id": unicodedata.normalize("NFC", cells["id"])})  # as a hand-in's name is read
            _check(person, people, f"{label}, line {reader.line_num}", f"{label} 第 {reader.line_num} 行")
            people[person.id] = person
    except csv.Error as error:
        raise CourseError(f"{label}, line {reader.line_num}: {error}", zh=f"{label} 第 {reader.line_num} 行：{error}") from None
    return Roster(tuple(people.values()), tuple(column for column in COLUMNS if column in columns), unread)


def _unread(columns: Iterable[str], label: str) -> Iterator[str]:
    """Yield the columns that are none of ours: spreadsheets have many. One that looks like one of ours is a slip, and is refused."""
    columns = [column for column in columns if column]
    for column in columns:
        if column in COLUMNS:
            continue
        close = get_close_matches(column, [ours for ours in COLUMNS if ours not in columns], n=1, cutoff=0.75)
        if close:
            text = f"{label}: the column {column!r} is not known (did you mean {close[0]!r}?); rename it in the first line"
            raise CourseError(text, zh=f"{label}：没有列 {column!r}（是不是 {close[0]!r}？）；请在第一行改名")
        yield column


def _check(person: Person, known: Iterable[str], where: str, where_zh: str) -> None:
    if not person.id:
        raise CourseError(f"{where}: no id; every student needs one", zh=f"{where}：没有 id；每个学生都要有")
    if person.id in known:
        raise CourseError(
            f"{where}: id {person.id!r} is there twice; keep one line", zh=f"{where}：id {person.id!r} 出现两次；请只保留一行"
        )
    if not person.id.isprintable() or "/" in person.id or "\\" in person.id or person.id.startswith("."):
        raise CourseError(f"{where}: id {person.id!r} cannot name a folder", zh=f"{where}：id {person.id!r} 不能作文件夹名")
