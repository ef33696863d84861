"""``grade hint``: the next level of hint to a check; opening one is written down, and costs no points."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli import group, speak

if TYPE_CHECKING:
    from grader.hints import Hint
    from grader.model import Assignment


@click.command(help="Open the next hint to a check (the first that fails). / 打开一个测试的下一条提示（默认第一个没通过的）。")
@click.argument("homework", metavar="HW")
@click.argument("check", required=False)
def command(homework: str, check: str | None) -> int:
    """Exit code 0: a hint was shown."""
    from grader import hints, manifest, steps

    assignment = manifest.find(homework, Path.cwd())
    known = hints.load(assignment.folder)
    stage, name = _chosen(assignment, known, check)
    steps.demand(assignment, stage, parts_open(assignment))
    speak.out(speak.pick(f"{stage}: {name}", f"{stage}：{name}"))
    for hint in open_next(assignment, hints.find(known, stage, name), name):
        speak.out(text(hint))
    return group.PASSED


def text(hint: Hint) -> str:
    """Return one level as a line."""
    from grader import hints

    return speak.pick(f"  [{hint.level} of {hints.LEVELS}] {hint.en}", f"  [{hint.level}/{hints.LEVELS}] {hint.zh}")


def open_next(assignment: Assignment, levels: tuple[Hint, ...], name: str) -> tuple[Hint, ...]:
    """Open one more level if there is one, write that down, and return all open levels."""
    from grader import journal

    used = journal.read(assignment.folder).hints(name)
    if used < len(levels):
        journal.opened(assignment.folder, name, used + 1)
    return levels[: used + 1]


def _chosen(assignment: Assignment, known: dict[str, tuple[Hint, ...]], check: str | None) -> tuple[str, str]:
    """Return (stage, check's own name): the named one, or the first public check that did not pass when it was last run."""
    from grader import hints
    from grader.errors import CourseError, near

    names = {key.partition(".")[2]: key.partition(".")[0] for key in known}
    if check is None:
        check = _first_failing(assignment, names)
    name = hints.name_of(check)
    if name not in names:
        hint, zh = near(name, names)
        raise CourseError(f"{assignment.name} has no hint for {check!r}{hint}", zh=f"{assignment.name} 没有 {check!r} 的提示{zh}")
    return names[name], name


def _first_failing(assignment: Assignment, names: dict[str, str]) -> str:
    from grader import hints, journal
    from grader.errors import CourseError

    kept = journal.read(assignment.folder)
    failing = {hints.name_of(check) for check in kept.seen - kept.passed}
    found = next((name for name in names if name in failing), None)
    if found is None:
        raise CourseError(
            f"no failing check is known; run grade check {assignment.name} first, or name one: grade hint {assignment.name} CHECK",
            zh=f"没有已知的未通过测试；先运行 grade check {assignment.name}，或者指定一个：grade hint {assignment.name} CHECK",
        )
    return found


def parts_open(assignment: Assignment) -> tuple[str, ...]:
    from grader import journal, steps
    from grader.evidence import Evidence

    kept = journal.read(assignment.folder)
    files = Evidence.of(assignment.folder, assignment.files).made()
    public = {check for check in kept.seen if check.startswith("public/")}
    return steps.open_parts(assignment, files, bool(public) and public <= kept.passed)
