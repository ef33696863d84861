"""``grade reset``: the starter again, hers kept."""

from __future__ import annotations

from pathlib import Path

import click

from grader.cli.speak import say


@click.command(help="Put the starter back; your own file is kept as a backup beside it. / 恢复初始文件；你自己的文件会留作备份，放在旁边。")
@click.argument("hw")
@click.argument("file", required=False)
@click.option(
    "--update",
    "source",
    type=click.Path(path_type=Path),
    default=None,
    help="Take a corrected handout (zip or folder); your own files stay. / 换成更正后的作业包（zip 或文件夹），你的文件保留。",
)
def command(hw: str, file: str | None, source: Path | None) -> None:
    from grader import handin, manifest

    if source is not None:
        _update(hw, file, source)
        return
    done = handin.start_again(manifest.find(hw, Path.cwd()), file)
    for name, backup in done:
        if backup is None:
            say(f"{name}: the starter is back", f"{name}：初始文件已恢复")
        else:
            say(f"{name}: the starter is back; yours is kept as {backup}", f"{name}：初始文件已恢复；你的文件保存为 {backup}")
    if not done:
        say("nothing to do: it is the starter already", "不用恢复：它就是初始文件")


def _update(hw: str, file: str | None, source: Path) -> None:
    """Say what became new, and where her own changes are."""
    from grader import manifest, update
    from grader.errors import CourseError
    from grader.handout import STARTER

    if file is not None:
        raise CourseError("--update takes the whole handout; leave the file out", zh="--update 更新整份作业包；请不要再写文件名")
    done = update.update(manifest.find(hw, Path.cwd()), source)
    for name, backup in done.backups:
        say(f"{name}: new; what you had changed in it is kept as {backup}", f"{name}：已更新；你改过的内容保存为 {backup}")
    for name in done.removed:
        say(f"{name}: gone from the handout", f"{name}：新作业包里不再有")
    for name in done.kept:
        say(
            f"{name}: yours, left as it is. Its starter has changed: compare with {STARTER}/{name}",
            f"{name}：是你的，没有改动。它的初始文件变了：请和 {STARTER}/{name} 对照",
        )
    if not (done.replaced or done.removed):
        say("nothing to do: your folder is of this version already", "不用更新：你的文件夹已经是这个版本")
        return
    say(
        f"{len(done.replaced)} files are new; your own work stays. Now: grade check {hw}",
        f"更新了 {len(done.replaced)} 个文件；你自己的作业没有改动。接下来：grade check {hw}",
    )
