"""One worker serves the public suite as long as it behaves; each hidden check has a fresh one; what is compiled once serves them all."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from grader import judge, manifest, wall
from grader.judge import breakit
from grader.model import Grade, Submission
from grader.student import device
from grader.student.embryo import Embryo, Unborn
from grader.student.errors import StudentError, WorkerGone
from grader.student.line import Budget, Program, Worker
from grader.student.plain import WORKER
from grader.student.process import Starter, starter
from grader.student.proxy import Student
from grader.student.session import Session

CHECKS = ("calls", "process", "depth", "words", "end", "calls_again", "process_again", "depth_again", "late", "calls_last")
MANIFEST = """\
name = "hw1"
title = "What is left from check to check"
submit = {{ module = "program", files = ["program.py"], packages = [] }}
stage = [{{ name = "all", part = "solution", public = 20, hidden = 80 }}]
limits = {{ seconds = 0.4, total = 20, memory = {memory} }}
"""
SUITE = '''\
import pytest


@pytest.mark.stage("all", points={points})
@pytest.mark.parametrize("name", {checks})
def test_it(student, name):
    """What is left."""
    assert student.value(getattr(student, name.removesuffix("_again").removesuffix("_last"))()) == 1
'''
PROGRAM = """\
import sys
import os

seen = []


def calls():
    '''How often this module's own list was written to.'''
    seen.append(1)
    return len(seen)


def process():
    '''How often this process was asked: its `sys` outlives the module.'''
    sys.asked = getattr(sys, "asked", 0) + 1
    return sys.asked


def depth():
    sys.setrecursionlimit(5000)
    return 1


def words():
    print("only here")
    return 1


def end():
    os._exit(3)


def late():
    while True:
        pass
"""


def graded(
    folder: Path, suites: list[str], tier: int, program: str = PROGRAM, *, memory: int = 512, suite: str = SUITE, hers: str = ""
) -> tuple[Grade, Starter]:
    """Grade the program with the suites; return what came out and what started the workers."""
    for place, points in (("assignments/hw1/tests", 2), ("solutions/hw1/hidden", 8)):
        (folder / place).mkdir(parents=True, exist_ok=True)
        (folder / place / "test_all.py").write_text(suite.format(checks=CHECKS, points=points), encoding="utf-8")
    (folder / "assignments/hw1/assignment.toml").write_text(MANIFEST.format(memory=memory), encoding="utf-8")
    the_wall = wall.probe(tier)
    if the_wall.tier != tier:
        pytest.skip(f"NOT RUN: this machine gives tier {the_wall.tier}, not {tier}: {the_wall.reason}")
    assignment = manifest.load(folder / "assignments/hw1", folder / "solutions/hw1")
    workers = starter(the_wall, assignment.packages)
    try:
        submission = Submission("s", {"program.py": program.encode(), "break_it.py": hers.encode()}, "sha256:0")
        return judge.with_suite(assignment, suites, lambda: workers, lambda bench: bench.grade(submission)), workers
    finally:
        workers.close()


def outcomes(grade: Grade) -> dict[str, str]:
    return {verdict.id.partition("[")[2].rstrip("]"): verdict.outcome.value for verdict in grade.verdicts}


@pytest.mark.parametrize("tier", [1, 2, 3])
def test_public_checks_share_a_worker_until_it_misbehaves(tmp_path: Path, tier: int) -> None:
    """The module is loaded afresh for each; a crash or a time-out costs one check and one worker, no more."""
    grade, workers = graded(tmp_path, ["public"], tier)
    ends = outcomes(grade)
    assert ends.pop("end") == "CRASH"
    assert ends.pop("late") == "TIMEOUT"
    assert set(ends.values()) == {"PASS"}
    assert workers.forks == 3  # until the crash, until the time-out, and for the last


def test_a_shared_worker_is_one_process(tmp_path: Path) -> None:
    """What a public check leaves in the process itself is seen by the next: that is what sharing means, and only there."""
    grade, _ = graded(tmp_path, ["public"], 2, PROGRAM.replace("def depth():", "def depth():\n    return process() - 1\n\n\ndef spare():"))
    assert outcomes(grade)["depth"] == "PASS"  # asked second in a process that `process` asked first


@pytest.mark.parametrize("tier", [1, 2])
def test_each_hidden_check_has_a_worker_of_its_own(tmp_path: Path, tier: int) -> None:
    grade, workers = graded(
        tmp_path, ["hidden"], tier, PROGRAM.replace("def depth():", "def depth():\n    return process()\n\n\ndef spare():")
    )
    ends = outcomes(grade)
    assert (ends.pop("end"), ends.pop("late")) == ("CRASH", "TIMEOUT")
    assert set(ends.values()) == {"PASS"}
    assert workers.forks == len(CHECKS)


def test_what_is_printed_belongs_to_its_check(tmp_path: Path) -> None:
    grade, _ = graded(tmp_path, ["public", "hidden"], 2)
    printed = {verdict.id: verdict.output for verdict in grade.verdicts if verdict.output}
    assert printed == {f"{suite}/test_all.py::test_it[words]": "only here\n" for suite in ("public", "hidden")}


def test_a_traceback_quotes_her_lines_from_compiled_code_too(tmp_path: Path) -> None:
    """The second worker has never compiled her file, and says the same."""
    grade, _ = graded(tmp_path, ["hidden"], 2, PROGRAM.replace("return len(seen)", "return len(seen) + None  # here"))
    traces = [verdict.traceback for verdict in grade.verdicts if "calls" in verdict.id]
    assert len(traces) == 3
    assert all('File "program.py", line 10, in calls' in trace and "return len(seen) + None  # here" in trace for trace in traces)


def test_the_recursion_limit_is_back_for_the_next_check(tmp_path: Path) -> None:
    """Else a program would pass because of the check before."""
    deep = PROGRAM.replace("def words():", "def words():\n    return int(sys.getrecursionlimit() < 5000)\n\n\ndef spare():")
    grade, _ = graded(tmp_path, ["public"], 2, deep)
    assert outcomes(grade)["words"] == "PASS"


SEARCH = """\
import gc
import sys


def look():
    '''Search all that can be reached from the frames below and from the collector for another's secret.'''
    word = "".join(reversed("rehtona-yb-tpek"))
    secret = word.encode()
    pending, seen = [], set()
    frame = sys._getframe()
    while frame is not None:
        pending += [frame.f_locals, frame.f_globals]
        frame = frame.f_back
    pending += gc.get_objects()
    found = 0
    while pending:
        thing = pending.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if thing is word or thing is secret:
            continue
        if isinstance(thing, (bytes, bytearray)) and secret in thing:
            found += 1
        elif isinstance(thing, str) and word in thing:
            found += 1
        else:
            pending += gc.get_referents(thing)
    return [found, len(seen) > 10_000]
"""


@pytest.mark.parametrize("tier", [1, 2])
def test_no_program_passes_through_the_process_that_the_next_is_forked_from(tmp_path: Path, tier: int) -> None:
    """Whatever the zygote held, each of its children could read: another's hand-in, and ours that her tests are tried on."""
    the_wall = wall.probe(tier)
    if the_wall.tier != tier:
        pytest.skip(f"NOT RUN: this machine gives tier {the_wall.tier}, not {tier}: {the_wall.reason}")
    workers = starter(the_wall, ())
    try:
        another = Program({"program.py": b"SECRET = 'kept-by-another'\n"}, "program")
        for _ in range(3):
            first = workers.start(another, Budget(), often=True)
            assert "SECRET" in first.names()
            first.close()
        searching = Program({"program.py": SEARCH.encode()}, "program")
        for _ in range(2):  # a fork of the zygote, and one of its own embryo
            second = workers.start(searching, Budget(seconds=10.0), often=True)
            names = second.names()
            session = Session(second)
            assert Student(session, names).look() == [0, True]
            second.close()
        assert workers.embryos == 2
    finally:
        workers.close()


ALIKE = """\
import os
import random

seen = []
parent = os.getppid()
drawn = random.random()


def calls():
    seen.append(1)
    return len(seen)


def end():
    print("bye")
    os._exit(3)
"""


@pytest.mark.parametrize("tier", [1, 2])
def test_a_worker_of_an_embryo_is_like_any_other(tier: int) -> None:
    """It knows nothing of the worker before it, prints, ends by itself with its own status, and stands behind the same layers."""
    the_wall = wall.probe(tier)
    if the_wall.tier != tier:
        pytest.skip(f"NOT RUN: this machine gives tier {the_wall.tier}, not {tier}: {the_wall.reason}")
    program, workers = Program({"program.py": ALIKE.encode()}, "program"), starter(the_wall, ())
    found = []
    try:
        for often in (False, True, True):
            worker = workers.start(program, Budget(), often=often)
            student = Student(Session(worker), worker.names())
            alike = [worker.layers, student.value(student.parent), student.value(student.drawn), student.value(student.calls())]
            with pytest.raises(WorkerGone, match="exit status 3"):
                student.value(student.end())
            assert worker.output == "bye\n"
            found.append(alike)
        assert found[0] == found[1] == found[2]
        assert (workers.forks, workers.embryos) == (3, 1)
        workers.sweep()
        worker = workers.start(program, Budget(seconds=1.5), often=True)  # another budget, another embryo
        assert "seen" in worker.names()
        worker.close()
        assert workers.embryos == 2
    finally:
        workers.close()


def test_workers_that_an_embryo_owes_when_it_dies_are_unborn_each() -> None:
    """Two were asked for, and the judge hung up before it waited: it hears then that there is none, and no fault of ours."""
    ours, theirs = socket.socketpair()
    reading, writing = os.pipe()
    embryo = Embryo(ours, Program({"program.py": b"answer = 1\n"}, "program"), 0)
    owed = [embryo.fork(lambda pid: None, [writing]) for _ in range(2)]
    theirs.close()
    embryo.close()
    for pending in owed:
        with pytest.raises(Unborn):
            pending.wait()
    for fd in (reading, writing):
        os.close(fd)


def test_the_zygote_ends_none_but_its_own_children() -> None:
    """A number that once was a worker's may be another process's by the time that it is told."""
    the_wall = wall.probe(2)
    if the_wall.tier != 2:
        pytest.skip(f"NOT RUN: this machine gives tier {the_wall.tier}, not 2: {the_wall.reason}")
    workers = starter(the_wall, ())
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as stranger:
        try:
            workers.end_soon(stranger.pid, lambda: None)
            workers.end_now()
            worker = workers.start(Program({"program.py": b"answer = 1\n"}, "program"), Budget())
            assert "answer" in worker.names()  # so it has heard what came before
            worker.close()
            assert stranger.poll() is None
        finally:
            workers.close()
            stranger.kill()


def test_what_a_check_leaves_behind_does_not_count_for_the_next(tmp_path: Path) -> None:
    """Each check keeps a third of the memory in a circle of its module's; together they would not fit."""
    hoard = PROGRAM.replace("seen = []", "seen = []\nhoard = [bytearray(90 << 20)]\nhoard.append(hoard)").replace("os._exit(3)", "return 1")
    (tmp_path / "course").mkdir()
    grade, _ = graded(tmp_path / "course", ["public"], 2, hoard.replace("while True:\n        pass", "return 1"), memory=256)
    assert {name for name, end in outcomes(grade).items() if end != "PASS"} == {"process_again"}  # one process, asked twice


def test_a_worker_that_cannot_be_sealed_is_our_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of hers has run: the check is a FAULT, and no zero."""
    ours = wall.policy
    monkeypatch.setattr(wall, "policy", lambda *args, **kwargs: {**ours(*args, **kwargs), "landlock": False})
    grade, _ = graded(tmp_path, ["hidden"], 2)
    assert grade.status == "fault"
    assert "grade doctor" in grade.message


def kill_the_workers() -> list[int]:
    """End every worker forked below this process, as an operator or a machine without memory might; return their numbers."""
    killed = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # other tests' servers have children too, which come and go
            command, parent = process.cmdline(), process.parent()
            if command[-3:-2] == [str(WORKER)] and process.name() != "bwrap" and parent is not None and parent.cmdline() == command:
                process.kill()  # a fork of the zygote has the zygote's command line
                killed.append(process.pid)
    return killed


KILLS = '''\
import pytest
from test_workers import kill_the_workers

killed = []


@pytest.mark.stage("all", points={points} * 2)
@pytest.mark.parametrize("name", ["first", "second", "once", "always", "last"])
def test_it(student, name):
    """A kill, when the program has an embryo, of that too."""
    assert student.value(student.calls()) == 1
    if name == "always" or name == "once" and not killed:
        killed.extend(kill_the_workers())
        assert killed
    assert student.value(student.calls()) == 2
'''


@pytest.mark.parametrize("tier", [1, 2])
def test_a_kill_from_outside_is_nobodys_zero(tmp_path: Path, tier: int) -> None:
    """The check is tried once more; what dies each time stays a crash, and nothing is tried for ever."""
    grade, _ = graded(tmp_path, ["hidden"], tier, suite=KILLS)
    assert outcomes(grade) == {"first": "PASS", "second": "PASS", "once": "PASS", "always": "CRASH", "last": "PASS"}
    assert grade.status == "graded"
    assert "SIGKILL" in grade.verdicts[3].message


CATCHES = """\
import pytest


@pytest.mark.stage("all", points={points} * 10)
def test_hers(break_it):
    '''Her tests.'''
    assert break_it.failed_right() == []
    assert break_it.caught("zero")
"""
HERS = "import time\ntime.sleep(0.2)  # so that it can die while it loads\n\n\ndef test_one(student):\n    assert student.calls() == 1\n"


@pytest.mark.parametrize("moment", ["look", "pair"])
def test_a_kill_beside_her_own_tests_is_nobodys_zero(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    """Her tests and the program that they try die once of somebody else's hand; both are asked again."""
    for kind, name, answer in (("wrong", "zero", 0), ("right", "right", 1)):
        (tmp_path / "solutions/hw1/break" / kind).mkdir(parents=True)
        text = f"def calls():\n    return {answer}\n"
        (tmp_path / "solutions/hw1/break" / kind / f"{name}.py").write_text(text, encoding="utf-8")
    killed: list[int] = []
    ours = {"look": Worker.names, "pair": breakit._one_raises}[moment]

    def once(worker: Worker, *rest: object) -> object:
        """Kill what runs behind the wall, the first time."""
        if not killed:
            worker._control.ready()
            killed.extend(kill_the_workers())
        return ours(worker, *rest)

    monkeypatch.setattr(*((Worker, "names") if moment == "look" else (breakit, "_one_raises")), once)
    grade, _ = graded(tmp_path, ["hidden"], 2, suite=CATCHES, hers=HERS)
    assert killed
    assert [(verdict.outcome.value, verdict.message) for verdict in grade.verdicts] == [("PASS", "")]


def test_a_program_cannot_make_itself_our_fault(tmp_path: Path) -> None:
    """The same exit status from her own module is a crash of hers."""
    grade, _ = graded(tmp_path, ["hidden", "public"], 2, "import os\nprint('worker: OSError')\nos._exit(70)\n")
    assert set(outcomes(grade).values()) == {"CRASH"}
    assert grade.status == "graded"


@pytest.mark.parametrize("end", ["raise ValueError('no')", "os._exit(3)"])
def test_a_module_that_cannot_load_keeps_its_words_and_leaves_nothing_open(tmp_path: Path, end: str) -> None:
    """What it printed stands beside each check that loaded it; and each of those workers is hung up on."""
    before = len(os.listdir("/proc/self/fd"))
    grade, _ = graded(tmp_path, ["public", "hidden"], 2, f"import os\nprint('on the way')\n{end}\n")
    assert {verdict.output for verdict in grade.verdicts} == {"on the way\n", ""}
    assert sum(bool(verdict.output) for verdict in grade.verdicts) == 3  # then the rest fails unasked
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_check_with_a_device_is_forked_from_a_process_of_its_own():
    """All others come from one that never had a device; the second starts when it is needed, and both end."""
    the_wall = wall.probe()
    if the_wall.tier == 3:
        pytest.skip("NOT RUN, THE WALL IS UNPROVEN HERE: tier 3 has no zygote")
    workers, running = starter(the_wall, (), cuda=True), []
    try:
        for cuda in (False, True, False, False):
            worker = workers.start(Program({"m.py": b"answer = 1\n"}, "m"), Budget(seconds=20, cuda=cuda))
            assert "answer" in worker.names()
            worker.close()
            running.append(len(workers._running))
        ended = [zygote._process for zygote in workers._running]
        assert (running, [zygote.forks for zygote in workers._running]) == ([1, 2, 2, 2], [3, 1])
        assert workers.alive()
    finally:
        workers.close()
    assert all(process.poll() is not None for process in ended)


GATHERS = """
import sys
sys.path.insert(0, sys.argv[1])
from grader.worker import pages

def huge():
    with open("/proc/self/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("AnonHugePages"))

kept = [bytes([i % 251]) * 3000 for i in range(30_000)]
before = huge()
pages.gather()
print(before, huge(), all(kept[i] == bytes([i % 251]) * 3000 for i in range(30_000)))
"""


def test_what_a_large_process_wrote_is_gathered_in_huge_pages_and_stays_what_it_was():
    """A fork copies one entry for 512 pages: with torch loaded that is most of its price."""
    setting = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    if not setting.is_file() or "[never]" in setting.read_text(encoding="ascii"):
        pytest.skip("NOT RUN: this kernel has no huge pages for programs")
    done = subprocess.run([sys.executable, "-c", GATHERS, str(WORKER.parents[2])], capture_output=True, text=True, check=True)
    before, after, intact = done.stdout.split()
    assert intact == "True"
    if tuple(int(part) for part in re.findall(r"\d+", os.uname().release)[:2]) >= (6, 1):  # an older one does not gather when asked
        assert int(after) > int(before)


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("tier", [1, 2, 3])
def test_packages_may_lie_elsewhere_than_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tier: int, linked: bool) -> None:
    """``pip install --user`` puts them into the user's home; nothing beside them there can be read."""
    name = f"elsewhere{tier}{linked}"
    site = tmp_path / "lib" / "site-packages"
    about = site / f"{name}-1.0.dist-info"
    about.mkdir(parents=True)
    (site / f"{name}.py").write_text("ANSWER = 42\n", encoding="utf-8")
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    (about / "RECORD").write_text(f"{name}.py,,\n{name}-1.0.dist-info/METADATA,,\n", encoding="utf-8")
    (site / "other.txt").write_text("not hers", encoding="utf-8")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "site-packages").symlink_to(site)
    monkeypatch.syspath_prepend(str(tmp_path / "linked" / "site-packages" if linked else site))
    the_wall = wall.probe(tier)
    if the_wall.tier != tier:
        pytest.skip(f"NOT RUN: no wall of tier {tier} here")
    source = f"import {name}\ndef answer():\n    return {name}.ANSWER\ndef other():\n    return open({str(site / 'other.txt')!r}).read()\n"
    workers = starter(the_wall, (name,))
    try:
        worker = workers.start(Program({"m.py": source.encode()}, "m", (name,)), Budget(seconds=20))
        student = Student(Session(worker), worker.names())
        assert student.value(student.answer()) == 42
        if "landlock" in the_wall.layers:
            with pytest.raises(StudentError, match="PermissionError"):
                student.value(student.other())
        worker.close()
    finally:
        workers.close()


@pytest.mark.parametrize("ahead", [True, False])
@pytest.mark.parametrize("tier", [1, 2, 3])
def test_a_package_may_look_for_a_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tier: int, ahead: bool) -> None:
    """Python asks a compiler, where it finds one, with a file that cannot be written here. torch built for CUDA looks so for "dl"."""
    name = f"looks{tier}{ahead}"
    about = tmp_path / "site-packages" / f"{name}-1.0.dist-info"
    about.mkdir(parents=True)
    lines = "import ctypes.util\nctypes.util.find_library('nowhere_to_be_found')\nANSWER = 42\n"
    (about.parent / f"{name}.py").write_text(lines, encoding="utf-8")
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    (about / "RECORD").write_text(f"{name}.py,,\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(about.parent))
    the_wall = wall.probe(tier)
    if the_wall.tier != tier:
        pytest.skip(f"NOT RUN: no wall of tier {tier} here")
    workers = starter(the_wall, (name,), (name,) if ahead else ())
    try:
        worker = workers.start(Program({"m.py": f"import {name}\nANSWER = {name}.ANSWER".encode()}, "m", (name,)), Budget(seconds=20))
        student = Student(Session(worker), worker.names())
        assert student.value(student.ANSWER) == 42
        worker.close()
    finally:
        workers.close()


@pytest.mark.parametrize("tier", [1, 2])
def test_trying_a_device_in_vain_leaves_nothing_open(tier: int) -> None:
    """Where torch cannot even be imported behind the wall, say."""
    the_wall = wall.probe(tier)
    if the_wall.tier != tier:
        pytest.skip(f"NOT RUN: no wall of tier {tier} here")
    open_before = sorted(os.listdir("/proc/self/fd"))
    assert "No module named 'nowhere_to_be_found'" in device.refusal(the_wall, ("nowhere_to_be_found",))
    assert sorted(os.listdir("/proc/self/fd")) == open_before
