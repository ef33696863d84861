"""One submission inside Gradescope's container: both suites, and ``results.json``."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.cli.speak import language, say

if TYPE_CHECKING:
    from grader.batch.engine import Setup
    from grader.batch.plan import Scheme
    from grader.model import Grade, Submission

TRIES = 2  # a judge that was lost once may have had bad luck


def grade_container(hw: str, home: Path) -> int:
    """Grade ``home/submission`` and write ``home/results/results.json``; return 0 when there is a result to show, a refusal's too.

    What cannot be graded by a fault of ours gets no score, so that nothing looks like a zero; why is told on stderr, for the staff.
    """
    from grader import export, manifest, pack, wall
    from grader.batch.engine import Setup
    from grader.batch.plan import Scheme
    from grader.phrases import grade_in
    from grader.seeds import suite_hash

    setup = Setup(manifest.find(hw, Path.cwd()), ("public", "hidden"), wall.probe())
    # The seeds' secret: nobody but the staff has the hidden suite, and what is derived from it need not be shipped.
    key = hashlib.sha256(f"gradescope {suite_hash(setup.assignment, setup.suites)}".encode()).digest()
    grade = _grade(Scheme.of(setup, key), home)
    record = export.gradescope(grade_in(grade, language()), language())
    pack.write(home / "results" / "results.json", json.dumps(record, ensure_ascii=True, indent=2).encode() + b"\n")
    say(f"{grade.status}: {grade.score:g} / {grade.max_score:g}", f"{grade.status}：{grade.score:g} / {grade.max_score:g}")
    if grade.message:
        say(grade.message, grade.message)
    return 0


def _grade(scheme: Scheme, home: Path) -> Grade:
    """Return the grade, or what stands for one: a refusal with its reason, or a fault."""
    from grader import intake
    from grader.errors import CourseError, GraderFault

    setup = scheme.setup
    student, instant = _who(home / "submission_metadata.json")
    say(f"wall: tier {setup.wall.tier} ({setup.wall.words})", f"隔离墙：第 {setup.wall.tier} 级（{setup.wall.words}）")
    if setup.wall.tier > 2:
        why = f"hidden checks do not run behind a wall of tier {setup.wall.tier}: {setup.wall.reason}"
        return scheme.ungraded(student, "", "fault", why)
    try:
        submission = intake.admit(home / "submission", setup.assignment, student, instant=instant)
    except intake.Rejected as error:
        return scheme.ungraded(student, "", "rejected", error.in_language(language()))
    try:
        return _by_a_judge(setup, scheme, submission)
    except (CourseError, GraderFault) as error:
        return scheme.ungraded(student, submission.digest, "fault", error.in_language(language()))


def _by_a_judge(setup: Setup, scheme: Scheme, submission: Submission) -> Grade:
    from grader.batch.engine import Job
    from grader.batch.local import LocalEngine

    engine = LocalEngine(setup, 1)
    why = ""
    try:
        for _ in range(TRIES):
            engine.submit(Job("gradescope", submission, scheme.seed(submission)))
            for result in engine.results():
                if result is not None and result.grade is not None:
                    return result.grade
                why = result.lost if result is not None else why
    finally:
        engine.close()
    return scheme.ungraded(submission.student, submission.digest, "fault", why)


def _who(metadata: Path) -> tuple[str, str]:
    """Return who handed in and when, as Gradescope's metadata say; where they say nothing, nobody and the files' own time."""
    try:
        record: Any = json.loads(metadata.read_text(encoding="utf-8"))
        emails = sorted(str(user["email"]) for user in record.get("users", ()))
        return "+".join(emails) or "student", str(record.get("created_at") or "")
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return "student", ""
