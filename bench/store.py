"""A term's gradebook: ten thousand attempts of a thousand students, and how long the commands that read it take."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from bench import kit, measure, suite, work
from bench.measure import Contender, Row

FORMS = ("csv", "canvas", "moodle", "gradescope", "classroom50", "junit")
RULES = f"""\
timezone = "Europe/London"
grace_days = 3
late = {{ kind = "per_day", percent = 10 }}
assignment.{work.HOMEWORK} = {{ deadline = 2026-10-08T23:59:00 }}
"""


def rows(students: int, attempts: int, repeats: int) -> list[Row]:
    """Return report, export in every form, and status, in a course with such a store."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        home = suite.course(folder)
        fill(home / "grades.sqlite", students, attempts)
        (home / "course.toml").write_text(RULES, encoding="utf-8")
        theirs = home / "canvas.csv"
        theirs.write_text(_canvas(students), encoding="utf-8")
        commands = {  # every form writes a file, or a folder of files
            "grade report (text)": work.grade("report", work.HOMEWORK),
            "grade report --out (page)": work.grade("report", work.HOMEWORK, "--out", str(folder / "class.html")),
            "grade status": work.grade("status"),
        }
        for form in FORMS:
            more = {"canvas": ["--table", str(theirs)], "classroom50": ["--classroom", "bench"]}.get(form, [])
            commands[f"grade export --to {form}"] = work.grade(
                "export", work.HOMEWORK, "--to", form, "--out", str(folder / "exports" / form), *more
            )
        env = measure.environment(**kit.KEY)
        return measure.interleaved({name: Contender(command, home, env, measure.nothing) for name, command in commands.items()}, repeats)


def fill(store: Path, students: int, attempts: int) -> None:
    """Append *attempts* attempts of *students* students, all of one homework (the hardest case), each with 37 checks."""
    from grader.gradebook import open_store
    from grader.roster import Person

    draw = random.Random(7)
    with open_store(store) as book:
        book.import_roster(Person(f"s{n:04d}", f"Student {n}", f"s{n:04d}@school.example", "") for n in range(students))
        for number in range(attempts):
            student = f"s{number % students:04d}"
            book.append(_grade(student, number, draw), handed_in=f"2026-10-{1 + number // students % 28:02d}T12:00:00+00:00")


def _grade(student: str, number: int, draw: random.Random) -> object:
    from grader.model import Grade, Outcome, Verdict

    verdicts = []
    for check in range(37):
        passed = draw.random() < 0.8
        verdicts.append(
            Verdict(
                id=f"hidden/test_part{check // 8}.py::test_{check}",
                stage=f"stage{check // 8}",
                concept=f"What check number {check} is about.",
                concept_zh=f"第 {check} 个测试讲的是什么。",
                outcome=Outcome.PASS if passed else Outcome.FAIL,
                points=2.7 if passed else 0.0,
                max_points=2.7,
                seconds=0.01,
                message="" if passed else "c = a + b: a.grad: got 0.0, should be 1",
                misconception=None if passed or draw.random() < 0.5 else f"mistake-{draw.randrange(12)}",
            )
        )
    return Grade(
        assignment=work.HOMEWORK,
        student=student,
        submission=f"sha256:{number:064x}",
        suites=("public", "hidden"),
        suite_hash="bench",
        status="graded",
        tier=1,
        device="cpu",
        seed=number % 8,
        verdicts=tuple(verdicts),
        seconds=0.4,
        versions={"grade": "0", "python": "3"},
    )


def _canvas(students: int) -> str:
    head = f"Student,ID,SIS User ID,SIS Login ID,Section,{work.HOMEWORK} (7)\n    Points Possible,,,,,100\n"
    return head + "".join(f"Student {n},{n},s{n:04d},s{n:04d},A,\n" for n in range(students))
