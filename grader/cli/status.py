"""``grade status``: all assignments, what is open, the best points, and the eurekas."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli import group, speak

if TYPE_CHECKING:
    from grader.journal import Journal
    from grader.model import Assignment

LATEST = 3  # eurekas shown for each assignment


@click.command(help="All assignments: what is open, my best points, my eurekas. / 各作业的进度、最好成绩和顿悟时刻。")
@click.option("--json", "as_json", is_flag=True, help="As JSON on stdout. / 以 JSON 输出。")
def command(as_json: bool) -> int:
    """Exit code 0."""
    from grader import manifest
    from grader.errors import CourseError

    names = manifest.names(Path.cwd())
    if not names:
        raise CourseError("no assignment here; go into the folder of a handout", zh="这里没有作业；请进入作业文件夹")
    rows = [_row(manifest.find(name, Path.cwd())) for name in names]
    if as_json:
        speak.emit([row for row, _ in rows])
        return group.PASSED
    for _, lines in rows:
        for line in lines:
            speak.out(line)
    return group.PASSED


def _row(assignment: Assignment) -> tuple[dict[str, object], list[str]]:
    """Return one assignment for a program and for a person."""
    from grader import journal, steps
    from grader.evidence import Evidence

    kept = journal.read(assignment.folder)
    public = {check for check in kept.seen if check.startswith("public/")}
    files = Evidence.of(assignment.folder, assignment.files).made()
    opened = steps.open_parts(assignment, files, bool(public) and public <= kept.passed)
    due = sum(stage.public for stage in assignment.stages)
    eurekas = kept.eurekas()
    record: dict[str, object] = {
        "assignment": assignment.name,
        "open": list(opened),
        "best": kept.best,
        "of": due,
        "checks_passed": len(public & kept.passed),
        "eurekas": [{"t": e.t, "check": e.check, "seconds_since": e.since} for e in eurekas],
        "journal_intact": kept.intact,
    }
    return record, _lines(assignment, kept, opened, due)


def _lines(assignment: Assignment, kept: Journal, opened: tuple[str, ...], due: float) -> list[str]:
    from grader import hints, steps

    title = speak.pick(assignment.title, assignment.title_zh)
    parts = speak.pick(", ", "、").join(speak.pick(*steps.TITLES[part]) for part in opened)
    lines = [
        f"{assignment.name}  {title}",
        speak.pick(f"  public points, best so far: {kept.best:g} / {due:g}", f"  公开测试最好成绩：{kept.best:g} / {due:g}"),
        speak.pick(f"  open: {parts}", f"  已打开：{parts}"),
    ]
    step = steps.next_step(assignment, opened)
    if step is not None:
        lines.append(speak.pick(f"  next: {step.en}", f"  下一步：{step.zh}"))
    eurekas = kept.eurekas()
    if eurekas:
        lines.append(speak.pick(f"  eurekas: {len(eurekas)}", f"  顿悟：{len(eurekas)} 次"))
        for eureka in eurekas[-LATEST:]:
            lines.append(f"    {eureka.t[:16].replace('T', ' ')}  {hints.name_of(eureka.check)}{_after(eureka.since)}")
    if not kept.intact:
        en = "the journal is damaged or was changed by hand; it does not count. The next check begins a new one and keeps this one"
        zh = "学习日志已损坏，或被手动改过，不予采用；下次检查会新建一份，这一份留作备份"
        lines.append(speak.pick(f"  {en}", f"  {zh}"))
    return lines


def _after(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes = round(seconds / 60)
    return speak.pick(f"  (after {minutes} min)", f"（隔了 {minutes} 分钟）")
