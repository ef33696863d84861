"""grade check --watch, through a real terminal: keys, saving, a half-written file, a resize, Ctrl-C."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time

import psutil
import pytest
from test_release import plant
from twice_kit import SUITE, handout

from grader import judge, manifest, wall
from grader.practice import my_work, open_starter, watch
from grader.practice.warm import stay

MANIFEST = """name = "hw9"
title = "Twice"
submit = { module = "twice", files = ["twice.py"] }
stage = [
  { name = "double", part = "solution", public = 10, hidden = 40 },
  { name = "triple", part = "solution", public = 10, hidden = 40 },
]
"""
TRIPLE = '''

@pytest.mark.stage("triple", points=10, zh="三倍是两倍再加一次。")
def test_triple(student):
    """Three times a number is twice, and once more."""
    got = student.value(student.triple(4))
    assert got == 12
'''
WRONG = "def double(x):\n    return x + 1\n\n\ndef triple(x):\n    return x * 3\n"
RIGHT = WRONG.replace("x + 1", "x + x")
SECONDS = 40.0


@pytest.fixture
def home(tmp_path):
    """A student's folder with a wrong program in it."""
    folder = tmp_path / "hw9"
    plant(tmp_path, handout(MANIFEST, SUITE.format(points=10) + TRIPLE, WRONG))
    return folder


class Session:
    """A `grade check hw9 --watch` in a pseudo-terminal."""

    def __init__(self, folder, shell: tuple[str, ...] = (), size: tuple[int, int] = (30, 100), **variables: str) -> None:
        self.master, theirs = pty.openpty()
        self.resize(*size)
        command = [*shell, sys.executable, "-m", "grader.cli", "check", "hw9", "--watch"]
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - this process has no other threads
            env={**os.environ, "GRADE_LANG": "en", "TERM": "xterm", "PYTHONWARNINGS": "default", **variables},
        )
        os.close(theirs)
        self.seen = ""

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def until(self, text: str) -> str:
        """Read until *text* was written, and return what was; then forget it."""
        end = time.monotonic() + SECONDS
        while text not in self.seen:
            left = end - time.monotonic()
            assert left > 0, f"{text!r} did not come; the screen said:\n{self.seen}"
            if select.select([self.master], [], [], left)[0]:
                self.seen += self._read()
        before, _, self.seen = self.seen.partition(text)
        return before + text

    def _read(self) -> str:
        try:
            data = os.read(self.master, 1 << 16)
        except OSError:  # Linux says so when the other side is closed
            data = b""
        if not data:
            raise AssertionError(f"it ended with {self.process.wait(5)}; the screen said:\n{self.seen}")
        return data.decode("utf-8", "replace")

    def ended(self) -> int:
        code = self.process.wait(SECONDS)
        os.close(self.master)
        return code


@pytest.fixture
def session(home):
    opened = []

    def start(*shell: str, size: tuple[int, int] = (30, 100), **variables: str) -> Session:
        opened.append(Session(home, shell, size, **variables))
        return opened[-1]

    yield start
    for one in opened:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


def test_saving_a_right_program_turns_the_failing_check_green(home, session):
    """She sees the first failing check, mends it, saves, and it is checked again without a key."""
    it = session()
    assert "got 5, should be 8" in it.until("q quit")
    (home / "twice.py").write_text(RIGHT, encoding="utf-8")
    it.until("All passed: 20 / 20 points")
    it.press("q")
    assert it.ended() == 0


def behind_the_wall(it: Session) -> set[int]:
    """Return the processes below the watching one."""
    return {child.pid for child in psutil.Process(it.process.pid).children(recursive=True)}


@pytest.mark.skipif(wall.probe().tier > 2, reason="NOT RUN: no wall of tier 1 or 2 here, so no process stays behind it")
def test_a_package_that_she_imports_now_is_imported_ahead_from_then_on(home, session):
    """The process behind the wall is replaced for it, once; and it is replaced too when somebody has killed it."""
    manifest_file = home / "assignment.toml"
    manifest_file.write_text(MANIFEST.replace('files = ["twice.py"]', 'files = ["twice.py"], packages = ["numpy"]'), encoding="utf-8")
    it = session()
    it.until("q quit")
    started = behind_the_wall(it)
    for number, green in enumerate(("import numpy\n" + RIGHT, "import numpy\n\n" + RIGHT, RIGHT)):
        (home / "twice.py").write_text(green, encoding="utf-8")
        it.until("All passed: 20 / 20 points")
        now = behind_the_wall(it)
        assert (min(now) in started) is (number > 0)
        started = now
    for pid in started:
        with contextlib.suppress(ProcessLookupError):  # one goes with another
            os.kill(pid, signal.SIGKILL)
    (home / "twice.py").write_text(WRONG, encoding="utf-8")
    it.until("got 5, should be 8")
    it.press("q")
    assert it.ended() == 1


def test_keys_list_hint_next_and_quit(session):
    """One key each: l every check, h one more level of hint, a all again, q out; what failed is the exit code."""
    it = session()
    it.until("10 / 20 points")
    it.until("q quit")
    it.press("l")
    listed = it.until("q quit")
    assert "✗ double" in listed
    assert "✓ triple" in listed
    it.press("h")
    it.until("[1] What is 4 and 4?")
    it.press("h")
    it.until("[2] double(4) is 8.")
    it.press("n")
    it.until("got 5, should be 8")
    it.press("q")
    assert it.ended() == 1


def test_a_file_that_does_not_parse_is_survived(home, session):
    """Editors save in the middle of a word; the next save counts again."""
    it = session()
    it.until("q quit")
    (home / "twice.py").write_text("def double(x:\n", encoding="utf-8")
    it.until("SyntaxError")
    it.until("0 / 20 points")
    (home / "twice.py").unlink()
    (home / "twice.py").write_text(RIGHT, encoding="utf-8")
    it.until("All passed")


@pytest.mark.parametrize("variables", [{}, {"COLUMNS": "80", "LINES": "24"}], ids=["", "with-columns-exported"])
def test_a_resize_draws_the_screen_anew_within_its_columns(session, variables):
    """Also where the shell exports its columns: they are those from before the resize."""
    it = session(**variables)
    it.until("10 / 20 points")
    it.until("q quit")
    it.resize(30, 24)
    os.killpg(it.process.pid, signal.SIGWINCH)
    drawn = it.until("10 / 20 points")
    body = drawn.rpartition("\x1b[H")[2]
    assert max(len(line) for line in body.splitlines()) <= 24


def test_a_terminal_that_does_not_know_its_size_is_drawn_on(session):
    """As many as a terminal usually has: 80 columns, 24 lines."""
    it = session(size=(0, 0))
    assert "got 5, should be 8" in it.until("10 / 20 points")
    it.until("q quit")
    it.press("q")
    assert it.ended() == 1


def test_ctrl_c_ends_it_and_gives_the_terminal_back(session):
    """130, as the shell expects, and echo is on again."""
    it = session()
    it.until("10 / 20 points")
    it.press("\x03")
    it.until("Stopped.")
    assert termios.tcgetattr(it.master)[3] & termios.ECHO
    assert it.ended() == 130


SHELL = """
import os, signal, subprocess, sys, termios
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
job = subprocess.Popen(sys.argv[1:], process_group=0)
os.tcsetpgrp(0, job.pid)
while os.WIFSTOPPED(os.waitpid(job.pid, os.WUNTRACED)[1]):
    os.tcsetpgrp(0, os.getpgrp())
    given_back = termios.tcgetattr(0)
    print("given back" if given_back[3] & termios.ECHO and given_back[3] & termios.ICANON else "kept", flush=True)
    sys.stdin.readline()
    os.tcsetpgrp(0, job.pid)
    os.killpg(job.pid, signal.SIGCONT)
"""


def test_ctrl_z_gives_the_terminal_back_and_fg_takes_it_again(session):
    """Under a shell that leaves the terminal's modes to its jobs, as many do: twice, and single keys work after each."""
    it = session(sys.executable, "-c", SHELL)
    it.until("10 / 20 points")
    it.until("q quit")
    for _ in range(2):
        it.press("\x1a")
        it.until("given back")
        it.press("fg\n")
        it.until("q quit")
        it.press("l")
        it.until("✗ double")
    it.press("q")
    assert it.ended() == 0


def test_a_folder_that_was_moved_is_told_so_at_the_end(home, session):
    it = session()
    it.until("10 / 20 points")
    it.until("q quit")
    home.rename(home.with_name("elsewhere"))
    it.press("q")
    it.until("hw9 was moved or deleted; go to where it is now")
    assert it.ended() == 2


def test_polling_works_where_events_do_not(home, session):
    it = session(WATCHFILES_FORCE_POLLING="true")
    it.until("10 / 20 points")
    (home / "twice.py").write_text(RIGHT, encoding="utf-8")
    it.until("All passed")


def test_a_round_that_is_broken_off_leaves_nothing_to_the_next(handout):
    """She saves while the first check of a file runs; the check that she looks at is in another file."""
    assignment = manifest.find("hw2", handout)
    hers = my_work(assignment)
    workers = open_starter(assignment, hers)

    def work(bench):
        broken_off = bench.grade(hers, 0, enough=lambda verdict: True)
        rest = bench.grade(hers, 0, lambda check: check is bench.checks[-1])
        assert bench.checks[0].item.path != bench.checks[-1].item.path
        return [*broken_off.verdicts, *rest.verdicts]

    try:
        first, last = judge.with_suite(assignment, ["public"], lambda: workers, work)
    finally:
        workers.close()
    assert (first.outcome.value, last.outcome.value, last.message) == ("PASS", "PASS", "")


@pytest.mark.parametrize(("kind", "needed"), [("nfs4", True), ("9p", True), ("ext4", None)])
def test_a_network_mount_is_polled(tmp_path, kind, needed):
    """Such file systems send no events; the longest mount that holds the folder decides."""
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/root / ext4 rw 0 0\nserver:/x {tmp_path} {kind} rw 0 0\n", encoding="utf-8")
    assert watch.polling_needed(tmp_path / "hw9", mounts) is needed
    assert watch.polling_needed(tmp_path.parent, mounts) is None


@pytest.mark.skipif(wall.probe().tier > 2, reason="NOT RUN: no wall of tier 1 or 2 here, so no process stays behind it")
def test_nothing_ends_when_the_process_behind_the_wall_was_killed_at_rest(handout):
    """To make ready for the next check is no reason to fail; that check starts another process."""
    assignment = manifest.find("hw2", handout)
    hers = my_work(assignment)

    def serve(warm):
        warm.workers._process.kill()
        warm.workers._process.wait(10)
        warm.rest()
        return warm.check(assignment, hers, None, "en")

    grade = stay(assignment, hers, serve)
    assert {verdict.outcome.value for verdict in grade.verdicts} == {"PASS"}
