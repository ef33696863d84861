"""``grade release``: handouts, the kit's wheel, checksums."""

from __future__ import annotations

from pathlib import Path

import click

from grader.cli.speak import say


@click.command(help="Write handouts, the kit's wheel and SHA256SUMS into dist/. / 把学生版作业、安装包和 SHA256SUMS 写入 dist/。")
@click.argument("names", metavar="[HW]...", nargs=-1)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=None, help="Folder to fill (dist). / 输出文件夹（dist）。")
@click.option("--notebook", is_flag=True, help="Notebook editions too. / 同时生成笔记本版。")
@click.option("--wheels", "with_wheels", is_flag=True, help="Wheels of all dependencies but torch. / 同时生成除 torch 外全部依赖的 wheel。")
def command(names: tuple[str, ...], out: Path | None, notebook: bool, with_wheels: bool) -> None:
    from grader import bundles, manifest, release, wheels
    from grader.errors import CourseError

    here = Path.cwd()
    root = manifest.course_root(here)
    if root is None:
        raise CourseError(
            "no assignments/ here or above; go into the course repository", zh="这里和上级目录都没有 assignments/；请进入课程仓库"
        )
    out = out or root / "dist"
    chosen = [manifest.find(name, root) for name in names or manifest.names(root)]
    if not chosen:
        raise CourseError(
            "assignments/ is empty; 'grade new NAME' makes a first one", zh="assignments/ 是空的；用 'grade new NAME' 新建一份"
        )
    source = release.kit_source()
    wheel = release.wheel(source, out) if source is not None else None
    for assignment in chosen:
        done = release.release(assignment, out, wheel)
        for name in done.refreshed:
            say(f"refreshed assignments/{assignment.name}/{name}: commit it", f"已更新 assignments/{assignment.name}/{name}，请提交")
        editions = release.release_notebook(assignment, out, wheel) if notebook else []
        for written in (done, *editions):
            say(f"wrote {written.archive} ({written.files} files)", f"已写入 {written.archive}（{written.files} 个文件）")
        if wheel is not None and assignment.private is not None:
            for bundle in (bundles.classroom50(assignment, out, wheel), bundles.gradescope(assignment, out, wheel)):
                say(f"wrote {bundle}", f"已写入 {bundle}")
    if wheel is None:
        say("no wheel: the kit's source is not here (it is installed)", "没有生成安装包：这里没有评分工具的源代码")
    else:
        say(f"wrote {wheel}", f"已写入 {wheel}")
        made = wheels.collect(wheel, out) if with_wheels else []
        if made:
            say(f"wrote {len(made)} wheels to {made[0].parent}", f"已在 {made[0].parent} 写入 {len(made)} 个 wheel")
    path = release.checksums(out)
    say(f"wrote {path}", f"已写入 {path}")
