"""``grade new``: a homework that works at once, made without touching the kit."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from grader import cli, handout, manifest, release
from grader.errors import CourseError
from grader.scaffold import scaffold


@pytest.fixture
def course(tmp_path):
    """An empty course with one fresh scaffold, hw5."""
    (tmp_path / "assignments").mkdir()
    scaffold("hw5", "fit", tmp_path)
    return tmp_path


def outcomes(course: Path, program: Path, seed: int = 0) -> dict[str, str]:
    """Run both suites in one process against the program in a folder; return check id -> passed or failed."""
    line = ["-p", "grader.inprocess", "-p", "no:randomly", "-p", "no:xdist", "-c", os.devnull, "--rootdir", ".", "-vv", "--tb=no", "-q"]
    suites = ["assignments/hw5/tests", "solutions/hw5/hidden"]
    command = [sys.executable, "-m", "pytest", *line, *suites, "--student", str(program), "--seed", str(seed)]
    done = subprocess.run(command, cwd=course, capture_output=True, text=True, check=False)
    found = re.findall(r"^(?:assignments|solutions)/hw5/(tests|hidden)/(\S+) (PASSED|FAILED|ERROR)", done.stdout, re.MULTILINE)
    assert len(found) == 5, done.stdout + done.stderr
    return {f"{'public' if suite == 'tests' else 'hidden'}/{check}": outcome for suite, check, outcome in found}


@pytest.mark.parametrize("seed", [0, 5])
@pytest.mark.parametrize("program", ["solutions/hw5", "solutions/hw5/right/by_hand"])
def test_reference_and_right_program_pass_both_suites(course, program, seed):
    assert set(outcomes(course, course / program, seed).values()) == {"PASSED"}


def test_the_starter_earns_nothing(course):
    """What `grade new` writes into the handout is cut from the reference, and a blank hand-in is a zero."""
    assert set(outcomes(course, course / "assignments/hw5").values()) == {"FAILED"}


@pytest.mark.parametrize("answer", ["0.0", "float('nan')"])
def test_a_constant_program_earns_nothing(course, tmp_path, answer):
    (tmp_path / "constant").mkdir()
    (tmp_path / "constant/fit.py").write_text(f"def loss(*a):\n    return {answer}\n\n\ndef train(*a):\n    return {answer}\n")
    assert set(outcomes(course, tmp_path / "constant").values()) == {"FAILED"}


def test_the_wrong_program_loses_what_it_names_and_nothing_else(course, tmp_path):
    """One edit of the reference; the loss check is among what it loses."""
    wrong = tomllib.loads((course / "solutions/hw5/wrong/climbs.toml").read_text(encoding="utf-8"))
    source = (course / "solutions/hw5/fit.py").read_text(encoding="utf-8")
    (edit,) = wrong["edit"]
    assert source.count(edit["find"]) == 1
    (tmp_path / "wrong").mkdir()
    (tmp_path / "wrong/fit.py").write_text(source.replace(edit["find"], edit["replace"]))
    lost = {check for check, outcome in outcomes(course, tmp_path / "wrong").items() if outcome != "PASSED"}
    assert lost == set(wrong["loses"])
    assert any("reaches_the_loss" in check for check in lost)


def test_every_page_has_its_twin_and_the_same_shape(course):
    """Both languages: the same headings, the same code."""
    folder = course / "assignments/hw5"
    pages = [path for path in folder.rglob("*.md") if not path.name.endswith(".zh.md")]
    assert len(pages) == 6
    for page in pages:
        texts = [path.read_text(encoding="utf-8") for path in (page, page.with_suffix(".zh.md"))]
        assert len({tuple(re.findall(r"^#+(?= )", text, re.MULTILINE)) for text in texts}) == 1, page
        assert len({tuple(re.findall(r"```\w+\n.*?```", text, re.DOTALL)) for text in texts}) == 1, page


def test_every_check_has_three_hints_in_both_languages(course):
    hints = tomllib.loads((course / "assignments/hw5/hints.toml").read_text(encoding="utf-8"))
    checks = {f"fit.{check.partition('::')[2]}" for check in outcomes(course, course / "solutions/hw5")}
    assert set(hints) == checks
    for levels in hints.values():
        assert {(level, lang) for level, texts in levels.items() for lang in texts} == {
            (f"l{n}", lang) for n in (1, 2, 3) for lang in ("en", "zh")
        }


def test_it_can_be_released_at_once(course):
    """Fresh starters, no solution line in the handout; the one thing that a first release adds is the handout's version."""
    done = release.release(manifest.find("hw5", course), course / "dist")
    assert done.refreshed == (".kit/version.json",)
    assert release.release(manifest.find("hw5", course), course / "dist").refreshed == ()
    assert handout.stale(manifest.find("hw5", course)) == []


@pytest.mark.parametrize(
    ("name", "module", "says"),
    [
        ("hw5", "fit", "assignments/hw5 is there already"),
        ("Hw 6", "fit", "cannot name an assignment"),
        ("../hw6", "fit", "cannot name an assignment"),
        ("hw6", "random", "standard library"),
        ("hw6", "for", "cannot be the student's module"),
        ("hw6", "a-b", "cannot be the student's module"),
    ],
)
def test_a_name_that_cannot_be_is_refused_and_nothing_written(course, name, module, says):
    before = sorted(course.rglob("*"))
    with pytest.raises(CourseError, match=says):
        scaffold(name, module, course)
    assert sorted(course.rglob("*")) == before


def test_the_command_says_what_comes_next(tmp_path, monkeypatch):
    """In an empty folder it starts a course."""
    monkeypatch.chdir(tmp_path)
    done = CliRunner(env={"GRADE_LANG": "en"}).invoke(cli.main, ["new", "hw1", "--module", "line"])
    assert done.exit_code == 0
    assert "next: grade audit hw1" in done.stderr
    assert manifest.find("hw1", tmp_path).source_name == "line.py"
    assert (tmp_path / "solutions/hw1/right/by_hand/line.py").is_file()


def grade(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "grader.cli", "--lang", "en", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, encoding="utf-8", check=False)


def test_a_new_homework_goes_through_audit_release_and_check(course, tmp_path):
    """From `grade new` to a student's full marks on the public suite, with nothing of the kit touched."""
    audited = grade("audit", "hw5", cwd=course)
    assert audited.returncode == 0, audited.stdout + audited.stderr
    assert grade("release", "hw5", cwd=course).returncode == 0
    with zipfile.ZipFile(course / "dist/hw5-student.zip") as packed:
        packed.extractall(tmp_path / "home")
    blank = grade("check", "hw5", "--json", cwd=tmp_path / "home")
    assert (blank.returncode, json.loads(blank.stdout)["score"]) == (1, 0.0)
    reference = (course / "solutions/hw5/right/by_hand/fit.py").read_text(encoding="utf-8")
    (tmp_path / "home/hw5/fit.py").write_text(reference, encoding="utf-8")
    done = grade("check", "hw5", "--json", cwd=tmp_path / "home/hw5")
    assert (done.returncode, json.loads(done.stdout)["score"]) == (0, 20.0)


def test_a_copied_homework_that_keeps_its_name_is_refused(course):
    """Its grades and its handout would be written over the other one's; a student's folder may be called as she likes."""
    for folder in ("assignments", "solutions"):
        shutil.copytree(course / folder / "hw5", course / folder / "hw6")
    for command in (["audit", "hw6"], ["release", "hw6"], ["run", "hw6", "."]):
        done = grade(*command, cwd=course)
        assert done.returncode == 2
        assert "hw6/assignment.toml: name is 'hw5', and the folder is 'hw6'; write name = \"hw6\"" in done.stderr
    home = course / "home" / "assignments" / "mine"
    shutil.copytree(course / "assignments/hw5", home)
    assert manifest.find("hw5", home).folder == home


@pytest.mark.parametrize(
    ("line", "instead", "says"),
    [
        ("seconds = 2", "seconds = nan", "[limits] seconds must be above zero, not nan"),
        ("seconds = 2", "seconds = inf", "[limits] seconds must be above zero, not inf"),
        ("hidden = 80", "hidden = nan", "[[stage]] 'fit' hidden must be zero or above, not nan"),
        ('files = ["fit.py"]', 'files = ["fit.py", "../x"]', "[submit] files has '../x'; name a file inside"),
        ('files = ["fit.py"]', 'files = ["fit.py"]\npackages = ["a-b"]', "[submit] packages has 'a-b'; write the name that is imported"),
        ("total = 12", 'total = 12\n[check."hidden/*"]\nseconds = 0', '[check."hidden/*"] seconds must be above zero, not 0'),
        ("total = 12", 'total = 12\n[check."hidden/*"]\nseconds = -1', '[check."hidden/*"] seconds must be above zero, not -1'),
        ("[submit]", 'stage = ["a"]\n[submit]', "stage has 'a'; write each stage as a table: [[stage]]"),
    ],
)
def test_a_slip_in_the_manifest_is_named(course, line, instead, says):
    """The file, the key, and what to do."""
    path = course / "assignments/hw5/assignment.toml"
    text = path.read_text(encoding="utf-8")
    assert line in text
    if instead.startswith("stage ="):
        text = re.sub(r"\[\[stage\]\].*?(?=\[limits\])", "", text, flags=re.DOTALL)
    path.write_text(text.replace(line, instead), encoding="utf-8")
    done = grade("audit", "hw5", cwd=course)
    assert done.returncode == 2
    assert f"{path}: {says}" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("question", '"x"', "question is 'x'; write it so: question.en"),
        ("loses", "3", "loses is 3; write it so: loses = ["),
        ("edit", '["a"]', "edit is ['a']; write it so: [[edit]]"),
    ],
)
def test_a_slip_in_a_wrong_program_is_named(course, key, value, says):
    path = course / "solutions/hw5/wrong/climbs.toml"
    path.write_text(f"{key} = {value}\n", encoding="utf-8")
    done = grade("audit", "hw5", cwd=course)
    assert done.returncode == 2
    assert f"{path}: {says}" in done.stderr


def test_a_rule_that_fits_no_check_is_not_sound(course):
    """A slip in the glob would lose the time or the device without a word."""
    with (course / "assignments/hw5/assignment.toml").open("a", encoding="utf-8") as file:
        file.write('\n[check."hidden/test_nope.py::*"]\nseconds = 9\n')
    done = grade("audit", "hw5", cwd=course)
    assert done.returncode == 1
    assert 'assignment.toml: [check."hidden/test_nope.py::*"] fits no check; mend it or drop it' in done.stdout


def test_a_package_that_is_not_installed_is_named_with_its_command(course):
    """Before anything is run: one line, for students and for staff."""
    path = course / "assignments/hw5/assignment.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("[submit]", '[submit]\npackages = ["nosuchpkg"]'), encoding="utf-8")
    (course / "one").mkdir()
    for command in (["audit", "hw5"], ["check", "hw5"], ["run", "hw5", "one"]):
        done = grade(*command, cwd=course)
        assert done.returncode == 2
        said = "hw5 needs nosuchpkg, which is not installed here; type: python -m pip install nosuchpkg"
        assert done.stderr.splitlines()[-1] == f"grade: {said}"
