"""``grade report``: the class on the terminal or as a page, and a page for each student."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli import group
from grader.cli.speak import language, say
from grader.cli.staff_store import course, course_rules, kept_files, open_existing, store_option

if TYPE_CHECKING:
    from grader.figures import Figures
    from grader.gradebook import Standing, Summary
    from grader.gradebook.store import Gradebook
    from grader.reports.copies import Pair


@click.command(help="The class: scores, misconceptions, where the ramp is too steep. / 全班：成绩、误解、坡度太陡的地方。")
@click.argument("hw")
@store_option
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the class page there. / 把全班报告写成网页。")
@click.option(
    "--students", type=click.Path(path_type=Path, file_okay=False), help="A page for each student, in this folder. / 每个学生一页。"
)
@click.option("--push", is_flag=True, help="With --students: push each page to her repository, too. / 同时把每页推送到学生的仓库。")
@click.option(
    "--journals",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The hand-ins' folder: draw the class's figures from their journals. / 提交所在的文件夹：用其中的学习日志画图。",
)
@click.option("--similar", is_flag=True, help="Look for shared code (copydetect). / 查找相似代码。")
def command(
    *, hw: str, store: str | None, out: Path | None, students: Path | None, journals: Path | None, push: bool, similar: bool
) -> int:
    """Exit code 0: done; 1: a page could not be pushed."""
    from grader.cli.marking import tell_orphans
    from grader.gradebook import orphans, standings
    from grader.reports.classtext import class_lines, similar_lines
    from grader.reports.classview import class_view

    if push and students is None:
        raise click.UsageError("--push needs the pages: give --students FOLDER too")
    root = course()
    with open_existing(store, root, to_read=True) as book:
        found, summaries = standings(book, hw, course_rules(book, root, hw)), book.summaries(hw)
        tell_orphans(hw, orphans(found))
        view = class_view(hw, found, summaries)
        pairs = _similar(book, root, hw, found) if similar else None
        if students is not None:
            _student_pages(book, root, found, summaries, students)
    if out is not None:
        from grader.pack import write
        from grader.reports.html import class_page

        write(out, class_page(view, language(), figures=_figures(found, journals), similar=pairs).encode())
        say(f"wrote {out}", f"已写入 {out}")
    if out is None:
        for text in (*class_lines(view, language()), *(similar_lines(pairs, language()) if pairs is not None else ())):
            click.echo(text)
    return _push(hw, found, students) if push and students is not None else group.PASSED


def _figures(found: list[Standing], folder: Path | None) -> Figures:
    """Return the class's figures, from the grades and from the journals that were handed in."""
    from grader import journal
    from grader.figures import class_figures

    grades = {s.person.id: s.attempt.grade for s in found if s.attempt is not None and s.status == "graded"}
    return class_figures(grades, journal.of_hand_ins(folder).values() if folder is not None else ())


def _student_pages(book: Gradebook, root: Path, found: list[Standing], summaries: list[Summary], folder: Path) -> None:
    from grader.pack import write_many
    from grader.reports.html import student_page

    files = kept_files(book, root)
    history: dict[str, list[Summary]] = {}
    for summary in summaries:
        history.setdefault(summary.student, []).append(summary)

    def page(standing: Standing) -> bytes:
        return student_page(standing, history.get(standing.person.id, ()), language(), files=files(standing)).encode()

    write_many((folder / f"{standing.person.id}.html", page(standing)) for standing in found)
    say(f"wrote {len(found)} pages to {folder}", f"已在 {folder} 写入 {len(found)} 页")


def _push(hw: str, found: list[Standing], folder: Path) -> int:
    """Push every page whose student has a repository; one student's trouble stops nobody."""
    from grader import feedback
    from grader.errors import CourseError

    failed = 0
    with_repo = [standing for standing in found if standing.person.repo and standing.attempt is not None]
    for standing in with_repo:
        who = standing.person.id
        try:
            feedback.push((folder / f"{who}.html").read_bytes(), standing.person.repo, hw)
        except CourseError as error:
            failed += 1
            say(f"{who}: {error.in_language('en')}", f"{who}：{error.in_language('zh')}")
    branch = feedback.branch(hw)
    say(f"pushed {len(with_repo) - failed} pages to branches {branch}", f"已推送 {len(with_repo) - failed} 页到分支 {branch}")
    return group.FAILED if failed else group.PASSED


def _similar(book: Gradebook, root: Path, hw: str, found: list[Standing]) -> list[Pair] | None:
    from grader import manifest
    from grader.reports.copies import similar

    assignment, kept = manifest.find(hw, root), kept_files(book, root)
    starter = assignment.folder / assignment.source_name
    sources = {s.person.id: files[assignment.source_name] for s in found if assignment.source_name in (files := kept(s))}
    pairs = similar(sources, starter.read_bytes() if starter.is_file() else b"")
    if pairs is None:
        say("no look for shared code: type 'pip install copydetect' first", "没有查找相似代码：请先运行 pip install copydetect")
    return pairs
