"""``grade reset``: the starter again, hers kept."""

from __future__ import annotations

from pathlib import Path

import click

from grader.cli.speak import say


@click.command(help="Put the starter back; your own file is kept as a backup beside it. / 恢复初始文件；你自己的文件会留作备份，放在旁边。")
@click.argument("hw")
@click.argument("file", required=False)
def command(hw: str, file: str | None) -> None:
    from grader import handin, manifest

    done = handin.start_again(manifest.find(hw, Path.cwd()), file)
    for name, backup in done:
        if backup is None:
            say(f"{name}: the starter is back", f"{name}：初始文件已恢复")
        else:
            say(f"{name}: the starter is back; yours is kept as {backup}", f"{name}：初始文件已恢复；你的文件保存为 {backup}")
    if not done:
        say("nothing to do: it is the starter already", "不用恢复：它就是初始文件")
