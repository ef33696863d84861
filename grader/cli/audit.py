"""``grade audit``: prove each assignment sound."""

from __future__ import annotations

from pathlib import Path

import click

from grader.cli import group, speak


@click.command(help="Prove each assignment sound, and write what the tutor knows. / 证明每份作业都可靠，并记录导师所知的错误。")
@click.argument("homework", metavar="[HW]...", nargs=-1)
@click.option("--full", is_flag=True, help="Run everything, also what has not changed. / 全部重新运行。")
@click.option("--workers", type=click.IntRange(1), help="Processes to use (default: one for each core). / 进程数（默认每核一个）。")
def command(homework: tuple[str, ...], full: bool, workers: int | None) -> int:
    """Exit code 0: all are sound; 1: something is not."""
    from grader import audit, manifest

    names = homework or tuple(manifest.names(Path.cwd()))
    sound = True
    for name in names:
        report = audit.audit(manifest.find(name, Path.cwd()), full=full, workers=workers, say=lambda text: speak.say(text, text))
        sound = sound and report.sound
        if report.skipped:
            click.echo(speak.pick(f"{name}: unchanged since it was last proved sound", f"{name}：自上次证明可靠以来没有变化"))
        elif report.sound:
            click.echo(speak.pick(f"{name}: sound ({report.runs} runs)", f"{name}：可靠（运行 {report.runs} 次）"))
        else:
            click.echo(speak.pick(f"{name}: not sound", f"{name}：不可靠"))
            for program, what in dict.fromkeys((finding.program, finding.what) for finding in report.findings):
                click.echo(f"  {program}: {what}")
    return group.PASSED if sound else group.FAILED
