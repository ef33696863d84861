"""``grade ci``: the public suite on the repository that it runs in, told in the CI's own way."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli import group
from grader.cli.speak import language, say

if TYPE_CHECKING:
    from grader.model import Assignment, Grade

# What the runner of Classroom 50 sets for an autograder, by the name that the result gives it.
CLASSROOM50 = {
    "classroom": "CLASSROOM",
    "owner": "GITHUB_ACTOR",
    "submission": "SUBMISSION_TAG",
    "commit": "COMMIT_URL",
    "release": "RELEASE_URL",
    "review": "REVIEW_URL",
}


@click.command(help="Run the public checks in a CI: summary, annotations, JUnit. / 在 CI 中运行公开测试：摘要、标注、JUnit。")
@click.argument("hw", required=False)
@click.option(
    "--junit", type=click.Path(path_type=Path, dir_okay=False), default=Path("grade-junit.xml"), show_default=True,
    help="File for the JUnit report. / JUnit 报告的文件名。",
)  # fmt: skip
@click.option(
    "--classroom50",
    is_flag=True,
    help="Write result.json too; exit 0 says that grading ran. / 同时写出 result.json；退出码 0 表示评分已运行。",
)
@click.option(
    "--gradescope", type=click.Path(path_type=Path, file_okay=False), default=None,
    help="In Gradescope's container: both suites, for the submission in this folder (/autograder). / Gradescope 容器内：两套测试。",
)  # fmt: skip
def command(hw: str | None, junit: Path, classroom50: bool, gradescope: Path | None) -> int:
    """Exit code 0: all passed (with --classroom50 or --gradescope: grading ran); 1: checks failed."""
    from grader import export, manifest, practice

    if gradescope is not None:
        from grader.cli.gradescope import grade_container

        return grade_container(hw or "", gradescope)
    from grader.reports import ci

    assignments = [manifest.find(name, Path.cwd()) for name in ([hw] if hw else manifest.names(Path.cwd()))]
    _agree(assignments, classroom50)
    grades = [practice.check(assignment, practice.my_work(assignment)) for assignment in assignments]
    for assignment, grade in zip(assignments, grades, strict=True):
        say(f"{grade.assignment}: {grade.score:g} / {grade.max_score:g}", f"{grade.assignment}：{grade.score:g} / {grade.max_score:g}")
        if os.environ.get("GITHUB_ACTIONS") == "true":
            for line in _placed(ci.error_commands(grade, language()), assignment):
                click.echo(line)
    _write(junit, export.junit(grades))
    _summarise("".join(ci.summary(grade, language()) for grade in grades))
    if classroom50:
        _result(grades[0])
    return _code(grades, classroom50)


def _agree(assignments: list[Assignment], classroom50: bool) -> None:
    from grader.errors import CourseError

    if not assignments:
        raise CourseError("no assignment here: run in the unpacked handout", zh="这里没有作业：请在解压后的作业文件夹里运行")
    if classroom50 and len(assignments) > 1:
        names = ", ".join(assignment.name for assignment in assignments)
        raise CourseError(f"a Classroom 50 result is of one assignment, and here are {names}; name one: grade ci NAME --classroom50")


def _placed(lines: list[str], assignment: Assignment) -> list[str]:
    """Name files as the repository does: an annotation on another path shows nowhere."""
    folder = os.path.relpath(assignment.folder, os.environ.get("GITHUB_WORKSPACE") or Path.cwd()).replace(os.sep, "/")
    return lines if folder == "." else [line.replace("::error file=", f"::error file={folder}/", 1) for line in lines]


def _summarise(text: str) -> None:
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)


def _result(grade: Grade) -> None:
    import json
    import subprocess
    from datetime import UTC, datetime

    from grader import export

    context = {key: os.environ.get(name, "") for key, name in CLASSROOM50.items()}
    # the commit's own instant: a regrade of the same commit must not move it
    done = subprocess.run(["git", "show", "-s", "--format=%cI", "HEAD"], capture_output=True, text=True, check=False)
    handed_in = done.stdout.strip() or datetime.now(UTC).isoformat()
    record = export.classroom50(grade, context, handed_in, datetime.now(UTC).isoformat())
    record["assignment"] = os.environ.get("ASSIGNMENT") or record["assignment"]  # its short name there need not be ours
    _write(Path("result.json"), json.dumps(record, ensure_ascii=False, indent=2) + "\n")


def _write(path: Path, text: str) -> None:
    from grader import pack

    pack.write(path, text.encode())
    say(f"wrote {path}", f"已写入 {path}")


def _code(grades: list[Grade], classroom50: bool) -> int:
    from grader.model import Outcome

    if any(grade.status == "fault" for grade in grades):
        return group.OURS
    passed = all(grade.status == "graded" and all(v.outcome is Outcome.PASS for v in grade.verdicts) for grade in grades)
    return group.PASSED if passed or classroom50 else group.FAILED
