"""The texts of the four assignments: both languages say the same to a machine, and all of what they show runs."""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

COURSE = Path(__file__).resolve().parents[1]
NAMES = ("hw1", "hw2", "hw3", "hw4")
ALL = os.environ.get("GRADE_TEST_ALL") == "1"
NEEDS_NETWORK = ("python -m pip install",)  # the one thing in the texts that a test does not do
WORD_LISTS = ("towns.txt",)  # what a page asks a reader to bring along
RUNNER = """
import importlib, json, sys, traceback
sys.path.insert(0, ".")
from grader.inprocess import InProcess
for page, blocks, module in json.load(sys.stdin):
    space = {"__name__": "page"}
    for number, block in enumerate(blocks, 1):
        exec(compile(block, f"{page}, code {number}", "exec"), space)
    for name, test in list(space.items()):
        if name.startswith("test_"):
            test(InProcess(importlib.import_module(module)))
"""


@dataclass(frozen=True)
class Page:
    """One page in one language."""

    path: Path

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def levels(self) -> list[str]:
        """The headings' levels in their order; a comment in a code block is no heading."""
        return re.findall(r"^#+(?= )", re.sub(r"^```.*?^```", "", self.text, flags=re.M | re.S), re.M)

    def blocks(self, kind: str = r"\w*") -> list[tuple[str, str]]:
        return re.findall(rf"^```({kind})\n(.*?)^```", self.text, re.M | re.S)

    @property
    def commands(self) -> list[str]:
        return [line.removeprefix("$ ") for _, block in self.blocks("console") for line in block.splitlines() if line.strip()]


def pages(name: str, lang: str) -> list[Page]:
    folder = COURSE / "assignments" / name
    found = [folder / "README.md", *sorted(path for path in (folder / "text").glob("*.md") if not path.name.endswith(".zh.md"))]
    return [Page(path if lang == "en" else path.with_suffix(".zh.md")) for path in found]


def needs_torch(name: str) -> None:
    packages = tomllib.loads((COURSE / "assignments" / name / "assignment.toml").read_text(encoding="utf-8"))["submit"].get("packages", [])
    if "torch" in packages and importlib.util.find_spec("torch") is None:
        pytest.skip(f"NOT RUN: the texts of {name} need torch (pip install torch)")


def finished(name: str, place: Path) -> Path:
    """Make the folder of a student who is done: the handout, and the reference's own files in it."""
    folder = place / name
    shutil.copytree(COURSE / "assignments" / name, folder, ignore=shutil.ignore_patterns("__pycache__"))
    submit = tomllib.loads((folder / "assignment.toml").read_text(encoding="utf-8"))["submit"]
    for file in submit["files"]:
        shutil.copy(COURSE / "solutions" / name / file, folder / file)
    for file in WORD_LISTS:
        words = (COURSE / "assignments/hw4/last20k.txt").read_text(encoding="ascii").split()[:600]
        (folder / file).write_text("\n".join(words) + "\n", encoding="utf-8")
    return folder


def environment(lang: str) -> dict[str, str]:
    scripts = str(Path(sys.executable).parent)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GRADE_")}
    spoken = {"LANG": "zh_CN.UTF-8" if lang == "zh" else "C.UTF-8", "GRADE_LANG": lang, "PYTHONUTF8": "1"}
    return {**kept, **spoken, "PATH": scripts + os.pathsep + os.environ["PATH"], "BROWSER": "true"}


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_have_the_same_headings_and_the_same_code(name):
    """A page and its twin: as many headings of the same levels, and every code block the same, letter by letter."""
    for english, chinese in zip(pages(name, "en"), pages(name, "zh"), strict=True):
        assert english.levels, english.path
        assert english.levels == chinese.levels, english.path
        assert english.blocks() == chinese.blocks(), english.path


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", NAMES)
def test_the_python_in_the_texts_runs(name, lang, tmp_path):
    """Every Python block runs in a finished student's folder, in the order of its page; every test it defines passes a right program."""
    needs_torch(name)
    folder = finished(name, tmp_path)
    module = tomllib.loads((folder / "assignment.toml").read_text(encoding="utf-8"))["submit"]["module"]
    told = [(page.path.name, [block for _, block in page.blocks("python")], module) for page in pages(name, lang)]
    assert sum(len(blocks) for _, blocks, _ in told) >= 5
    done = subprocess.run(
        [sys.executable, "-c", RUNNER],
        cwd=folder,
        input=json.dumps(told),
        capture_output=True,
        text=True,
        env=environment(lang),
        check=False,
    )
    assert done.returncode == 0, done.stderr[-1500:]


@pytest.mark.parametrize(
    ("name", "lang"), [*itertools.product(NAMES, ["en", "zh"])] if ALL else [("hw1", "zh"), ("hw2", "en"), ("hw3", "zh"), ("hw4", "en")]
)
def test_the_commands_in_the_texts_run(name, lang, tmp_path):
    """Every command runs and ends with 0 (a check of the starter with 1); each page has a folder of its own."""
    needs_torch(name)
    for page in pages(name, lang):
        folder = finished(name, tmp_path / page.path.stem)
        starts = page.path.name.startswith("README")
        if starts:  # read on the first day: her program is the starter, and hints are to be had
            module = tomllib.loads((folder / "assignment.toml").read_text(encoding="utf-8"))["submit"]["module"]
            shutil.copy(COURSE / "assignments" / name / f"{module}.py", folder)
        if any("predict" in command for command in page.commands):
            (folder / "prediction.json").unlink()  # a prediction is made once
        for command in page.commands:
            if not command.startswith(NEEDS_NETWORK):
                run(command, name, folder, environment(lang), 1 if starts and command.startswith("grade check") else 0)


def run(command: str, name: str, folder: Path, env: dict[str, str], due: int) -> None:
    """Run *command* as a reader would, and demand the exit code that is *due*."""
    if command.startswith("grade play"):
        play(command, folder, env)
        return
    answers = json.loads((COURSE / "solutions" / name / "prediction.json").read_text(encoding="utf-8"))["answers"].values()
    typed = "\n".join(answers) + "\n" if command.endswith("predict") else "q\n"
    done = subprocess.run(shlex.split(command), cwd=folder, input=typed, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == due, (command, done.stdout[-500:], done.stderr[-1500:])


def play(command: str, folder: Path, env: dict[str, str]) -> None:
    """Start the page, read its address, and leave as a reader does: with Ctrl-C."""
    with subprocess.Popen(shlex.split(command), cwd=folder, stderr=subprocess.PIPE, text=True, env=env) as process:
        said = process.stderr.readline()
        address = re.search(r"http://127\.0\.0\.1:\S+", said)
        if address:
            urllib.request.urlopen(address[0], timeout=60).close()  # it is served by now
        process.send_signal(signal.SIGINT)
        process.stderr.read()
    assert address, (command, said)
    assert process.returncode == 0, command


def test_what_a_page_installs_is_what_the_kit_was_tried_with():
    """The one command that is not run asks for the torch that the kit itself asks for."""
    asked = [shlex.split(command) for page in pages("hw4", "en") for command in page.commands if command.startswith(NEEDS_NETWORK)]
    ours = tomllib.loads((COURSE / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert len(asked) == 1
    assert set(asked[0][4:]) & {requirement for extra in ours.values() for requirement in extra if requirement.startswith("torch")}
