"""``grade ci`` and the workflows of a handout: what ships is what ran."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from grader import handout, manifest, release
from grader.scaffold import scaffold

RUNNER = {
    "CLASSROOM": "nn",
    "GITHUB_ACTOR": "ada",
    "SUBMISSION_TAG": "submit/x",
    "COMMIT_URL": "https://c.invalid",
    "RELEASE_URL": "https://r.invalid",
}
SCHEMA = Path(__file__).parent / "schemas/classroom50.json"


@pytest.fixture
def repository(tmp_path, kit):
    """A student's repository: a freshly released handout, unpacked and committed."""
    scaffold("hw5", "fit", tmp_path / "course")
    archive = release.release(manifest.find("hw5", tmp_path / "course"), tmp_path / "dist", kit).archive
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(tmp_path)
    folder = tmp_path / "hw5"
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.invalid", "-c", "commit.gpgsign=false"]
    for line in (["init", "-q"], ["add", "."], [*identity, "commit", "-q", "-m", "Begin", "--date", "2026-03-01T12:00:00+01:00"]):
        subprocess.run(["git", *line], cwd=folder, check=True, env=os.environ | {"GIT_COMMITTER_DATE": "2026-03-01T12:00:00+01:00"})
    return folder


def solve(repository: Path) -> None:
    solution = repository.parent / "course/solutions/hw5/right/by_hand/fit.py"
    (repository / "fit.py").write_bytes(solution.read_bytes())


def ci(repository: Path, *options: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "GRADE_"))}
    command = [sys.executable, "-m", "grader.cli", "--lang", "en", "ci", *options]
    return subprocess.run(
        command, cwd=cwd or repository, env=clean | variables, capture_output=True, text=True, encoding="utf-8", check=False
    )


def test_a_failing_push_is_told_in_every_form_of_the_ci(repository, tmp_path):
    """Summary, annotations on her lines, JUnit; exit 1."""
    summary = tmp_path / "summary.md"
    done = ci(repository, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))
    assert done.returncode == 1
    annotations = done.stdout.splitlines()
    assert len(annotations) == 2
    for line in annotations:
        number = int(re.match(r"::error file=fit\.py,line=(\d+),title=", line).group(1))
        assert "NotImplementedError" in (repository / "fit.py").read_text().splitlines()[number - 1]
    assert summary.read_text().startswith("## hw5: 0 / 20\n")
    suite = ElementTree.parse(repository / "grade-junit.xml").find("testsuite")
    assert (suite.get("tests"), suite.get("failures")) == ("2", "2")


def test_an_annotation_names_the_file_as_the_repository_does(repository):
    """A handout in a subfolder of the checkout: the path begins at the checkout."""
    done = ci(repository, GITHUB_ACTIONS="true", GITHUB_WORKSPACE=str(repository.parent))
    assert done.stdout.startswith("::error file=hw5/fit.py,line=")


def test_outside_github_no_workflow_command_is_printed(repository):
    assert ci(repository).stdout == ""


def test_a_passing_push_leaves_with_0(repository):
    solve(repository)
    done = ci(repository, GITHUB_ACTIONS="true")
    assert (done.returncode, done.stdout) == (0, "")
    assert "hw5: 20 / 20" in done.stderr


def test_classroom50_gets_a_result_of_its_schema_and_0_when_grading_ran(repository):
    """Failing checks are a result, not a failed run; the instant is the commit's."""
    done = ci(repository, "--classroom50", **RUNNER)
    assert done.returncode == 0
    record = json.loads((repository / "result.json").read_text(encoding="utf-8"))
    jsonschema.validate(record, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert (record["score"], record["max-score"], record["datetime"]) == (0, 20, "2026-03-01T11:00:00Z")


def test_classroom50_without_its_runner_is_told_what_is_missing(repository):
    """An incomplete result would be refused later, far from here."""
    done = ci(repository, "--classroom50", **{**RUNNER, "SUBMISSION_TAG": ""})
    assert done.returncode == 2
    assert "submission" in done.stderr
    assert not (repository / "result.json").exists()


def test_ci_without_an_assignment_says_where_to_run(tmp_path):
    done = ci(tmp_path)
    assert done.returncode == 2
    assert "run in the unpacked handout" in done.stderr


def steps(workflow: str) -> list[str]:
    """Return the shell lines of a workflow file, in order: ``run:`` of GitHub's form, ``script:`` of GitLab's."""
    inline = re.findall(r"^\s+(?:- )?run: (.+)$", workflow, re.MULTILINE)
    script = re.search(r"^  script:\n((?:    - .+\n)+)", workflow, re.MULTILINE)
    return inline or [line.strip().removeprefix("- ") for line in script.group(1).splitlines()]


@pytest.mark.skipif(sys.platform == "win32", reason="the workflows run on Linux")
@pytest.mark.parametrize("name", [".github/workflows/grade.yml", ".gitlab-ci.yml"])
def test_the_steps_that_ship_run_as_they_stand(repository, tmp_path, name):
    """The kit is installed from the handout alone into an environment without it, offline, and `grade ci` grades with it."""
    solve(repository)
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    site = next(environment.glob("lib/python*/site-packages"))
    (site / "others.pth").write_text(f"{sysconfig.get_paths()['purelib']}\n")  # click, pytest, numpy: there is no network in this test
    lines = steps((repository / name).read_text(encoding="utf-8"))
    assert [line.split()[:2] for line in lines] == [["python", "-m"], ["grade", "ci"]]
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "GRADE_"))}
    clean |= {"PATH": f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}", "PIP_NO_INDEX": "1", "GRADE_LANG": "en"}
    for line in lines:
        done = subprocess.run(["sh", "-ec", line], cwd=repository, env=clean, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    assert "hw5: 20 / 20" in done.stderr
    assert (site / "grader/cli/__init__.py").is_file(), "the kit that ran is the handout's"


def test_a_homework_in_torch_asks_for_it_by_name(tmp_path):
    """And no other homework does: torch is large."""
    (tmp_path / "grade_kit-1-py3-none-any.whl").write_bytes(b"wheel")
    scaffold("hw5", "fit", tmp_path)
    plain = manifest.find("hw5", tmp_path)
    path = plain.folder / "assignment.toml"
    path.write_text(path.read_text().replace('files = ["fit.py"]', 'files = ["fit.py"]\npackages = ["torch"]'))
    with_torch = manifest.find("hw5", tmp_path)
    texts = [
        release.workflows(a, tmp_path / "grade_kit-1-py3-none-any.whl")[".github/workflows/grade.yml"].decode() for a in (plain, with_torch)
    ]
    assert 'pip install ".kit/wheel/grade_kit-1-py3-none-any.whl"\n' in texts[0]
    assert 'pip install ".kit/wheel/grade_kit-1-py3-none-any.whl[torch]"\n' in texts[1]


def test_a_workflow_is_no_part_of_the_handout_that_is_committed(repository):
    """The archive has it; the course's own repository would run it, so its folder has not."""
    assert (repository / ".github/workflows/grade.yml").is_file()
    assert not [name for name in handout.contents(manifest.find("hw5", repository.parent / "course")) if "workflow" in name]
