"""``grade check``: the public suite on my work, and what to look at first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from grader.cli import group, newer, speak

if TYPE_CHECKING:
    from grader.model import Assignment, Grade, Submission


class Door(Protocol):
    """Who judges where the command came in by ``grader/door``: this process, or one that waited."""

    def check(self, assignment: Assignment, submission: Submission, stage: str | None, lang: str) -> Grade: ...

    def done(self, assignment: Assignment) -> None: ...


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
    if watch:
        from grader.cli import watching

        newer.tell(assignment)
        return watching.watch(assignment, stage)
    submission = practice.my_work(assignment)
    door: Door | None = click.get_current_context().obj
    grade = (door or practice).check(assignment, submission, stage, speak.language())
    from grader.model import Outcome

    if as_json:
        from grader.reports import jsonform

        speak.emit(jsonform.to_json(grade, speak.language()))
    else:
        show(assignment, submission, grade)
    _note(assignment, grade)
    newer.tell(assignment)
    if grade.status == "fault":
        return group.OURS
    if door is not None:
        door.done(assignment)
    if all(verdict.outcome is Outcome.PASS for verdict in grade.verdicts):
        return group.PASSED
    if assignment.private is None and not any(verdict.question for verdict in grade.verdicts) and practice.is_changed(assignment):
        _tell_of_silence(assignment.name)
    return group.FAILED


def _note(assignment: Assignment, grade: Grade) -> None:
    """Write the run down; where that cannot be done, one line says so, and the result stands."""
    from grader import journal
    from grader.errors import CourseError

    if grade.status != "graded":
        return
    try:
        journal.record(assignment.folder, grade)
    except CourseError as error:
        speak.say(
            f"`grade status` will not know of this check. {error.in_language('en')}",
            f"`grade status` 里不会有这次检查。{error.in_language('zh')}",
        )


def _tell_of_silence(name: str) -> None:
    """Say why the tutor asks nothing, and what lets it speak again."""
    again = f"grade reset {name} --update {name}-student.zip"
    speak.say(
        f"tests/ or assignment.toml is not as it was handed out, so your mistakes are not recognised. Your work stays if you take the "
        f"handout's archive again: {again}",
        f"tests/ 或 assignment.toml 与发下来的不一样，所以认不出你的错误。重新取用作业包不会丢掉你的作业：{again}",
    )


def show(assignment: Assignment, submission: Submission, grade: Grade) -> None:
    """Print the grade, what the next hint costs, and what is open."""
    from grader.reports import text

    lang = speak.language()
    for line in text.lines(grade, lang, speak.verbose(), hidden_concepts(assignment.folder, lang)):
        speak.out(line)
    for line in (*_cost(assignment, grade), *_opened(assignment, submission, grade)):
        speak.out(line)


def hidden_concepts(folder: Path, lang: str) -> list[tuple[str, str]]:
    """Return stage and concept of the hidden checks, as the handout names them."""
    path = folder / ".kit" / "hidden.json"
    if not path.is_file():
        return []
    rows = json.loads(path.read_text(encoding="utf-8"))
    return [(str(row["stage"]), str(row["zh" if lang == "zh" else "en"])) for row in rows]


def _cost(assignment: Assignment, grade: Grade) -> list[str]:
    """Say what the next hint to the first failing check costs: no points, but it is written down."""
    from grader.model import Outcome

    failing = next((v for v in grade.verdicts if v.outcome in (Outcome.FAIL, Outcome.CRASH, Outcome.TIMEOUT)), None)
    if failing is None:
        return []
    from grader import hints, journal

    known = hints.load(assignment.folder)
    if f"{failing.stage}.{hints.name_of(failing.id)}" not in known:
        return []
    used = journal.read(assignment.folder).hints(hints.name_of(failing.id))
    if used >= hints.LEVELS:
        return ["", speak.pick("All hints to the first one are open: grade hint shows them again.", "第一个测试的提示已全部打开。")]
    en = f"The next hint to the first one is level {used + 1} of {hints.LEVELS}. It costs no points; that you opened it is written down."
    zh = f"第一个测试的下一条提示是第 {used + 1} 级（共 {hints.LEVELS} 级）。不扣分，但会记下你打开过它。"
    return ["", speak.pick(en, zh)]


def _opened(assignment: Assignment, submission: Submission, grade: Grade) -> list[str]:
    """Say what opens the next part; nothing where all is open."""
    from grader import steps
    from grader.evidence import Evidence
    from grader.model import Outcome

    done = all(verdict.outcome is Outcome.PASS for verdict in grade.verdicts)
    step = steps.next_step(assignment, steps.open_parts(assignment, Evidence(submission.files).made(), done))
    if step is None:
        return []
    part = speak.pick(*steps.TITLES[step.part])
    return [speak.pick(f"To open the part '{part}': {step.en}", f"要打开“{part}”：{step.zh}")]
