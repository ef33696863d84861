"""``grade new``: scaffold a homework, or a private repository that grades pushed work."""

from __future__ import annotations

from pathlib import Path

import click

from grader.cli.speak import say


@click.command(
    help="Make a small homework that audits at once, to be rewritten; with --grader-repo, a private repository that grades pushed work."
    " / 新建一份可以立刻通过审核的小作业；或用 --grader-repo 新建批改推送作业的私有仓库。"
)
@click.argument("name", required=False)
@click.option("--module", default="fit", show_default=True, help="Name of the student's module. / 学生要写的模块名。")
@click.option("--grader-repo", is_flag=True, help="NAME is then its folder (../grader). / NAME 是它的文件夹（../grader）。")
def command(name: str | None, module: str, grader_repo: bool) -> None:
    from grader import manifest, scaffold
    from grader.errors import CourseError

    root = manifest.course_root(Path.cwd()) or Path.cwd()
    if grader_repo:
        _grader_repo(Path(name) if name else root.parent / "grader", root)
        return
    if name is None:
        raise CourseError("how is the homework to be called? Type: grade new hw7", zh="新作业叫什么？请运行：grade new hw7")
    files = scaffold.scaffold(name, module, root)
    say(
        f"wrote {len(files)} files into assignments/{name} and solutions/{name}",
        f"已写入 {len(files)} 个文件：assignments/{name} 和 solutions/{name}",
    )
    say(f"next: grade audit {name}, then docs/WRITING_AN_ASSIGNMENT.md", f"下一步：grade audit {name}，再读 docs/WRITING_AN_ASSIGNMENT.md")


def _grader_repo(folder: Path, root: Path) -> None:
    import tempfile

    from grader import release, scaffold
    from grader.errors import CourseError

    source = release.kit_source()
    with tempfile.TemporaryDirectory() as temporary:
        built = sorted((root / "dist").glob("grade_kit-*.whl"))
        if source is None and not built:
            text = "the kit's wheel is not here; put it into dist/, or run this in the kit's own repository"
            raise CourseError(text, zh="这里没有安装包；请放进 dist/，或在工具自己的仓库里运行")
        kit = release.wheel(source, Path(temporary)) if source is not None else built[-1]
        files = scaffold.grader_repo(folder, root, kit, root / "dist" / "wheels")
    say(f"wrote the course, the kit and {len(files)} files into {folder}", f"已把课程、工具和 {len(files)} 个文件写入 {folder}")
    say(f"next: read {folder / 'README.md'}; push it as a PRIVATE repository", f"下一步：读 {folder / 'README.md'}；推送为私有仓库")
