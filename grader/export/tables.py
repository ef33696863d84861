"""Tables: our own CSV, and columns filled into the table that Canvas or Moodle exported."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from grader.errors import CourseError
from grader.gradebook import Standing
from grader.shown import cell, points

_HEAD = ("id", "name", "email", "assignment", "status", "attempt", "tries", "handed_in", "deadline", "days_late", "grace_days")
_MARKS = ("score", "penalty", "final", "max_score", "comment")


@dataclass(frozen=True, slots=True)
class Filled:
    """A table that was filled: its text, how many marks went in, and what did not fit."""

    text: str
    filled: int
    unmatched: tuple[str, ...]  # students with a mark who are not in the table
    kept: tuple[str, ...] = ()  # whose cell held another mark, which stays


def plain_csv(standings: Sequence[Standing]) -> str:
    """Return one line a student, with a column for each stage; no cell begins a formula."""
    stages: dict[str, None] = {}
    for standing in standings:
        for verdict in standing.attempt.grade.verdicts if standing.attempt else ():
            stages.setdefault(verdict.stage)
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([*_HEAD, *_MARKS, *(f"stage {cell(name)}" for name in stages)])
    for standing in standings:
        writer.writerow([*_facts(standing), *_marks(standing), *_by_stage(standing, list(stages))])
    return out.getvalue()


def _facts(s: Standing) -> list[str]:
    number = str(s.attempt.number) if s.attempt else ""
    handed_in = s.attempt.handed_in if s.attempt else ""
    texts = [s.person.id, s.person.name, s.person.email, s.assignment, s.status]
    return [*(cell(text) for text in texts), number, str(s.tries), handed_in, s.deadline, str(s.days_late), str(s.grace_used)]


def _marks(s: Standing) -> list[str]:
    if s.final is None:
        return ["", "", "", "", cell(_comment(s))]
    return [points(s.score), points(s.penalty), points(s.final), points(s.max_score), cell(_comment(s))]


def _by_stage(s: Standing, stages: list[str]) -> list[str]:
    sums: dict[str, float] = {}
    for verdict in s.attempt.grade.verdicts if s.attempt else ():
        sums[verdict.stage] = sums.get(verdict.stage, 0.0) + verdict.points
    return [points(sums[name]) if name in sums else "" for name in stages]


def _comment(s: Standing) -> str:
    """What a person wrote, else why there is no mark."""
    said = [mark.comment for mark in s.marks if mark.comment]
    if said:
        return "; ".join(said)
    return s.attempt.grade.message if s.attempt and s.status != "graded" else ""


def canvas(table: str, standings: Iterable[Standing], column: str, *, overwrite: bool = False) -> Filled:
    """Fill *column* of a Canvas export; other columns, rows and the order stay as they are.

    A column that Canvas does not know would become a new assignment, so it must be there already. Students are matched
    by SIS Login ID, SIS User ID or ID. A cell that holds another mark is left alone unless *overwrite*.
    """
    rows = _rows(table)
    at = _column(rows[0], column)
    keys = [rows[0].index(name) for name in ("SIS Login ID", "SIS User ID", "ID") if name in rows[0]]
    if not keys:
        text = "the Canvas table has no column SIS Login ID, SIS User ID or ID; export it again from Canvas, with all columns"
        raise CourseError(text, zh="Canvas 表格里没有 SIS Login ID、SIS User ID 或 ID 列；请从 Canvas 重新导出全部列")
    return _fill(rows, standings, keys, at, overwrite=overwrite, names=lambda s: [s.person.id, s.person.email])


def moodle(standings: Iterable[Standing], table: str | None = None, *, overwrite: bool = False) -> Filled:
    """Return a table for Moodle's grade import: grade *and* feedback, since an import of one clears the other.

    With *table*, an offline grading worksheet, its Grade and Feedback comments are filled and no column is added.
    Students are matched by email, capitals included, or by ID number.
    """
    if table is None:
        return _moodle_plain(list(standings))
    rows = _rows(table)
    at, told = _column(rows[0], "Grade"), _column(rows[0], "Feedback comments")
    keys = [rows[0].index(name) for name in ("Email address", "ID number") if name in rows[0]]
    if not keys:
        text = "the Moodle table has no column Email address or ID number; download the grading worksheet again"
        raise CourseError(text, zh="Moodle 表格里没有 Email address 或 ID number 列；请重新下载评分表")
    return _fill(rows, standings, keys, at, overwrite=overwrite, names=lambda s: [s.person.email, s.person.id], feedback=told)


def _moodle_plain(standings: list[Standing]) -> Filled:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["Email address", "ID number", "Grade", "Feedback comments"])
    marked = [s for s in standings if s.final is not None]
    for s in marked:
        writer.writerow([cell(s.person.email), cell(s.person.id), points(s.final or 0.0), cell(_comment(s))])
    nobody = tuple(s.person.id for s in marked if not s.person.email)
    return Filled(out.getvalue(), len(marked), nobody)


def _fill(
    rows: list[list[str]],
    standings: Iterable[Standing],
    keys: list[int],
    at: int,
    *,
    overwrite: bool,
    names: Callable[[Standing], list[str]],
    feedback: int | None = None,
) -> Filled:
    where = {row[key].strip(): row for key in reversed(keys) for row in rows[1:] if len(row) > key and row[key].strip()}
    filled, unmatched, kept = 0, [], []
    for s in standings:
        if s.final is None:
            continue
        row = next((where[name] for name in names(s) if name and name in where), None)
        if row is None:
            unmatched.append(s.person.id)
            continue
        row += [""] * (max(at, feedback or 0) + 1 - len(row))
        mark = points(s.final)
        if row[at].strip() and not _same(row[at], mark) and not overwrite:
            kept.append(s.person.id)
            continue
        row[at] = mark
        if feedback is not None:
            row[feedback] = cell(_comment(s)) or row[feedback]
        filled += 1
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return Filled(out.getvalue(), filled, tuple(unmatched), tuple(kept))


def _same(before: str, now: str) -> bool:
    try:
        return abs(float(before) - float(now)) < 0.005
    except ValueError:
        return False


def _rows(table: str) -> list[list[str]]:
    before = csv.field_size_limit(max(len(table), 1))  # a comment may be longer than the module's own limit
    try:
        rows = list(csv.reader(io.StringIO(table.removeprefix("\ufeff"), newline="")))
    except csv.Error as error:
        raise CourseError(f"the table is not a CSV: {error}; export it again", zh=f"表格不是 CSV：{error}；请重新导出") from None
    finally:
        csv.field_size_limit(before)
    if not rows or not rows[0]:
        raise CourseError("the table is empty; export it again and give its file", zh="表格是空的；请重新导出")
    return rows


def _column(head: list[str], wanted: str) -> int:
    """Find *wanted* itself, or the one column that begins with it, as Canvas adds its number: ``hw7 (12345)``."""
    found = [i for i, name in enumerate(head) if name.strip() == wanted] or [
        i for i, name in enumerate(head) if name.strip().startswith(f"{wanted} (")
    ]
    if len(found) != 1:
        fault = "no column" if not found else "several columns"
        columns = ", ".join(cell(name) for name in head)
        text = f"the table has {fault} {wanted!r}; its columns are: {columns}"
        raise CourseError(text, zh=f"表格里没有唯一的一列 {wanted!r}；现有的列：{columns}")
    return found[0]
