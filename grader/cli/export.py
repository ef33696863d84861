"""``grade export``: the marks for another system."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.speak import language, pick, say
from grader.cli.staff_store import course, course_rules, open_existing, store_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.export.tables import Filled
    from grader.gradebook import Standing

FORMATS = ("csv", "canvas", "moodle", "gradescope", "classroom50", "junit")
_NAMED = 20  # students named in a line


@click.command(help="The marks for another system. / 把成绩导出到别的系统。")
@click.argument("hw")
@click.option("--to", "form", type=click.Choice(FORMATS), required=True, help="For which system. / 目标系统。")
@store_option
@click.option("--out", type=click.Path(path_type=Path), help="File, or folder for one file a student; else stdout. / 输出文件或文件夹。")
@click.option("--table", type=click.Path(path_type=Path, dir_okay=False), help="Canvas' or Moodle's own export, to fill. / 要填写的表格。")
@click.option("--column", default=None, help="Canvas: the column of the assignment (HW). / Canvas 中作业所在的列。")
@click.option("--overwrite", is_flag=True, help="Replace marks that stand in the table. / 覆盖表中已有的成绩。")
@click.option("--student", default=None, help="Only this student. / 只导出这名学生。")
@click.option("--classroom", default="", help="Classroom 50: its short name. / Classroom 50 的班级简称。")
def command(
    *,
    hw: str,
    form: str,
    store: str | None,
    out: Path | None,
    table: Path | None,
    column: str | None,
    overwrite: bool,
    student: str | None,
    classroom: str,
) -> None:
    from grader.cli.marking import tell_orphans
    from grader.gradebook import orphans, standings

    root = course()
    with open_existing(store, root, to_read=True) as book:
        found = standings(book, hw, course_rules(book, root, hw))
    tell_orphans(hw, orphans(found))
    found = [_in_her_language(standing) for standing in found]
    if student is not None:
        found = _only(found, student)
    if form in ("gradescope", "classroom50"):
        _records(found, form, out, classroom, single=student is not None)
        return
    _write(out, _table(found, form, hw, table=table, column=column, overwrite=overwrite))


def _in_her_language(standing: Standing) -> Standing:
    """Return *standing* with what the store keeps in both languages in the reader's."""
    from dataclasses import replace

    from grader.phrases import grade_in

    if standing.attempt is None:
        return standing
    return replace(standing, attempt=replace(standing.attempt, grade=grade_in(standing.attempt.grade, language())))


def _only(found: list[Standing], student: str) -> list[Standing]:
    from grader.errors import CourseError
    from grader.manifest import nearest

    mine = [standing for standing in found if standing.person.id == student]
    if not mine:
        raise CourseError(f"no student {student!r}{nearest(student, [s.person.id for s in found][:200])}", zh=f"没有学生 {student!r}")
    return mine


def _table(found: list[Standing], form: str, hw: str, *, table: Path | None, column: str | None, overwrite: bool) -> str:
    from grader import export
    from grader.errors import CourseError

    if form == "csv":
        return export.plain_csv(found)
    if form == "junit":
        _leave_out(found)
        return export.junit((standing.attempt.grade for standing in found if standing.attempt is not None), found)
    text = _read(table) if table is not None else None
    if form == "moodle":
        return _told(export.moodle(found, text, overwrite=overwrite))
    if text is None:
        raise CourseError(
            "Canvas takes its own table back: export the gradebook there and give it with --table FILE",
            zh="Canvas 只接受它自己导出的表格：请先在 Canvas 导出成绩册，再用 --table 文件 给出",
        )
    return _told(export.canvas(text, found, column or hw, overwrite=overwrite))


def _told(done: Filled) -> str:
    say(f"{done.filled} marks filled in", f"已填写 {done.filled} 个成绩")
    if done.unmatched:
        who = _names(done.unmatched)
        say(f"not in the table, or without an email: {who}", f"表中没有，或没有邮箱：{who}")
    if done.kept:
        who = _names(done.kept)
        say(
            f"another mark stands there and was kept (--overwrite replaces it): {who}", f"已有其他成绩，未改动（--overwrite 可覆盖）：{who}"
        )
    return done.text


def _names(students: Sequence[str]) -> str:
    """Return the students, and how many more there are than fit a line."""
    from grader.shown import few

    return pick(*few(students, _NAMED))


def _read(path: Path) -> str:
    from grader.errors import CourseError

    try:
        return path.read_text(encoding="utf-8-sig", errors="strict")
    except (OSError, UnicodeDecodeError) as error:
        raise CourseError(f"{path}: cannot be read as UTF-8: {error}", zh=f"{path}：无法按 UTF-8 读取：{error}") from None


def _records(found: list[Standing], form: str, out: Path | None, classroom: str, *, single: bool) -> None:
    from grader.errors import CourseError

    if form == "classroom50":
        _leave_out(found)
        found = [s for s in found if s.attempt is not None]
    there = (s for s in found if s.final is not None or (s.attempt is not None and s.status != "fault"))
    made = {s.person.id: _record(s, form, classroom) for s in there}
    if single or out is None:
        for record in made.values():
            _write(out, json.dumps(record, ensure_ascii=True, indent=2 if out else None) + "\n")
        return
    if out.is_file():
        raise CourseError(f"{out}: is a file; give a folder, for one file a student", zh=f"{out}：是文件；请给出文件夹，每个学生一个文件")
    from grader.pack import write_many

    write_many(
        (out / f"{student}.json", f"{json.dumps(record, ensure_ascii=True, indent=2)}\n".encode()) for student, record in made.items()
    )
    say(f"wrote {len(made)} files to {out}", f"已在 {out} 写入 {len(made)} 个文件")


def _leave_out(found: list[Standing]) -> None:
    """Name those whose mark is a person's alone: these formats tell of a hand-in."""
    who = _names([s.person.id for s in found if s.attempt is None and s.final is not None])
    if who:
        say(f"left out, since they have a mark and no hand-in: {who}", f"有成绩但没有提交，未导出：{who}")


def _record(standing: Standing, form: str, classroom: str) -> dict[str, object]:
    from grader import export

    attempt = standing.attempt
    if form == "gradescope" or attempt is None:
        return export.gradescope(attempt.grade if attempt is not None else None, language(), standing)
    grade = attempt.grade
    named = standing.person.repo or f"submit/{grade.assignment}/{attempt.number}"
    context = {"classroom": classroom, "owner": standing.person.id, "submission": grade.submission, "commit": named, "release": named}
    return export.classroom50(grade, context, attempt.handed_in, attempt.graded_at, standing)


def _write(out: Path | None, text: str) -> None:
    if out is None:
        click.echo(text, nl=False)
        return
    from grader.pack import write

    write(out, text.encode("utf-8", "backslashreplace"))
    say(f"wrote {out}", f"已写入 {out}")
