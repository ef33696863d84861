"""The autograders for other people's machines: what ships is what ran, in a tree like theirs, without a network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import jsonschema
import pytest

from grader import bundles, handout, manifest, marks, wall
from grader.scaffold import scaffold

COURSE = Path(__file__).parent.parent
SCHEMAS = Path(__file__).parent / "schemas"
METADATA = {"created_at": "2026-03-01T12:00:00.000000+01:00", "users": [{"id": 1, "email": "ada@example.invalid", "name": "Ada"}]}
RUNNER = {
    "CLASSROOM": "nn", "ASSIGNMENT": "first-steps", "GITHUB_ACTOR": "ada", "SUBMISSION_TAG": "submit/x", "COMMIT_URL": "https://c.invalid",
    "RELEASE_URL": "https://r.invalid",
}  # fmt: skip
tiers = pytest.mark.skipif(wall.probe().tier > 2, reason="NOT RUN: no wall of tier 1 or 2 here")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("course")
    scaffold("hw5", "fit", home)
    text = home / "assignments" / "hw5" / "assignment.toml"
    text.write_text("\ufeff" + text.read_text(encoding="utf-8"), encoding="utf-8")  # as Notepad saves it
    return home


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory, kit: Path, course: Path) -> Path:
    """A tree like Gradescope's, after ``setup.sh`` ran in it as it ships, offline."""
    home = tmp_path_factory.mktemp("gradescope") / "autograder"
    archive = bundles.gradescope(manifest.find("hw5", course), kit.parent, kit)
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(home / "source")
        for info in packed.infolist():
            (home / "source" / info.filename).chmod(info.external_attr >> 16)
    for name in ("setup.sh", "run_autograder"):
        assert os.access(home / "source" / name, os.X_OK), "Gradescope runs them"
        shutil.copy2(home / "source" / name, home / name)
    (home / "submission_metadata.json").write_text(json.dumps(METADATA), encoding="utf-8")
    done = inside(home, "setup.sh", PIP_NO_INDEX="1", PIP_FIND_LINKS=str(kit.parent / "wheels"))
    assert done.returncode == 0, done.stdout + done.stderr
    return home


def inside(home: Path, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run one of the shipped scripts with ``/autograder`` at *home*: really at that path where bubblewrap can make a private root."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "GRADE_", "PIP_", "PYTHON"))}
    clean["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{clean['PATH']}"  # its python3 is the one that the wheels are for
    root = private_root(home)
    command = [*root, f"/autograder/{script}"] if root else [str(home / script)]
    where = {} if root else {"AUTOGRADER": str(home)}
    return subprocess.run(command, env={**clean, **where, **variables}, capture_output=True, text=True, encoding="utf-8", check=False)


def private_root(home: Path) -> list[str]:
    """Return a bubblewrap command whose root is this machine's with *home* at ``/autograder``; empty where there is no bubblewrap."""
    if shutil.which("bwrap") is None:
        return []
    binds: list[str] = []
    for entry in sorted(Path("/").iterdir()):
        if entry.is_symlink():
            binds += ["--symlink", os.readlink(entry), str(entry)]
        elif entry.name != "autograder":
            binds += ["--dev-bind", str(entry), str(entry)]
    command = ["bwrap", *binds, "--bind", str(home), "/autograder", "--cap-add", "ALL", "--chdir", "/", "--"]
    works = subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
    return command if works else []


def graded(home: Path, **files: str) -> dict:
    """Hand in *files* (by stem), run ``run_autograder`` and return the results, which fit Gradescope's schema."""
    shutil.rmtree(home / "submission", ignore_errors=True)
    shutil.rmtree(home / "results", ignore_errors=True)
    (home / "submission").mkdir()
    (home / "results").mkdir()
    for stem, text in files.items():
        (home / "submission" / f"{stem}.py").write_text(text, encoding="utf-8")
    done = inside(home, "run_autograder", GRADE_LANG="en")
    assert done.returncode == 0, done.stderr
    record = json.loads((home / "results" / "results.json").read_text(encoding="utf-8"))
    jsonschema.validate(record, json.loads((SCHEMAS / "gradescope.json").read_text(encoding="utf-8")))
    return record


def right(course: Path) -> str:
    return (course / "solutions/hw5/right/by_hand/fit.py").read_text(encoding="utf-8")


@tiers
def test_the_right_program_gets_full_marks_in_the_container(container: Path, course: Path) -> None:
    """Both suites run, all tests visible, so that the total is."""
    record = graded(container, fit=right(course))
    assert record["score"] == 100
    assert {test["visibility"] for test in record["tests"]} == {"visible"}
    assert sum(test["max_score"] for test in record["tests"]) == 100


@tiers
def test_nothing_that_a_student_sees_holds_a_solution(container: Path, course: Path) -> None:
    """Neither a line of the reference, nor of the hidden suite, nor the message of a hidden check, which may hold its inputs."""
    starter = (course / "assignments/hw5/fit.py").read_text(encoding="utf-8")
    noisy = "def loss(*a):\n    return 7.125\n\n\ndef train(*a):\n    return 7.125\n"
    for program in (starter, noisy, "def loss(\n", right(course).replace("- ", "+ ")):
        seen = json.dumps(graded(container, fit=program), ensure_ascii=False)
        bare = "".join(seen.split())
        reference = (course / "solutions/hw5/fit.py").read_text(encoding="utf-8")
        assert not [line for line in marks.solution_lines(reference, "fit.py") if line in bare]
        hidden = "".join(path.read_text(encoding="utf-8") for path in (course / "solutions/hw5/hidden").glob("*.py"))
        code = {"".join(line.split()) for line in hidden.splitlines() if line.startswith("    ") and '"""' not in line}
        assert len(code) > 5
        assert not [line for line in code if len(line) > 10 and line in bare]
        assert "test_line.py" not in seen
        assert "7.125" not in json.dumps([test for test in json.loads(seen)["tests"] if "hidden" in json.dumps(test)])


@tiers
def test_what_cannot_be_admitted_is_told_and_is_no_zero(container: Path) -> None:
    """No file of the right name: the reason is shown, and there is no score."""
    record = graded(container, other="x = 1\n")
    assert "score" not in record
    assert "fit.py" in record["output"]


def test_behind_a_wall_that_is_too_weak_nothing_hidden_runs(container: Path, course: Path) -> None:
    """No score, a sentence for the student that blames nobody, the reason for the staff alone."""
    (container / "submission").mkdir(exist_ok=True)
    (container / "results").mkdir(exist_ok=True)
    (container / "submission" / "fit.py").write_text(right(course), encoding="utf-8")
    done = inside(container, "run_autograder", GRADE_LANG="en", GRADE_TIER="3")
    record = json.loads((container / "results" / "results.json").read_text(encoding="utf-8"))
    assert (done.returncode, record["tests"], "score" in record) == (0, [], False)
    assert "costs you nothing" in record["output"]
    assert "tier 3" in done.stderr
    assert "tier 3" not in json.dumps(record)


@pytest.mark.parametrize("name", manifest.names(COURSE))
def test_the_staff_s_zip_holds_what_grades_and_no_reference(name: str, tmp_path: Path) -> None:
    """The real course: hidden suite and targets, but no reference, right style or wrong program; and it lies apart from the handouts."""
    wheel = tmp_path / "grade_kit-1-py3-none-any.whl"
    wheel.write_bytes(b"wheel")
    ours = manifest.find(name, COURSE)
    path = bundles.gradescope(ours, tmp_path / "dist", wheel)
    assert path.parent == tmp_path / "dist/staff"
    private = [entry for entry in zipfile.ZipFile(path).namelist() if entry.startswith("solutions/")]
    assert {entry.split("/")[2] for entry in private} <= {"hidden", "break", "traces.json.gz"}
    assert [entry for entry in private if "/hidden/" in entry]


@pytest.mark.parametrize("name", manifest.names(COURSE))
def test_the_classroom50_bundle_of_this_course_shows_nothing_private(name: str, tmp_path: Path) -> None:
    """It can be read by anybody: the handout and the wheel, no hidden check, no line of a solution."""
    wheel = tmp_path / "grade_kit-1-py3-none-any.whl"
    wheel.write_bytes(b"wheel")
    ours = manifest.find(name, COURSE)
    with zipfile.ZipFile(bundles.classroom50(ours, tmp_path, wheel)) as packed:
        files = {entry: packed.read(entry) for entry in packed.namelist()}
    assert {entry.split("/")[1] for entry in files} == {"autograder.py", wheel.name, "handout"}
    assert handout.leaks(ours, files) == []


@pytest.fixture
def checkout(tmp_path: Path, course: Path) -> Path:
    """A student's repository on Classroom 50, with a public suite that she changed to please herself."""
    folder = tmp_path / "checkout"
    shutil.copytree(course / "assignments/hw5", folder)
    (folder / "fit.py").write_text(right(course), encoding="utf-8")
    for path in (folder / "tests").glob("*.py"):
        path.write_text("def test_nothing():\n    pass\n", encoding="utf-8")
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.invalid", "-c", "commit.gpgsign=false"]
    for line in (["init", "-q"], ["add", "."], [*identity, "commit", "-q", "-m", "Work"]):
        subprocess.run(["git", *line], cwd=folder, check=True, env=os.environ | {"GIT_COMMITTER_DATE": "2026-03-01T12:00:00+01:00"})
    return folder


def test_the_classroom50_autograder_runs_as_it_ships(kit: Path, course: Path, checkout: Path, tmp_path: Path) -> None:
    """In the student's checkout, offline: the bundle's suite counts, not hers; the result is of the schema, its instant the commit's."""
    with zipfile.ZipFile(bundles.classroom50(manifest.find("hw5", course), tmp_path, kit)) as packed:
        packed.extractall(tmp_path / "bundle")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "GRADE_", "PIP_"))}
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(kit.parent / "wheels")}
    command = [sys.executable, str(tmp_path / "bundle/hw5/autograder.py")]
    done = subprocess.run(command, cwd=checkout, env={**clean, **offline, **RUNNER}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    record = json.loads((checkout / "result.json").read_text(encoding="utf-8"))
    jsonschema.validate(record, json.loads((SCHEMAS / "classroom50.json").read_text(encoding="utf-8")))
    assert (record["score"], record["max-score"], record["assignment"]) == (20, 20, "first-steps")
    assert record["datetime"] == "2026-03-01T11:00:00Z"
