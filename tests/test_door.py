"""A judge that waits for the next ``grade check``: says what a cold check says, forgets nothing, and is nobody's but hers."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from test_release import plant
from test_watch import MANIFEST, RIGHT, SUITE, TRIPLE, WRONG
from twice_kit import handout as twice

from grader import door, manifest, wall
from grader.practice import my_work
from grader.practice.warm import Warm, stay
from grader.student.line import Budget, Program
from grader.student.process import starter

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no judge waits on Windows")

COMMAND = "from grader.door import run; run()"  # what the console script does
ONLY_WARM = f"import sys; sys.modules['grader.cli'] = None; {COMMAND}"  # without a judge that waits this is an ImportError
SECONDS = 40.0
ENDLESS = "def double(x):\n    while True:\n        pass\n\n\ndef triple(x):\n    return x * 3\n"


class Home:
    """A student's folder, and a place for sockets that no other test knows."""

    def __init__(self, folder: Path, runtime: Path) -> None:
        self.folder, self.runtime = folder, runtime
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("GRADE_") and name != "CI"}
        self.env |= {"XDG_RUNTIME_DIR": str(runtime), "GRADE_LANG": "en", "GRADE_TIER": "2", "GRADE_WARM": "30"}

    def write(self, text: str, name: str = "twice.py") -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def command(self, *arguments: str, code: str = COMMAND) -> list[str]:
        return [sys.executable, "-P", "-c", code, "check", self.folder.name, *arguments]

    def run(self, *arguments: str, code: str = COMMAND, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments, code=code),
            cwd=self.folder, env={**self.env, **variables}, capture_output=True, encoding="utf-8", timeout=SECONDS, check=False,
        )  # fmt: skip

    def warm(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the check; fail where no judge waited for it."""
        return self.run(*arguments, code=ONLY_WARM, **variables)

    def cold(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run(*arguments, GRADE_WARM="0")

    @property
    def sockets(self) -> list[Path]:
        return [path for path in self.runtime.glob("grade-kit/*") if path.suffix != ".lock"]

    def pid(self) -> int:
        """Return the process that waits, once it does."""
        return until(lambda: int(self.sockets[0].with_name(f"{self.sockets[0].name}.lock").read_text()) if self.sockets else None)

    def left(self) -> int:
        """Leave a judge behind, and return its process."""
        assert self.run().returncode in (0, 1)
        return self.pid()


def until(found: Callable[[], object]) -> object:
    end = time.monotonic() + SECONDS
    while not (value := found()):
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)
    return value


def is_gone(pid: int) -> bool:
    """Return whether *pid* has ended; one that its adopter has not buried yet has."""
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def those_of(runtime: Path) -> list[int]:
    """Return the judges that wait, or are about to, with their sockets below *runtime*."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            mine = f"XDG_RUNTIME_DIR={runtime}".encode() in (process / "environ").read_bytes()
            if mine and b"grader.door\0" in (process / "cmdline").read_bytes() and not is_gone(int(process.name)):
                found.append(int(process.name))
    return found


def family(pid: int) -> list[int]:
    """Return the children of *pid* and theirs."""
    return [one for child in children(pid) for one in (child, *children(child))]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    plant(tmp_path, twice(MANIFEST, SUITE.format(points=10) + TRIPLE, RIGHT))
    yield from kept(tmp_path / "hw9", tmp_path)


def kept(folder: Path, tmp_path: Path) -> Iterator[Home]:
    runtime = Path("/tmp") / f"grade-{os.getpid()}-{tmp_path.name[-24:]}"  # the names of sockets are short
    runtime.mkdir(mode=0o700)
    home = Home(folder, runtime)
    yield home
    while left := those_of(runtime):  # also one that has just been started, and listens nowhere yet
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
    subprocess.run(["rm", "-rf", runtime], check=True)


def without_times(text: str) -> str:
    return re.sub(r'"seconds": [0-9.e-]+', '"seconds": 0', text)


PROGRAMS = {
    "right": RIGHT,
    "wrong": WRONG,
    "does not parse": "def double(x) return x\n",
    "prints": "print('hello')\n" + RIGHT.replace("return x + x", "print('twice', x); return x + x"),
    "ends the process": RIGHT.replace("return x + x", "import os; os._exit(3)"),
    "is late": ENDLESS,
    "fails to load": "raise ValueError('no')\n",
    "lacks a name": "def triple(x):\n    return x * 3\n",
}
ASKED = {
    "": [],
    "a stage": ["double"],
    "no such stage": ["dubble"],
    "json": ["--json"],
    "Chinese": ["--lang", "zh"],
    "verbose": ["--verbose"],
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_judge_that_waits_says_word_for_word_what_a_cold_check_says(home: Home, program: str) -> None:
    """Streams, exit code and journal; whatever was asked, in any order, of one and the same judge."""
    manifest_ = (home.folder / "assignment.toml").read_text(encoding="utf-8")
    home.write(manifest_ + "limits = { seconds = 1 }\n", "assignment.toml")
    pid = home.left()
    home.write(PROGRAMS[program])
    for what, arguments in ASKED.items() if program == "wrong" else (("", []), ("json", ["--json"])):
        cold, warm = home.cold(*arguments), home.warm(*arguments)
        told = [(done.returncode, without_times(done.stdout), done.stderr) for done in (cold, warm)]
        assert told[0] == told[1], what
        assert cold.stdout + cold.stderr
    assert home.pid() == pid


def test_it_sees_what_she_saves(home: Home) -> None:
    home.left()
    assert home.warm().returncode == 0
    home.write(WRONG)
    assert "got 5, should be 8" in home.warm().stdout
    home.write(RIGHT)
    assert home.warm().returncode == 0
    rows = [json.loads(line) for line in (home.folder / ".grade" / "journal.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 3, "each change of the result is written down, and nothing else"


@pytest.mark.parametrize("changed", ["tests/test_twice.py", "tests/test_new.py", "assignment.toml"])
def test_a_changed_suite_is_read_anew(home: Home, changed: str) -> None:
    """The judge that knew the old one ends; the check is made all the same, and the next judge knows the new one."""
    pid = home.left()
    more = "def test_more(student):\n    'One more.'\n    assert student.value(student.double(1)) == 3\n"
    added = f"\n\n@pytest.mark.stage('double', points=0)\n{more}"
    path = home.folder / changed
    if changed == "assignment.toml":
        home.write(path.read_text(encoding="utf-8").replace('"Twice"', '"Thrice"'), changed)
    else:
        path.write_text((path.read_text(encoding="utf-8") if path.exists() else "import pytest\n") + added, encoding="utf-8")
    expected = 0 if changed == "assignment.toml" else 1
    assert home.run().returncode == expected
    until(lambda: is_gone(pid))
    assert home.pid() != pid
    assert home.warm().returncode == expected


@pytest.mark.parametrize("tier", ["2", "3"])
@pytest.mark.parametrize("why", ["idle", "told", "told while busy"])
def test_one_that_ends_leaves_nothing(home: Home, why: str, tier: str) -> None:
    home.env |= {"GRADE_WARM": "1" if why == "idle" else "inf", "GRADE_TIER": tier}
    pid = home.left()
    until(lambda: children(pid))  # it keeps a process behind the wall
    behind = children(pid)
    asking = None
    if why == "told while busy":
        home.write(RIGHT.replace("return x + x", "import time; time.sleep(1); return x + x"))
        asking = subprocess.Popen(home.command(), cwd=home.folder, env=home.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(0.6)
        behind += children(pid)
    if why != "idle":
        os.kill(pid, signal.SIGTERM)
    if asking is not None:
        home.env["GRADE_WARM"] = "0"
        out, err = asking.communicate(timeout=SECONDS)
        assert (asking.returncode, b"All passed" in out, err) == (0, True, b"")
        until(lambda: is_gone(pid) and all(map(is_gone, behind)))
        return  # who asked judged by itself, and has left another
    until(lambda: is_gone(pid) and all(map(is_gone, behind)))
    assert list(home.runtime.glob("grade-kit/*")) == []


@pytest.mark.parametrize(
    ("at_a_terminal", "variable", "left"), [(True, "", 1), (True, "0", 0), (True, "off", 0), (False, "", 0), (False, "30", 1)]
)
def test_it_waits_where_somebody_sits_unless_switched_off(home: Home, at_a_terminal: bool, variable: str, left: int) -> None:
    """A script or a CI gets none, unless it asks for one."""
    env = {**home.env, "GRADE_WARM": variable}
    if at_a_terminal:
        master, theirs = pty.openpty()
        streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
        done = subprocess.run(home.command(), cwd=home.folder, env=env, **streams, timeout=SECONDS, check=False)
        os.close(theirs)
        os.close(master)
    else:
        done = subprocess.run(home.command(), cwd=home.folder, env=env, capture_output=True, timeout=SECONDS, check=False)
    assert done.returncode == 0
    if left:
        home.pid()
    else:
        time.sleep(1.0)
    assert len(home.sockets) == left


def test_the_staffs_own_copy_has_none(home: Home) -> None:
    """There the hidden suite lies beside; and who writes a suite changes it with each save."""
    code = """
import os, subprocess
from dataclasses import replace
from pathlib import Path
from grader import door, manifest
subprocess.Popen = lambda *command, **streams: print("started")
where = door.address(["check", "hw9"], os.environ)
door.Cold(where).done(replace(manifest.find("hw9", Path(".")), private={private}))
"""
    for private, said in (("None", "started\n"), ("Path('x')", "")):
        command = [sys.executable, "-c", code.replace("{private}", private)]
        assert subprocess.run(command, cwd=home.folder, env=home.env, capture_output=True, text=True, check=True).stdout == said


def test_the_way_to_a_judge_that_waits_imports_next_to_nothing(home: Home) -> None:
    """Each millisecond of it is in every check: the count that must not grow (tests/test_counts.py has that of a cold check)."""
    home.left()
    told = "import os, sys; e = os._exit; os._exit = lambda code: (print(*sys.modules, file=sys.stderr), e(code))"
    found = set(home.run(code=f"{told}; {COMMAND}").stderr.split())
    assert {name for name in found if name.startswith("grader")} == {"grader", "grader.door"}
    assert not found & {"click", "pytest", "json", "re", "typing", "socket", "enum", "subprocess", "pathlib", "collections", "contextlib"}


@pytest.mark.parametrize("variables", [{"GRADE_TIER": "3"}, {"PYTHONUTF8": "1"}, {"LANG": "zh_CN.UTF-8"}])
def test_another_environment_has_a_judge_of_its_own(home: Home, variables: dict[str, str]) -> None:
    home.left()
    assert home.warm(**variables).returncode != 0
    assert home.run(**variables).returncode == 0
    until(lambda: len(home.sockets) == 2)
    assert home.warm().returncode == 0


@pytest.mark.parametrize("tier", ["2", "3"])
def test_ctrl_c_stops_the_check_and_the_program(home: Home, tier: str) -> None:
    home.env["GRADE_TIER"] = tier
    pid = home.left()
    home.write(ENDLESS)
    asking = subprocess.Popen(home.command(code=ONLY_WARM.replace("'grader.cli'", "'grader.cli.check'")), cwd=home.folder, env=home.env,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")  # fmt: skip
    time.sleep(0.6)  # her program runs
    behind = family(pid)
    assert len(behind) >= (2 if tier == "2" else 1)
    asking.send_signal(signal.SIGINT)
    out, err = asking.communicate(timeout=SECONDS)
    assert (asking.returncode, out, err) == (130, "", "\nStopped.\n")
    until(lambda: is_gone(pid) and all(map(is_gone, behind)))
    home.write(RIGHT)
    assert home.run().returncode == 0


@pytest.mark.parametrize("when", ["before", "while"])
def test_a_judge_that_was_killed_costs_nothing(home: Home, when: str) -> None:
    """The command line judges by itself."""
    pid = home.left()
    if when == "before":
        os.kill(pid, signal.SIGKILL)
        until(lambda: is_gone(pid))
        assert "All passed" in home.run().stdout
    else:
        home.write(RIGHT.replace("return x + x", "import time; time.sleep(1); return x + x"))
        asking = subprocess.Popen(home.command(), cwd=home.folder, env=home.env, stdout=subprocess.PIPE, encoding="utf-8")
        [zygote] = children(pid)
        until(lambda: children(zygote))
        os.kill(pid, signal.SIGKILL)
        out, _ = asking.communicate(timeout=SECONDS)
        assert "All passed" in out
        assert asking.returncode == 0
    home.write(RIGHT)
    until(lambda: home.run(code=ONLY_WARM).returncode == 0 or home.run() is None)


def test_what_a_closed_pipe_did_not_take_is_not_told_later(home: Home) -> None:
    home.left()
    for _ in range(3):
        line = " ".join(shlex.quote(word) for word in home.command(code=ONLY_WARM))
        subprocess.run(["sh", "-c", f"{line} | true"], cwd=home.folder, env=home.env, check=True, timeout=SECONDS)
    assert json.loads(home.warm("--json").stdout)["score"] == 20


def test_nobody_reading_on_and_no_journal_change_no_exit_code(home: Home) -> None:
    home.left()
    line = " ".join(shlex.quote(word) for word in home.command(code=ONLY_WARM))
    done = subprocess.run(["sh", "-c", f"({line}; echo $? >&2) | true"], cwd=home.folder, env=home.env, capture_output=True, check=True)
    assert done.stderr == b"0\n"
    subprocess.run(["rm", "-r", home.folder / ".grade"], check=True)
    home.write("a file in the way\n", ".grade")
    cold, warm = home.cold(), home.warm()
    assert (cold.returncode, without_times(cold.stdout), cold.stderr) == (warm.returncode, without_times(warm.stdout), warm.stderr)
    assert warm.returncode == 0
    assert "will not know of this check" in warm.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
@pytest.mark.parametrize("arguments", [[], ["dubble"]])
def test_a_closed_stream_is_nobodys(home: Home, closed: str, arguments: list[str]) -> None:
    """No answer goes to a stream that she closed, nor to what took its number; the exit code is the same."""
    pid = home.left()
    line = " ".join(shlex.quote(word) for word in home.command(*arguments))
    codes = [
        subprocess.run(
            ["sh", "-c", f"{line} {closed}"], cwd=home.folder, env={**home.env, "GRADE_WARM": warm}, check=False, timeout=SECONDS
        ).returncode
        for warm in ("0", "30")
    ]
    assert codes == ([2, 2] if arguments else [0, 0])
    assert home.pid() == pid


def test_one_that_is_busy_is_not_waited_for(home: Home) -> None:
    home.write((home.folder / "assignment.toml").read_text(encoding="utf-8") + "limits = { seconds = 20 }\n", "assignment.toml")
    home.left()
    home.write(RIGHT.replace("return x + x", "import time; time.sleep(4); return x + x"))
    first = subprocess.Popen(home.command(code=ONLY_WARM), cwd=home.folder, env=home.env, stdout=subprocess.PIPE, encoding="utf-8")
    time.sleep(0.5)
    second = home.run("triple", GRADE_LANG="en")
    assert first.poll() is None, "the second was not kept waiting"
    assert second.returncode == 0
    assert "All passed" in first.communicate(timeout=SECONDS)[0]


def test_a_place_that_others_may_enter_is_not_trusted(home: Home) -> None:
    """Whoever may put a socket there could answer in the judge's name."""
    home.left()
    (home.runtime / "grade-kit").chmod(0o755)
    assert home.warm().returncode != 0
    assert home.run().returncode == 0
    where = door.Address(str(home.runtime / "grade-kit"), str(home.folder), "hw9", [])
    assert door.ask(where, ["check", "hw9"]) is None


def test_a_file_of_hers_is_not_taken_for_the_librarys(home: Home) -> None:
    home.write("raise SystemExit('hers')\n", "marshal.py")
    home.write("raise SystemExit('hers')\n", "json.py")
    home.left()
    assert home.warm().returncode == 0


def test_a_package_that_she_imports_later_is_loaded_ahead_once(tmp_path: Path) -> None:
    """Her next program may import what the first did not; what forks its workers starts anew, with it."""
    allowed = MANIFEST.replace('files = ["twice.py"] }', 'files = ["twice.py"], packages = ["numpy"] }')
    plant(tmp_path, twice(allowed, SUITE.format(points=10) + TRIPLE, RIGHT))
    assignment = manifest.find("hw9", tmp_path / "hw9")

    def serve(warm: Warm) -> tuple[object, object, object]:
        found = []
        for text in (RIGHT, "import numpy\n" + RIGHT, RIGHT):
            (tmp_path / "hw9" / "twice.py").write_text(text, encoding="utf-8")
            assert warm.check(assignment, my_work(assignment), None, "en").score == 20
            found.append(warm.workers)
        return tuple(found)

    first, second, third = stay(assignment, my_work(assignment), serve)
    assert first is not second
    assert second is third, "a package more than she needs is no reason"


@pytest.mark.parametrize("tier", [1, 2, 3])
def test_a_worker_is_ready_before_she_asks(tier: int) -> None:
    """It is sealed and has no program yet; it is taken once, by a check that may use as much."""
    the_wall = wall.probe(tier)
    if the_wall.tier != tier:
        pytest.skip(f"NOT RUN: this machine gives tier {the_wall.tier}, not {tier}: {the_wall.reason}")
    program, budget = Program({"twice.py": RIGHT.encode()}, "twice"), Budget(seconds=5)
    workers = starter(the_wall, ())
    try:
        workers.prepare(budget)
        workers.prepare(budget)
        assert workers.forks == 1
        ready = workers.start(program, budget)
        assert workers.forks == 1
        assert ready.names() >= {"double", "triple"}
        ready.close()
        workers.prepare(budget)
        other = workers.start(program, Budget(seconds=6))
        assert workers.forks == 3
        assert other.budget.seconds == 6
        assert other.names() >= {"double", "triple"}
        other.close()
    finally:
        workers.close()


@pytest.mark.parametrize("line", ["run hw2", "check", "check --help", "check hw2 --watch", "check hw2 --pdb", "--lang zh check hw2", ""])
def test_only_a_check_is_asked_for(line: str) -> None:
    assert door.address(line.split(), {}) is None
    assert door.address(["check", "hw2"], {"HOME": "/h"}) is not None


def test_a_folder_with_a_name_too_long_has_none(home: Home) -> None:
    deep = home.runtime / ("x" * 90)
    deep.mkdir()
    assert home.run(XDG_RUNTIME_DIR=str(deep)).returncode == 0
    assert list(deep.iterdir()) == []
