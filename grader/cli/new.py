"""``grade new``: scaffold a homework."""

from __future__ import annotations

from pathlib import Path

import click

from grader.cli.speak import say


@click.command(help="Make a small homework that audits at once, to be rewritten. / 新建一份可以立刻通过审核的小作业，再改成你自己的。")
@click.argument("name")
@click.option("--module", default="fit", show_default=True, help="Name of the student's module. / 学生要写的模块名。")
def command(name: str, module: str) -> None:
    from grader import manifest, scaffold

    root = manifest.course_root(Path.cwd()) or Path.cwd()
    files = scaffold.scaffold(name, module, root)
    say(
        f"wrote {len(files)} files into assignments/{name} and solutions/{name}",
        f"已写入 {len(files)} 个文件：assignments/{name} 和 solutions/{name}",
    )
    say(f"next: grade audit {name}, then docs/WRITING_AN_ASSIGNMENT.md", f"下一步：grade audit {name}，再读 docs/WRITING_AN_ASSIGNMENT.md")
