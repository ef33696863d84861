"""``grade gradebook``: the roster, manual marks, a student's data, and nbgrader's gradebook."""

from __future__ import annotations

import json
from pathlib import Path

import click

from grader.cli.group import name_variables, shared_options
from grader.cli.speak import half, say
from grader.cli.staff_store import course, course_rules, home, open_existing, store_option


class _Group(click.Group):
    """Subcommands take the options that every command takes, and help in the reader's language."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = super().get_command(ctx, cmd_name)
        if found is not None and not any("--lang" in param.opts for param in found.params):
            found.params.extend(shared_options())
            name_variables(found, f"GRADE_GRADEBOOK_{cmd_name}")
            found.help = half(found.help or "")
            for param in found.params:
                if isinstance(param, click.Option) and param.help:
                    param.help = half(param.help)
        return found


@click.group(cls=_Group, help="The roster, manual marks, a student's data, nbgrader. / 名单、人工评分、学生数据、nbgrader。")
def command() -> None:
    """A group: each subcommand opens the store for itself."""


@command.command(help="Show the roster, or import one from a CSV file. / 显示名单，或从 CSV 文件导入。")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@store_option
def roster(file: Path | None, store: str | None) -> None:
    from grader import roster as rosters
    from grader.gradebook import DEFAULT_STORE, open_store
    from grader.shown import line

    if file is not None:
        found = rosters.read(file)
        with open_store(store or course() / DEFAULT_STORE) as book:
            count = book.import_roster(found.people, found.columns)
        say(f"{count} students imported", f"已导入 {count} 名学生")
        if found.unread:
            names = line(", ".join(found.unread))
            say(f"columns that nobody reads: {names}", f"没有用到的列：{names}")
        return
    with open_existing(store, course(), to_read=True) as book:
        for person in book.roster():
            click.echo(line("\t".join((person.id, person.name, person.email, person.repo)).rstrip("\t")).replace("\\x09", "\t"))


@command.command(help="Give a manual mark or comment; no grading overwrites it. / 人工评分或评语，批改不会覆盖。")
@click.argument("hw")
@click.argument("student")
@click.option("--item", default="", help="A check's id or an item of your own; without it the whole. / 项目；不写表示整份作业。")
@click.option("--points", type=float, default=None, help="Points given. / 给分。")
@click.option("--of", "most", type=float, default=None, help="Points possible. / 满分。")
@click.option("--comment", default=None, help="What the student reads. / 评语。")
@click.option("--clear", is_flag=True, help="Take the mark and its comment back. / 撤销评分和评语。")
@click.option("--author", default="", help="Who gives it. / 评分人。")
@store_option
def mark(
    *,
    hw: str,
    student: str,
    item: str,
    points: float | None,
    most: float | None,
    comment: str | None,
    clear: bool,
    author: str,
    store: str | None,
) -> None:
    from grader import rules
    from grader.cli.marking import Given, new_mark

    root = course()
    with open_existing(store, root) as book:
        given = Given(points, most, comment, author, clear)
        added = book.add_marks([new_mark(book, root, rules.find(root), given, hw=hw, student=student, item=item)])
    say("kept" if added else "it stood there already", "已保存" if added else "已有相同的记录")


@command.command(help="nbgrader's gradebook and formgrader folder, both ways. / 与 nbgrader 的成绩库和 formgrader 双向同步。")
@click.argument("names", metavar="[HW]...", nargs=-1)
@click.option(
    "--dir", "folder", type=click.Path(path_type=Path, file_okay=False), help="nbgrader's course (nbgrader/). / nbgrader 的课程文件夹。"
)
@store_option
def sync(names: tuple[str, ...], folder: Path | None, store: str | None) -> None:
    from grader import manifest
    from grader.cli.marking import tell_orphans
    from grader.cli.staff_store import kept_files
    from grader.nbgrader_sync import sync as sync_one

    root = course()
    with open_existing(store, root) as book:
        found = course_rules(book, root)
        for name in names or sorted({summary.assignment for summary in book.summaries()}):
            files = kept_files(book, root)
            done = sync_one(book, manifest.find(name, root), found, folder or root / "nbgrader", files)
            say(
                f"{name}: {done.home} marks came home; {done.students} students and {done.cells} checks are in nbgrader",
                f"{name}：取回 {done.home} 个评分；nbgrader 中有 {done.students} 名学生、{done.cells} 个测试",
            )
            tell_orphans(name, done.orphans)
            for student, item in done.look_again:
                say(
                    f"  {student}: {item} has another automatic score under your mark; look again",
                    f"  {student}：{item} 的自动得分变了，而你已人工评分；请再看一次",
                )


@command.command("show", help="Everything that the store holds of a student, as JSON. / 以 JSON 显示一名学生的全部数据。")
@click.argument("student")
@store_option
def show(student: str, store: str | None) -> None:
    with open_existing(store, course(), to_read=True) as book:
        click.echo(json.dumps(book.export_student(student), ensure_ascii=True, indent=2))


@command.command(help="Forget who a student was; points stay, nameless. / 抹去一名学生的身份；分数匿名保留。")
@click.argument("student")
@click.option("--yes", is_flag=True, help="Do not ask. / 不再询问。")
@click.option(
    "--dir", "folder", type=click.Path(path_type=Path, file_okay=False), help="nbgrader's course (nbgrader/). / nbgrader 的课程文件夹。"
)
@store_option
def erase(student: str, yes: bool, folder: Path | None, store: str | None) -> None:
    from grader.cli.speak import pick
    from grader.nbgrader_sync import forget

    if not yes:
        question = f"Erase {student}? It cannot be undone."
        click.confirm(pick(question, f"抹去 {student}？无法撤销。"), abort=True, err=True)
    root = course()
    with open_existing(store, root) as book:
        digests = {attempt["submission"] for attempt in book.export_student(student)["attempts"]}
        there = forget(folder or root / "nbgrader", student)  # first: a failure here leaves her known to our store, for another try
        kept = book.erase_student(student)
        others = {summary.submission for summary in book.summaries()}
        dropped = _drop_originals(home(book, root), digests - others)
    en, zh = (", and all that nbgrader held", "，以及 nbgrader 中的全部记录") if there else ("", "")
    say(
        f"{student} is erased: {kept} attempts stay, nameless; {dropped} kept hand-ins removed{en}. Clear backups and reports yourself.",
        f"已抹去 {student}：{kept} 次批改匿名保留，删除了 {dropped} 份提交{zh}。备份和报告请自行清理。",
    )


def _drop_originals(folder: Path, digests: set[str]) -> int:
    from grader.batch.originals import FOLDER, Originals

    originals = Originals(folder / FOLDER)
    return sum(originals.drop(digest) for digest in digests)
