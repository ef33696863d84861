"""What instructors would pick instead, each set up the way its own documentation shows, on the same checks and the same programs.

Setting up (environments, releases, bundles, copies of the submissions) is done beforehand and never measured; that favours the peers.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import forms, suite, venvs, work
from bench.measure import Contender

WORKERS = 2
POOL = Path(__file__).with_name("pool.py")


@dataclass(frozen=True, slots=True)
class Stand:
    """A peer set up for some submissions: a command for each, how to undo a run, and the scores of the last one by student."""

    commands: Sequence[tuple[list[str], Path]]
    env: Mapping[str, str]
    clean: Callable[[], None]
    scores: Callable[[], dict[str, float]]

    def one(self) -> Contender:
        """Return the contender that grades the only submission."""
        (command, cwd), *more = self.commands
        assert not more, "one submission, one command"
        return Contender(command, cwd, self.env, self.clean)

    def many(self, folder: Path, submissions: int) -> Contender:
        """Return the contender that grades all submissions, two commands at a time."""
        jobs = folder / "jobs.json"
        jobs.write_text(json.dumps([{"command": command, "cwd": str(cwd)} for command, cwd in self.commands]), encoding="utf-8")
        return Contender([sys.executable, str(POOL), str(WORKERS), str(jobs)], folder, self.env, self.clean, submissions)


Setup = Callable[[Path, Mapping[str, str], bool], Stand]


def bare_pytest(folder: Path, programs: Mapping[str, str], torch: bool) -> Stand:
    """Plain pytest in the kit's own environment: the suite as it is, and a conftest that imports the program."""
    tests = folder / "tests"
    shutil.copytree(suite.TESTS, tests, ignore=shutil.ignore_patterns("__pycache__"))
    (tests / "conftest.py").write_text(forms.CONFTEST, encoding="utf-8")
    homes = _homes(folder, programs)
    options = ["-q", "-p", "no:cacheprovider", "-c", "/dev/null", f"--rootdir={tests}", "--junitxml=results.xml", str(tests)]
    commands = [([work.PYTHON, "-m", "pytest", *options], home) for home in homes.values()]
    env = {**venvs.plain(), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}

    def score(home: Path) -> float:
        cases = ET.parse(home / "results.xml").getroot().iter("testcase")
        return _worth(str(case.get("name")) for case in cases if not len(case))

    return Stand(commands, env, lambda: _remove(homes, "results.xml"), lambda: {name: score(home) for name, home in homes.items()})


def gradescope(folder: Path, programs: Mapping[str, str], torch: bool) -> Stand:
    """gradescope-utils: unittest cases with weights, ``python run_tests.py`` in the autograder's folder."""
    homes = _homes(folder, programs)
    for home in homes.values():
        suite.bodies(home)
        (home / "tests").mkdir()
        (home / "tests" / "__init__.py").touch()
        (home / "tests" / "test_all.py").write_text(forms.unittests(), encoding="utf-8")
        (home / "run_tests.py").write_text(forms.RUN_TESTS, encoding="utf-8")
    python = str(venvs.python("gradescope-utils"))
    commands = [([python, "run_tests.py"], home) for home in homes.values()]

    def scores() -> dict[str, float]:
        return {name: round(_json(home / "results.json")["score"], 6) for name, home in homes.items()}

    return Stand(
        commands, venvs.environment("gradescope-utils", folder / "home", torch=torch), lambda: _remove(homes, "results.json"), scores
    )


def check50(folder: Path, programs: Mapping[str, str], torch: bool) -> Stand:
    """check50 in developer's mode: one function a check, each in a process of its pool."""
    checks = folder / "checks"
    suite.bodies(checks)
    (checks / ".cs50.yaml").write_text("check50: true\n", encoding="utf-8")
    (checks / "__init__.py").write_text(forms.check50(), encoding="utf-8")
    homes = _homes(folder / "work", programs)
    python = str(venvs.python("check50"))
    command = [python, "-m", "check50", "--dev", "--output", "json", "--output-file"]
    commands = [([*command, str(folder / f"{name}.json"), str(checks)], home) for name, home in homes.items()]

    def scores() -> dict[str, float]:
        found = {name: _json(folder / f"{name}.json")["results"] for name in homes}
        return {name: _worth(result["name"] for result in results if result["passed"]) for name, results in found.items()}

    def clean() -> None:
        for name in homes:
            (folder / f"{name}.json").unlink(missing_ok=True)

    return Stand(commands, venvs.environment("check50", folder / "home", torch=torch), clean, scores)


def otter(folder: Path, programs: Mapping[str, str], torch: bool) -> Stand:
    """``otter run`` with the bundle that ``otter generate`` makes; one test file a check."""
    tests = folder / "tests"
    tests.mkdir(parents=True)
    for name, points in suite.points().items():
        (tests / f"{name}.py").write_text(forms.otter_test(name, points), encoding="utf-8")
    suite.bodies(folder)
    env = venvs.environment("otter-grader", folder / "home", torch=torch)
    program = [str(venvs.python("otter-grader")), "-m", "otter"]
    files = [str(path.relative_to(folder)) for path in sorted((folder / "bodies").iterdir())]
    _do([*program, "generate", "-t", "tests", "-o", "autograder.zip", "--no-config", "--no-requirements", *files], folder, env)
    commands = []
    for name, text in programs.items():
        home = folder / "work" / name
        home.mkdir(parents=True)
        (home / f"{work.HOMEWORK}.ipynb").write_text(json.dumps(forms.plain_notebook(text)), encoding="utf-8")
        run = [*program, "run", "-a", str(folder / "autograder.zip"), "-o", str(home), "--no-logo", f"{work.HOMEWORK}.ipynb"]
        commands.append((run, home))

    def scores() -> dict[str, float]:
        found = {name: _json(folder / "work" / name / "results.json")["tests"] for name in programs}
        return {name: round(sum(test.get("score", 0) for test in tests), 6) for name, tests in found.items()}

    homes = {name: folder / "work" / name for name in programs}
    return Stand(commands, env, lambda: _remove(homes, "results.json"), scores)


def nbgrader(folder: Path, programs: Mapping[str, str], torch: bool) -> Stand:
    """``nbgrader autograde``: one autograded cell a check. It grades one submission after another, so two courses share the class."""
    env = venvs.environment("nbgrader", folder / "home", torch=torch)
    program = [str(venvs.python("nbgrader")), "-m", "nbgrader"]
    halves = [dict(list(programs.items())[half::WORKERS]) for half in range(min(WORKERS, len(programs)))]
    courses = []
    for number, half in enumerate(halves):
        course = folder / f"course{number}"
        source = course / "source" / work.HOMEWORK
        suite.bodies(source)
        (source / f"{work.HOMEWORK}.ipynb").write_text(json.dumps(forms.nbgrader_notebook(work.starter())), encoding="utf-8")
        (course / "nbgrader_config.py").write_text("c = get_config()\n", encoding="utf-8")
        _do([*program, "generate_assignment", work.HOMEWORK, "--create"], course, env)
        for name, text in half.items():
            made = course / "submitted" / name / work.HOMEWORK
            made.mkdir(parents=True)
            released = _json(course / "release" / work.HOMEWORK / f"{work.HOMEWORK}.ipynb")
            released["cells"][0]["source"] = text
            (made / f"{work.HOMEWORK}.ipynb").write_text(json.dumps(released), encoding="utf-8")
        shutil.copy(course / "gradebook.db", course / "fresh.db")
        courses.append(course)
    commands = [([*program, "autograde", work.HOMEWORK, "--create"], course) for course in courses]

    def clean() -> None:
        for course in courses:
            shutil.rmtree(course / "autograded", ignore_errors=True)
            shutil.copy(course / "fresh.db", course / "gradebook.db")

    return Stand(commands, env, clean, lambda: {name: score for course in courses for name, score in _nbgrader_scores(course).items()})


PEERS: dict[str, Setup] = {
    "bare pytest": bare_pytest,
    "gradescope-utils": gradescope,
    "check50 --dev": check50,
    "otter run": otter,
    "nbgrader autograde": nbgrader,
}
VERSIONS = ("gradescope-utils", "check50", "otter-grader", "nbgrader")


def _homes(folder: Path, programs: Mapping[str, str]) -> dict[str, Path]:
    homes = {}
    for name, text in programs.items():
        homes[name] = folder / name
        homes[name].mkdir(parents=True)
        (homes[name] / f"{work.MODULE}.py").write_text(text, encoding="utf-8")
    return homes


def _worth(passed: Any) -> float:
    points = suite.points()
    return round(sum(points[name] for name in passed), 6)


def _remove(homes: Mapping[str, Path], name: str) -> None:
    for home in homes.values():
        (home / name).unlink(missing_ok=True)


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _do(command: list[str], cwd: Path, env: Mapping[str, str]) -> None:
    done = subprocess.run(command, cwd=cwd, env=dict(env), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"bench: {' '.join(command[2:5])} failed:\n{done.stdout[-1000:]}{done.stderr[-1000:]}")


def _nbgrader_scores(course: Path) -> dict[str, float]:
    with sqlite3.connect(course / "gradebook.db") as book:
        rows = book.execute(
            "select submitted_assignment.student_id, sum(grade.auto_score) from grade "
            "join submitted_notebook on submitted_notebook.id = grade.notebook_id "
            "join submitted_assignment on submitted_assignment.id = submitted_notebook.assignment_id group by 1"
        ).fetchall()
    return {student: round(score, 6) for student, score in rows}
