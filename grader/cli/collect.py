"""``grade collect``: fetch pushed repositories at the deadline's commit."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from grader.cli import group, speak


@click.command(help="Fetch everyone's pushed work, ready for 'grade run'. / 取回所有人推送的作业，供 'grade run' 批改。")
@click.argument("homework", metavar="HW")
@click.option(
    "--roster", "roster_file", type=click.Path(path_type=Path, dir_okay=False), default=Path("roster.csv"), help="roster.csv / 花名册"
)
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for the work. / 存放作业的文件夹。")
@click.option("--deadline", help="ISO 8601 with time zone (default: none). / 带时区的截止时间（默认没有）。")
def command(homework: str, roster_file: Path, into: Path, deadline: str | None) -> int:
    """Exit code 0: everyone was asked; 1: somebody's work could not be had."""
    from grader import collect, manifest, roster
    from grader.errors import CourseError
    from grader.phrases import in_language

    try:
        until = dt.datetime.fromisoformat(deadline) if deadline else None
    except ValueError:
        raise CourseError(f"{deadline!r} is not a time such as 2026-11-30T23:59:00+08:00", zh=f"{deadline!r} 不是时间") from None
    if until is not None and until.tzinfo is None:
        raise CourseError("the deadline needs a time zone, such as +08:00 or Z", zh="截止时间要带时区，例如 +08:00 或 Z")

    def tell(one: collect.Collected) -> None:
        why = f"{one.tag} {one.commit[:10]} {one.instant}" if one.commit else in_language(one.reason, speak.language())
        click.echo(f"{one.id}: {one.status} ({why})", err=True)

    found = collect.collect(manifest.find(homework, Path.cwd()), roster.load(roster_file), into, until, tell)
    had = sum(one.status in ("new", "same") for one in found)
    speak.say(
        f"{had} of {len(found)} are in {into}; next: grade run {homework} {into}",
        f"{len(found)} 人中取回 {had} 人，在 {into}；下一步：grade run {homework} {into}",
    )
    return group.PASSED if had == len(found) else group.FAILED
