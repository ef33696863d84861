"""``grade check``: what a student sees when her file is not what it should be, and what it leaves behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grader import wall

ROOT = Path(__file__).resolve().parent.parent
GRADE = (sys.executable, "-m", "grader.cli")


def check(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "GRADE_LANG": "en", **variables}
    return subprocess.run(
        [*GRADE, "check", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )


def children(pid: int) -> set[str]:
    """Return the worker processes that descend from *pid*."""
    rows = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout.splitlines()
    parents = {row.split()[0]: row.split()[1] for row in rows}
    found = set()
    for row in rows:
        own = parent = row.split()[0]
        while parent in parents and parent != str(pid):
            parent = parents[parent]
        if parent == str(pid) and own != str(pid):
            found.add(own)
    return found


def test_the_reference_earns_everything_and_json_stands_alone(handout: Path) -> None:
    """Exit 0; stdout holds one JSON value and nothing else."""
    done = check(handout, "hw2", "--json")
    grade = json.loads(done.stdout)
    assert done.returncode == 0
    assert (grade["score"], grade["max_score"], grade["suites"]) == (20.0, 20.0, ["public"])


def _open_the_gate(handout: Path) -> None:
    """Let relu hand on all news: a mistake that the tutor knows."""
    work = handout / "micrograd.py"
    gate = "            if self.data > 0:\n                self.grad += out.grad\n"
    text = work.read_text(encoding="utf-8")
    assert gate in text
    work.write_text(text.replace(gate, "            self.grad += out.grad\n"), encoding="utf-8")


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_her_mistake_is_asked_about_wherever_she_unpacked_the_handout(handout: Path, ends: str) -> None:
    """Her folder lies in no ``assignments/``, and git on Windows may end lines its own way: the handout's traces still fit its suite."""
    for path in (*handout.glob("tests/*.py"), handout / "assignment.toml"):
        path.write_bytes(path.read_bytes().replace(b"\n", ends.encode()))
    _open_the_gate(handout)
    done = check(handout, "hw2")
    assert done.returncode == 1
    assert "? relu(-2) is 0. Push -2 to -1.9: did the output notice?" in done.stdout


def test_a_changed_suite_is_told_where_it_silences_the_tutor(handout: Path) -> None:
    """Her checks run all the same; nothing is said while all passes."""
    with (handout / "tests" / "test_net.py").open("a", encoding="utf-8") as file:
        file.write("\n# mine\n")
    assert "not recognised" not in check(handout, "hw2").stderr
    _open_the_gate(handout)
    done = check(handout, "hw2")
    assert done.returncode == 1
    assert "? relu" not in done.stdout
    assert "tests/ or assignment.toml is not as it was handed out" in done.stderr
    assert "与发下来的不一样" in check(handout, "hw2", GRADE_LANG="zh").stderr


def test_taking_the_handout_again_lets_the_tutor_speak(handout: Path) -> None:
    """What she had changed in the suite is kept beside it, and is no part of it."""
    archive = handout.parent / "hw2-student.zip"
    shutil.make_archive(str(archive.with_suffix("")), "zip", handout.parent, "hw2")
    with (handout / "tests" / "test_net.py").open("a", encoding="utf-8") as file:
        file.write("\n# mine\n")
    _open_the_gate(handout)
    taken = subprocess.run([*GRADE, "reset", "hw2", "--update", str(archive)], cwd=handout, capture_output=True, text=True, check=False)
    assert taken.returncode == 0, taken.stderr
    assert len(list(handout.glob("tests/*.bak"))) == 1
    done = check(handout, "hw2")
    assert "? relu(-2) is 0." in done.stdout
    assert "not recognised" not in done.stderr


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason=f"NOT RUN: no wall of tier 1 or 2 on {sys.platform}")
def test_python_may_be_called_by_a_roundabout_path(handout: Path) -> None:
    """``../.venv/bin/python -m grader.cli``: the folders on that way do not exist behind the wall."""
    binaries = Path(sys.executable).parent
    around = os.path.join(handout, os.path.relpath(binaries, handout), Path(sys.executable).name)
    assert ".." in around
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([around, *GRADE[1:], "check", "hw2", "--json"], cwd=handout, env=environment, capture_output=True, check=False)
    assert (done.returncode, json.loads(done.stdout)["score"]) == (0, 20.0), done.stderr


@pytest.mark.parametrize("tier", ["1", "2", "3"])
def test_the_starter_earns_nothing_on_any_tier(handout: Path, tier: str) -> None:
    """Tier 3 is what macOS and Windows have; it is forced here."""
    shutil.copy(ROOT / "assignments" / "hw2" / "micrograd.py", handout)
    done = check(handout, "hw2", "--json", GRADE_TIER=tier)
    grade = json.loads(done.stdout)
    assert (done.returncode, grade["score"]) == (1, 0.0)
    assert grade["tier"] >= int(tier)


def test_the_message_comes_first_and_hidden_checks_are_named(handout: Path) -> None:
    """What, where, what to try; and that there is more which she cannot see."""
    source = handout / "micrograd.py"
    text = source.read_text(encoding="utf-8")
    source.write_text(text.replace("self.grad += out.data * out.grad", "self.grad += 1.0"), encoding="utf-8")
    done = check(handout, "hw2")
    assert done.returncode == 1
    assert "Look at this first" in done.stdout.splitlines()[0]
    assert "got " in done.stdout
    assert "should be" in done.stdout
    assert "more checks, which you cannot see. In 'local' they are about:" in done.stdout
    assert "· The slope of exp is exp itself, times the news from above." in done.stdout
    assert "A neuron is knobs" not in done.stdout
    assert "in other parts: --verbose lists them" in done.stdout
    assert "· A neuron is knobs, a sum with its bias, and a squash." in check(handout, "hw2", "--verbose").stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "micrograd.py").unlink(), "grade reset hw2"),
        (lambda folder: (folder / "micrograd.py").write_bytes(b"x = '\xff'"), "UTF-8"),
        (lambda folder: (folder / "micrograd.py").write_text("x = 1\n", encoding="utf-8"), "has no Value"),
        (lambda folder: _edit(folder / "assignment.toml", "module =", "modul ="), "did you mean 'module'"),
    ],
)
def test_what_she_can_mend_is_one_line_and_exit_2(handout: Path, spoil: object, said: str) -> None:
    """No file, no text, no Value, a manifest with a slip: one line with the remedy; nothing is lost."""
    spoil(handout)  # type: ignore[operator]
    done = check(handout, "hw2")
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_stage_or_hint_that_is_not_there_is_told_in_chinese(handout: Path) -> None:
    said = check(handout, "hw2", "nosuch", GRADE_LANG="zh").stderr
    assert said.startswith("grade：hw2 没有阶段 'nosuch'（已知：")
    assert "known" not in said
    hint = subprocess.run(
        [*GRADE, "--lang", "zh", "hint", "hw2", "nosuch"], cwd=handout, capture_output=True, encoding="utf-8", check=False
    )
    assert (hint.returncode, "known" in hint.stderr) == (2, False)


@pytest.mark.skipif(wall.probe().tier > 2, reason="NOT RUN: no wall of tier 1 or 2 here, so no process stays behind it")
@pytest.mark.parametrize("asked", [[], ["--verbose"]])
def test_verbose_shows_all_that_the_process_behind_the_wall_said(handout: Path, asked: list[str]) -> None:
    """A fault tells its last line; the cause often stands above it."""
    dies = "import sys, time; sys.stdin.close(); time.sleep(0.5); sys.exit('the cause\\nthe last line')"
    code = f"""
import sys
from grader import cli, wall
wall.command = lambda *given, **more: [sys.executable, "-c", {dies!r}]
sys.argv = ["grade", "check", "hw2", *sys.argv[1:]]
cli.run()
"""
    done = subprocess.run(
        [sys.executable, "-c", code, *asked], cwd=handout, env={**os.environ, "GRADE_LANG": "en", "GRADE_TIER": "2"},
        capture_output=True, encoding="utf-8", check=False, timeout=60,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode == 3
    assert "is gone: the last line" in said
    assert ("the cause" in said) is bool(asked)


def _edit(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")


def test_a_folder_that_cannot_be_written_can_be_checked(handout: Path) -> None:
    """A read-only folder is no reason not to answer."""
    for path in (handout, *handout.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        done = check(handout, "hw2", "--json")
        assert json.loads(done.stdout)["score"] == 20.0
    finally:
        for path in (handout, *handout.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.mark.parametrize("asked", [[], ["--json"]])
def test_a_journal_that_cannot_be_written_costs_no_result(handout: Path, asked: list[str]) -> None:
    """What was computed is shown, with its exit code; one line says what is wrong, and what to do."""
    (handout / ".grade").write_text("a file in the way\n", encoding="utf-8")
    done = check(handout, "hw2", *asked)
    assert done.returncode == 0
    assert (json.loads(done.stdout)["score"] == 20.0) if asked else ("All passed: 20 / 20 points" in done.stdout)
    (told,) = done.stderr.splitlines()
    assert told.startswith("`grade status` will not know of this check. ")
    assert told.endswith("move that file away")
    _open_the_gate(handout)
    done = check(handout, "hw2", *asked, GRADE_LANG="zh")
    assert done.returncode == 1
    assert "请把那个文件移走" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="NOT RUN: no /dev/full here")
def test_a_result_that_cannot_be_written_is_mendable(handout: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*GRADE, "check", "hw2"], cwd=handout, env={**os.environ, "GRADE_LANG": "en"}, stdout=full, stderr=subprocess.PIPE,
            encoding="utf-8", check=False, timeout=120,
        )  # fmt: skip
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "free some space" in done.stderr


@pytest.mark.parametrize("right", [True, False])
def test_the_exit_code_is_the_verdict_also_where_nobody_reads_on(handout: Path, right: bool) -> None:
    """``grade check hw2 | true`` in a script: 0 where all passed, 1 where checks failed."""
    if not right:
        _open_the_gate(handout)
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run([*GRADE, "check", "hw2"], cwd=handout, stdout=write, stderr=write, check=False, timeout=120)
    finally:
        os.close(write)
    assert done.returncode == (0 if right else 1)


def test_ctrl_c_leaves_nothing_running(handout: Path) -> None:
    """Stopped in the middle of an endless loop: exit 130, and no process stays."""
    (handout / "micrograd.py").write_text("while True:\n    pass\n# Value topo Neuron Layer MLP\n", encoding="utf-8")
    process = subprocess.Popen(
        [*GRADE, "check", "hw2"], cwd=handout, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not (left := children(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert left, "no worker was started"
    time.sleep(0.5)
    left |= children(process.pid)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    while (alive := {pid for pid in left if _runs(pid)}) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive


def _runs(pid: str) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_the_journal_is_handed_in_only_with_consent(handout: Path) -> None:
    """Silence is a no; a yes is remembered; the grade's files are the same either way."""
    import zipfile

    check(handout, "hw2")

    def submitted(*arguments: str) -> set[str]:
        for old in handout.glob("*.zip"):
            old.unlink()
        subprocess.run(
            [*GRADE, "submit", "hw2", *arguments], cwd=handout, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=60
        )
        with zipfile.ZipFile(next(handout.glob("*-submission-*.zip"))) as packed:
            return set(packed.namelist())

    silent = submitted()
    assert "hw2/journal.jsonl" not in silent
    assert submitted("--journal") == silent | {"hw2/journal.jsonl"}
    assert submitted() == silent | {"hw2/journal.jsonl"}
    assert submitted("--no-journal") == silent
    (handout / ".grade" / "consent.json").unlink()
    (handout / ".grade" / "consent.json").mkdir()  # an answer that cannot be kept stops no hand-in, and counts for this one
    assert submitted("--no-journal") == silent
    assert submitted("--journal") == silent | {"hw2/journal.jsonl"}
    assert submitted() == silent
