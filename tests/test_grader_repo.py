"""The private grader repository: what its workflow runs is what this file runs, step by step, on a real git server."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from batch_kit import HIDDEN, MANIFEST, PUBLIC, RIGHT
from cluster_kit import Cluster
from git_kit import git, serve
from test_release import plant

from grader import wall
from grader.errors import CourseError
from grader.gradebook import open_store
from grader.scaffold import grader_repo
from grader.wall.bubblewrap import cuda_devices

posix = pytest.mark.skipif(shutil.which("git") is None or os.name != "posix", reason="NOT RUN: needs git and a POSIX shell")
tiers = pytest.mark.skipif(wall.probe().tier > 2, reason="NOT RUN: no wall of tier 1 or 2 here")
ON_GPU = '''\
import pytest


@pytest.mark.stage("double", points=20, zh="在 GPU 上。")
def test_on_a_gpu(student, device):
    """Twice is twice on any device."""
    assert device == "cuda"
    assert student.double(4) == 8
'''
FILES = {
    "assignments/hw1/assignment.toml": MANIFEST + 'check."hidden/test_gpu.py::*" = { device = "cuda" }\n',
    "assignments/hw1/tests/test_double.py": PUBLIC,
    "solutions/hw1/double.py": RIGHT,
    "solutions/hw1/hidden/test_more.py": HIDDEN.replace("points=40", "points=30"),
    "solutions/hw1/hidden/test_gpu.py": ON_GPU,
    "solutions/hw1/hidden/__pycache__/x.pyc": "scratch",
    "course.toml": 'timezone = "UTC"\n[assignment.hw1]\ndeadline = "2026-10-01 12:00"\n',
}
DEADLINE = "2026-10-01T12:00:00+00:00"
WRONG = "def double(number):\n    return abs(number) * 2\n"
PEEK = """\
import os, pathlib


def double(number):
    seen = [os.environ.get("STUDENTS_TOKEN"), os.environ.get("HOME")]
    for path in ("~/.git-credentials", "roster.csv", ".grade/course.key", "state/grades.sqlite"):
        try:
            seen.append(pathlib.Path(path).expanduser().read_text())
        except Exception:
            pass
    return seen
"""


@pytest.fixture
def course(tmp_path: Path) -> Path:
    plant(tmp_path / "course", FILES)
    return tmp_path / "course"


def test_it_holds_the_course_the_kit_and_its_rules(course, kit, tmp_path):
    """And nothing that tools left behind."""
    grader_repo(tmp_path / "grader", course, kit)
    found = {path.relative_to(tmp_path / "grader").as_posix() for path in (tmp_path / "grader").rglob("*") if path.is_file()}
    ours = {name for name in FILES if "__pycache__" not in name}
    scripts = {f"ci/{name}.sh" for name in ("collect", "gradebook", "install", "publish", "token")}
    assert found == ours | scripts | {".github/workflows/grade.yml", ".gitignore", "README.md", "roster.csv", f"kit/{kit.name}"}


def test_a_second_time_it_brings_the_course_up_to_date_and_leaves_the_rest(course, kit, tmp_path):
    """A changed suite arrives, a file that is gone goes; roster, rules and workflow are the staff's own by now."""
    grader_repo(tmp_path / "grader", course, kit)
    mine = {"roster.csv": "id,repo\nann,x\n", ".github/workflows/grade.yml": "mine\n", "course.toml": "mine\n"}
    plant(tmp_path / "grader", mine)
    (course / "solutions/hw1/hidden/test_gpu.py").unlink()
    plant(course, {"solutions/hw1/hidden/test_new.py": HIDDEN})
    assert grader_repo(tmp_path / "grader", course, kit) == []
    assert {name: (tmp_path / "grader" / name).read_text() for name in mine} == mine
    hidden = tmp_path / "grader/solutions/hw1/hidden"
    assert {path.name for path in hidden.iterdir()} == {"test_more.py", "test_new.py"}


@pytest.mark.parametrize(
    ("place", "says"), [("course/solutions/x", "inside the course"), ("course", "inside the course"), ("full", "not empty")]
)
def test_a_place_that_cannot_be_is_refused(course, kit, tmp_path, place, says):
    plant(tmp_path / "full", {"thesis.txt": "years of work"})
    with pytest.raises(CourseError, match=says):
        grader_repo(tmp_path / place, course, kit)
    assert (tmp_path / "full/thesis.txt").read_text() == "years of work"


def test_the_command_says_what_comes_next(course, tmp_path):
    command = [sys.executable, "-m", "grader.cli", "--lang", "en", "new", "--grader-repo"]
    done = subprocess.run(command, cwd=course, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "PRIVATE" in done.stderr
    assert (tmp_path / "grader/README.md").is_file()


def test_the_gpu_s_job_comes_second_and_takes_what_waits_alone(course, kit, tmp_path):
    """On a runner of the staff's own; no step of any job names a secret in its command."""
    grader_repo(tmp_path / "grader", course, kit)
    jobs = workflow(tmp_path / "grader")["jobs"]
    assert list(jobs) == ["cpu", "gpu"]
    assert (jobs["gpu"]["needs"], jobs["gpu"]["runs-on"]) == ("cpu", ["self-hosted", "gpu"])
    runs = {name: [step["run"] for step in job["steps"] if "run" in step] for name, job in jobs.items()}
    assert [run for run in runs["gpu"] if "grade run" in run] == ['grade run "$HOMEWORK" --pending --store state/grades.sqlite']
    assert not [run for found in runs.values() for run in found if "${{" in run]


def workflow(folder: Path) -> dict[str, Any]:
    return yaml.safe_load((folder / ".github/workflows/grade.yml").read_text(encoding="utf-8"))


class Runner:
    """A CI's runner: a home, a Python with the kit's dependencies in it (no network), and the variables that the CI would set."""

    def __init__(self, folder: Path, origin: str, variables: dict[str, str], **own: str) -> None:
        self.folder = folder
        self._origin = origin
        self._values = variables
        environment = folder / "environment"
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
        self.site = next(environment.glob("lib/python*/site-packages"))
        (self.site / "others.pth").write_text(f"{sysconfig.get_paths()['purelib']}\n")
        (folder / "home").mkdir()
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "GRADE_", "GIT_"))}
        self._variables = clean | {
            "PATH": f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder / "home"), "PIP_NO_INDEX": "1",
            "CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://git.invalid", "GRADE_LANG": "en", **own,
        }  # fmt: skip

    def job(self, name: str) -> list[subprocess.CompletedProcess[str]]:
        """Check out, and run the job's ``run:`` steps in order, as they stand; after a failure only those that run always."""
        checkout = self.folder / "checkout"
        shutil.rmtree(checkout, ignore_errors=True)
        subprocess.run(["git", "clone", "--quiet", self._origin, str(checkout)], check=True)
        flow = workflow(checkout)
        self.log: list[subprocess.CompletedProcess[str]] = []
        for step in flow["jobs"][name]["steps"]:
            failed = any(done.returncode for done in self.log)
            if "run" not in step or (failed and step.get("if") != "always()"):
                continue
            variables = self._resolved(flow["env"]) | self._resolved(step.get("env", {}))
            env = self._variables | {"GITHUB_WORKSPACE": str(checkout)} | variables
            command = ["sh", "-e", "-c", step["run"]]
            self.log.append(subprocess.run(command, cwd=checkout, env=env, capture_output=True, text=True, check=False))
        return self.log

    def _resolved(self, env: dict[str, str]) -> dict[str, str]:
        """Fill in what GitHub's expressions stand for: the first name that has a value, else nothing."""

        def value(match: re.Match[str]) -> str:
            return next((self._values[name.strip()] for name in match[1].split("||") if self._values.get(name.strip())), "")

        return {key: re.sub(r"\$\{\{(.*?)\}\}", value, text) for key, text in env.items()}

    def store(self) -> dict[str, tuple[float, int, int]]:
        """Return what the gradebook on the branch says: student -> (score, attempt, checks that wait)."""
        state = self.folder / "look"
        shutil.rmtree(state, ignore_errors=True)
        subprocess.run(["git", "clone", "--quiet", "--branch", "gradebook", self._origin, str(state)], check=True)
        with open_store(state / "grades.sqlite") as book:
            return {s.student: (s.score, s.number, s.pending) for s in book.summaries("hw1")}


@pytest.fixture
def origin(course: Path, kit: Path, tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A git server with the grader repository and three students' repositories: (folder, URL prefix)."""
    base = tmp_path / "server"
    base.mkdir()
    server = serve(base)
    _, url = next(server)
    for name, program in {"ann": RIGHT, "bo": WRONG, "cy": PEEK}.items():
        pushed(base, tmp_path / "work" / name, f"{name}.git", {"double.py": program})
    grader_repo(tmp_path / "grader", course, kit)
    rows = "".join(f"{name},{name.title()},,{url}/{name}.git\n" for name in ("ann", "bo", "cy", "gone"))
    plant(tmp_path / "grader", {"roster.csv": "id,name,email,repo\n" + rows})
    pushed(base, tmp_path / "grader", "grader.git")
    yield base, url
    next(server, None)


def pushed(base: Path, work: Path, name: str, files: dict[str, str] | None = None) -> None:
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(base / name)], check=True)
    plant(work, files or {})
    git(work, "init", "--quiet", "-b", "main")
    git(work, "add", "-A")
    git(work, "commit", "--quiet", "-m", "work", when=dt.datetime(2026, 9, 30, tzinfo=dt.UTC))
    git(work, "push", "--quiet", str(base / name), "main")


def told(steps: list[subprocess.CompletedProcess[str]]) -> str:
    return "\n".join(f"$ {done.args[-1]} -> {done.returncode}\n{done.stdout}{done.stderr}" for done in steps)


@contextlib.contextmanager
def gpu_worker(log: Path) -> Iterator[str]:
    """A cluster of one worker that is labelled with a GPU, whatever this machine has; yield the engine's address."""
    cluster = Cluster(log)
    try:
        cluster.start_worker(gpu=True)
        yield cluster.address
    finally:
        cluster.close()


@posix
@tiers
def test_from_a_push_to_feedback_and_then_the_gpu(origin, tmp_path):
    """Two jobs on two runners, the steps as they ship: graded once, gradebook kept, pages pushed, PENDING completed."""
    base, url = origin
    values = {"inputs.homework": "hw1", "inputs.deadline": DEADLINE, "vars.PUSH_FEEDBACK": "true", "secrets.STUDENTS_TOKEN": "t0ken"}
    (tmp_path / "cpu").mkdir()
    cpu = Runner(tmp_path / "cpu", f"{url}/grader.git", values)
    steps = cpu.job("cpu")
    assert [done.returncode for done in steps] == [0] * len(steps), told(steps)
    assert len(steps) == 7
    assert (cpu.site / "grader/cli/__init__.py").is_file(), "the kit that ran is the repository's"
    assert re.search(r"wall: tier [12] ", told(steps))
    assert "gone: nothing" in told(steps)
    assert cpu.store() == {"ann": (80.0, 1, 1), "bo": (50.0, 1, 1), "cy": (0.0, 1, 1)}
    for name in ("ann", "bo"):
        page = git(base / f"{name}.git", "show", "feedback-hw1:hw1.html")
        assert "Twice a number below zero" in page
    assert not (tmp_path / "cpu/home/.git-credentials").exists()
    assert "t0ken" not in told(steps)
    everything = "".join(path.read_text() for path in (cpu.folder / "checkout/feedback").rglob("*.html"))
    assert "t0ken" not in everything
    before = git(base / "ann.git", "rev-parse", "feedback-hw1")

    again = cpu.job("cpu")
    assert [done.returncode for done in again] == [0] * 7, told(again)
    assert "3 unchanged" in told(again)
    assert cpu.store() == {"ann": (80.0, 1, 1), "bo": (50.0, 1, 1), "cy": (0.0, 1, 1)}

    for name in ("gpu", "gpu2"):
        (tmp_path / name).mkdir()
    gpu = Runner(tmp_path / "gpu", f"{url}/grader.git", values, GRADE_RUN_DEVICE="cuda")
    if not cuda_devices():
        refused = gpu.job("gpu")
        assert "no CUDA device can be used behind the wall" in told(refused)
        assert gpu.store() == {"ann": (80.0, 1, 1), "bo": (50.0, 1, 1), "cy": (0.0, 1, 1)}
    with gpu_worker(tmp_path / "cluster.log") as address:
        gpu = Runner(tmp_path / "gpu2", f"{url}/grader.git", values, GRADE_RUN_ENGINE=address)
        last = gpu.job("gpu")
        assert [done.returncode for done in last] == [0] * 6, told(last)
        assert "no check waits" in told(gpu.job("gpu"))
    assert gpu.store() == {"ann": (100.0, 1, 0), "bo": (70.0, 1, 0), "cy": (0.0, 1, 0)}
    assert git(base / "ann.git", "rev-parse", "feedback-hw1") != before


@posix
def test_behind_a_wall_below_tier_2_nothing_is_graded(origin, tmp_path):
    """The step says why and ends the job; nothing is stored and nothing is published."""
    _, url = origin
    (tmp_path / "cpu").mkdir()
    runner = Runner(tmp_path / "cpu", f"{url}/grader.git", {"inputs.homework": "hw1", "inputs.deadline": DEADLINE}, GRADE_TIER="3")
    steps = runner.job("cpu")
    assert [done.args[-1].split()[:2] for done in steps if done.returncode] == [["grade", "run"]], told(steps)
    assert "hidden checks do not run behind a wall of tier 3" in told(steps)
    assert runner.store() == {}


@posix
def test_two_that_write_at_once_lose_nothing(origin, tmp_path):
    """A gradebook that somebody else replaced meanwhile is not overwritten: the second writer is refused."""
    _, url = origin
    places = [tmp_path / "a", tmp_path / "b"]
    for place in places:
        subprocess.run(["git", "clone", "--quiet", f"{url}/grader.git", str(place)], check=True)
        subprocess.run(["sh", "ci/gradebook.sh", "get"], cwd=place, check=True)
        (place / "state/grades.sqlite").write_text(place.name)
    codes = [subprocess.run(["sh", "ci/gradebook.sh", "put"], cwd=place, capture_output=True, check=False).returncode for place in places]
    assert codes[0] == 0
    assert codes[1] != 0
    subprocess.run(["sh", "ci/gradebook.sh", "get"], cwd=places[1], check=True)
    assert (places[1] / "state/grades.sqlite").read_text() == "a"
