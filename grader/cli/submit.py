"""``grade submit``: a zip to hand in."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from grader.cli.speak import pick, say


@click.command(help="Pack the files that are handed in as one zip. / 把要提交的文件打包成一个 zip。")
@click.argument("hw")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Folder for the zip (here). / zip 放在哪里（当前文件夹）。",
)
@click.option("--git", is_flag=True, help="Commit, tag and push instead of a zip. / 不打包，而是提交、打标签并推送。")
@click.option("--journal/--no-journal", default=None, help="Hand in my journal too (asked once). / 是否一起提交学习日志（只问一次）。")
def command(hw: str, out: Path, git: bool, journal: bool | None) -> None:
    from grader import handin, manifest

    assignment = manifest.find(hw, Path.cwd())
    if git:
        from grader import push

        pushed = push.push(assignment)
        _tell("已提交", assignment.folder, pushed.files, pushed.missing)
        say(f"pushed to {pushed.remote} as {pushed.tag}", f"已推送到 {pushed.remote}，标签 {pushed.tag}")
        return
    packed = handin.hand_in(assignment, out, _journal(assignment.folder, journal))
    _tell("已打包", assignment.folder, packed.files, packed.missing)
    say(f"wrote {packed.archive}: hand in this file", f"已写入 {packed.archive}：请提交这个文件")


def _tell(zh: str, folder: Path, files: Sequence[str], missing: Sequence[str]) -> None:
    """Say which files are handed in, which named ones are not there, and which logs no check can read, while she can still mend them."""
    from grader import phrases
    from grader.evidence import Evidence

    for name in files:
        say(f"  in it    {name}", f"  {zh}  {name}")
    for name in missing:
        say(f"  missing  {name} (its checks earn nothing)", f"  缺少    {name}（相应的检查没有分）")
    evidence = Evidence.of(folder, files)
    for name in evidence.names:
        if flaw := evidence.flaw(name):
            en, mended = phrases.in_language(flaw, "en"), phrases.in_language(flaw, "zh")
            say(f"  careful  {en} Mend it, or its checks earn nothing", f"  注意    {mended}请修好，否则相应的检查没有分")


def _journal(folder: Path, answer: bool | None) -> bytes | None:
    """Return her journal if she agrees that it is handed in. She is asked once, at a terminal; elsewhere silence is a no."""
    from grader import journal

    if not journal.path_of(folder).is_file():
        return None
    if answer is None:
        answer = journal.consent(folder)
    if answer is None:
        if not sys.stdin.isatty():
            return None
        en = "Hand in your journal too? It holds when checks passed and hints were opened, no code"
        zh = "一起提交学习日志吗？里面只有通过检查和打开提示的时间，没有代码"
        answer = click.confirm(pick(en, zh), default=False, err=True)
    journal.set_consent(folder, answer)
    return journal.to_hand_in(folder, answer)
