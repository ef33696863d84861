"""``grade submit``: a zip to hand in."""

from __future__ import annotations

from pathlib import Path

import click

from grader.cli.speak import say


@click.command(help="Pack the files that are handed in as one zip. / 把要提交的文件打包成一个 zip。")
@click.argument("hw")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Folder for the zip (here). / zip 放在哪里（当前文件夹）。",
)
@click.option("--git", is_flag=True, help="Commit, tag and push instead of a zip. / 不打包，而是提交、打标签并推送。")
def command(hw: str, out: Path, git: bool) -> None:
    from grader import handin, manifest

    if git:
        from grader import push

        pushed = push.push(manifest.find(hw, Path.cwd()))
        for name in pushed.files:
            say(f"  in it    {name}", f"  已提交  {name}")
        say(f"pushed to {pushed.remote} as {pushed.tag}", f"已推送到 {pushed.remote}，标签 {pushed.tag}")
        return
    packed = handin.hand_in(manifest.find(hw, Path.cwd()), out)
    for name in packed.files:
        say(f"  in it    {name}", f"  已打包  {name}")
    for name in packed.missing:
        say(f"  missing  {name} (its checks earn nothing)", f"  缺少    {name}（相应的检查没有分）")
    say(f"wrote {packed.archive}: hand in this file", f"已写入 {packed.archive}：请提交这个文件")
