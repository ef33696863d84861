"""Her own program plays: once its public checks pass, behind the wall, against her log.

``python -m grader.play.machine NAME FOLDER PANEL`` runs in a process of its own, so that a program that hangs or floods is ended
with it and the page lives on. It writes one JSON value to stdout: ``{"ready": false, ...}`` with what is still open, or
``{"ready": true, ...}`` with what ``page.py`` made of it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grader.errors import CourseError, GraderFault
from grader.model import Assignment, Outcome

SECONDS = 30.0  # of her program's time for one game
PATIENCE = 180.0  # for the checks and the game together, on a slow machine


def play(assignment: Assignment, panel: str) -> dict[str, Any]:
    """Return what her program did on *panel*, from a process of its own. Raises CourseError or GraderFault."""
    command = [sys.executable, "-m", "grader.play.machine", assignment.name, str(assignment.folder), panel]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False, cwd=assignment.folder)
    except subprocess.TimeoutExpired:
        raise CourseError(f"your program did not end within {PATIENCE:g} s", zh=f"你的程序 {PATIENCE:g} 秒内没有结束") from None
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        last = (done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no message"])[-1]
        raise GraderFault(f"the game could not be run: {last}") from None
    if "error" in answer:
        raise CourseError(answer["error"]["en"], zh=answer["error"]["zh"])
    return dict(answer)


def run(assignment: Assignment, panel_name: str) -> dict[str, Any]:
    """Check the stages that the panel's machine names, then let her program play. Never raises for what her program did."""
    from grader import intake, judge, wall
    from grader.play import book
    from grader.student.process import mentioned, starter

    read = book.read(assignment.name, assignment.folder)
    panel = read.panel(panel_name)
    stages = tuple(panel["machine"]["stages"])
    submission = intake.admit(assignment.folder, assignment, "me")
    workers = starter(wall.probe(), assignment.packages, mentioned(assignment.packages, submission.files))

    def work(bench: judge.Bench) -> dict[str, Any]:
        grade = bench.grade(submission, 0, lambda check: check.stage in stages)
        open_ones = [verdict for verdict in grade.verdicts if verdict.outcome is not Outcome.PASS]
        if open_ones or not grade.verdicts:
            return _not_yet(assignment, stages, len(grade.verdicts) - len(open_ones), len(grade.verdicts))
        program = bench.program(submission.files)
        return _game(read, panel_name, workers, program, assignment)

    try:
        return judge.with_suite(assignment, ["public"], lambda: workers, work)
    finally:
        workers.close()


def _game(read: Any, panel: str, workers: Any, program: Any, assignment: Assignment) -> dict[str, Any]:
    from grader.student.errors import StudentError, WorkerGone
    from grader.student.line import Budget
    from grader.student.proxy import Student
    from grader.student.session import Session

    limits = assignment.limits
    worker = workers.start(program, Budget(seconds=SECONDS, memory=limits.memory, cap=limits.cap, output=limits.output))
    try:
        names = worker.names()
        played = {"ready": True, **read.page.machine(Student(Session(worker), names), panel)}
        json.dumps(played, allow_nan=False)
        return played
    except (StudentError, WorkerGone) as error:
        return {"ready": False, "why": {"en": f"Your program stopped: {error}", "zh": f"你的程序停下了：{error}"}}
    except (TypeError, ValueError, OverflowError):  # what came back was no number, or none that can be drawn
        return {"ready": False, "why": {"en": "Your program gave back what cannot be drawn.", "zh": "你的程序返回了画不出来的东西。"}}
    finally:
        worker.close()


def _not_yet(assignment: Assignment, stages: tuple[str, ...], passed: int, due: int) -> dict[str, Any]:
    titles: Mapping[str, Any] = {stage.name: stage for stage in assignment.stages}
    en = ", ".join(titles[name].title for name in stages if name in titles)
    zh = "、".join(titles[name].title_zh for name in stages if name in titles)
    return {
        "ready": False,
        "why": {
            "en": f"Your own code may play here once its checks pass ({en}): {passed} of {due} so far. Try: grade check {assignment.name}",
            "zh": f"等你的代码通过测试（{zh}），就能上场：目前 {passed}/{due}。试试：grade check {assignment.name}",
        },
    }


def main(arguments: list[str]) -> None:
    """Run a game and write its answer to stdout; what the game itself prints goes to stderr."""
    from grader import manifest

    name, folder, panel = arguments
    out, sys.stdout = sys.stdout, sys.stderr
    try:
        answer = run(manifest.find(name, Path(folder)), panel)
    except CourseError as error:
        answer = {"error": {"en": error.in_language("en"), "zh": error.in_language("zh")}}
    out.write(json.dumps(answer, ensure_ascii=True))


if __name__ == "__main__":
    main(sys.argv[1:])
