"""``grade check``: the public suite on my work, and what to look at first."""

from __future__ import annotations

import json
from pathlib import Path

import click

from grader.cli import group, speak


@click.command(help="Run the public checks on my work. / 用公开测试检查我的作业。")
@click.argument("homework", metavar="HW")
@click.argument("stage", required=False)
@click.option("--json", "as_json", is_flag=True, help="The grade as JSON on stdout. / 以 JSON 输出成绩。")
@click.option("--pdb", is_flag=True, help="Run in this process and stop in the debugger. / 在本进程中运行并进入调试器。")
@click.option("--watch", is_flag=True, help="Check again whenever I save. / 每次保存后重新检查。")
def command(homework: str, stage: str | None, as_json: bool, pdb: bool, watch: bool) -> int:
    """Exit code 0: all passed; 1: checks failed."""
    from grader import manifest, practice

    assignment = manifest.find(homework, Path.cwd())
    if pdb:
        import subprocess

        return subprocess.call(practice.pdb_command(assignment, assignment.folder, stage))
    submission = practice.my_work(assignment)
    grade = practice.check(assignment, submission, stage)
    from grader.model import Outcome

    if as_json:
        from grader.reports import jsonform

        speak.emit(jsonform.to_json(grade, speak.language()))
    else:
        from grader.reports import text

        for line in text.lines(grade, speak.language(), speak.verbose(), _hidden(assignment.folder, speak.language())):
            click.echo(line)
    if grade.status == "fault":
        return group.OURS
    return group.PASSED if all(verdict.outcome is Outcome.PASS for verdict in grade.verdicts) else group.FAILED


def _hidden(folder: Path, lang: str) -> list[str]:
    """Return the concepts of the hidden checks, as the handout names them."""
    path = folder / ".kit" / "hidden.json"
    if not path.is_file():
        return []
    rows = json.loads(path.read_text(encoding="utf-8"))
    return [str(row["zh" if lang == "zh" else "en"]) for row in rows]
