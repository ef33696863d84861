"""Where each millisecond goes, from samples of the kit's own processes, beside the floor: the bodies alone in one warm process."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench import kit, suite, work
from bench.measure import Contender

SAMPLING = str(Path(__file__).with_name("sampling"))
START, EXIT, IDLE = "start of Python", "exit", "idle"
# Where a sample belongs: the first of these that a frame matches, looked up from the innermost frame outwards.
PLACES = (
    ("imports", ("<frozen importlib", "importlib/")),
    ("waiting for the student's process (fork, seal, load, her code, wire)", ("/grader/wire.py:receive", "/grader/student/line.py:_wait")),
    ("wire: packing and sending", ("/grader/wire.py", "/grader/student/line.py", "/grader/student/session.py", "/grader/student/proxy.py")),
    ("wall and worker: start and end", ("/grader/wall/", "/grader/student/process.py")),
    ("store", ("/grader/gradebook/", "/sqlalchemy/", "/grader/batch/originals.py")),
    ("intake", ("/grader/intake/", "/grader/manifest.py", "/grader/batch/plan.py", "/grader/seeds.py")),
    ("tutor", ("/grader/tutor/",)),
    ("bodies: the suite's own lines", ("/tests/test_", "/hidden/", "/tests/says.py")),
    ("judge: pytest and verdicts", ("/_pytest/", "/pluggy/", "/grader/judge/")),
    ("report and command line", ("/grader/cli/", "/grader/reports/", "/click/", "/rich/", "/grader/journal.py", "/grader/practice/")),
)
_WAITING = (":select", ":poll", "threading.py:wait", "queue.py:get", "subprocess.py:_wait", "/grader/batch/local.py:results")


@dataclass(frozen=True, slots=True)
class Share:
    """Milliseconds of one kind of work."""

    what: str
    one: float
    of_many: float


def profile(size: int = 24, repeats: int = 5) -> tuple[list[Share], float, float]:
    """Return the shares of one ``grade check`` (median run) and of one submission of a class, and both totals in milliseconds."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        check = kit.check(folder / "check", work.reference(), tier=1)
        runs = sorted((_shares(check, folder / "one") for _ in range(repeats)), key=lambda shares: sum(shares.values()))
        one = runs[repeats // 2]
        many = _shares(kit.many(folder / "many", work.programs(size), workers=1), folder / "samples", apart=True)
    per = {what: spent / size for what, spent in many.items()}
    names = [START, *(name for name, _ in PLACES), "other", EXIT]
    shares = [Share(name, one.get(name, 0.0), per.get(name, 0.0)) for name in names]
    return shares, sum(one.values()), sum(spent for what, spent in per.items() if what != IDLE)


def _shares(contender: Contender, samples: Path, *, apart: bool = False) -> dict[str, float]:
    """Run *contender* sampled; return milliseconds by place. *apart*: judges are processes of their own, so waiting for one is idle."""
    samples.unlink(missing_ok=True)
    contender.clean()
    env = {**contender.env, "PYTHONPATH": SAMPLING, "BENCH_SAMPLES": str(samples)}
    with open(contender.output or os.devnull, "wb") as out:
        began = time.monotonic_ns()
        process = subprocess.Popen(contender.command, cwd=contender.cwd, env=env, stdout=out, stderr=subprocess.DEVNULL)
        code = process.wait()
        ended = time.monotonic_ns()
    if code not in (0, 1):
        raise SystemExit(f"bench: the sampled run ended with status {code}")
    spent: dict[str, float] = defaultdict(float)
    last: dict[str, int] = {}
    main = str(process.pid)
    with open(samples, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            pid, at, frames = line.rstrip("\n").split(" ", 2)
            if frames == "START":
                spent[START] += (int(at) - began) / 1e6 if pid == main else 0.0
            else:
                spent[_place(frames.split("|"), apart)] += (int(at) - last[pid]) / 1e6
            last[pid] = int(at)
    spent[EXIT] += (ended - last[main]) / 1e6
    return spent


def _place(frames: Iterable[str], apart: bool) -> str:
    frames = list(frames)
    for frame in frames:
        if frame.endswith(":<module>"):
            continue  # a module's own lines run while it is imported
        for name, parts in PLACES:
            if any(part in frame for part in parts):
                if apart and name not in (PLACES[1][0], PLACES[3][0]) and any(part in inner for inner in frames[:3] for part in _WAITING):
                    return IDLE
                return name
    return IDLE if apart and any(part in frame for frame in frames[:3] for part in _WAITING) else "other"


def bodies(repeats: int = 20) -> float:
    """Return the milliseconds of all bodies on the reference in one warm process, garbage collector off: the median of *repeats*."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        suite.bodies(folder)
        (folder / f"{work.MODULE}.py").write_text(work.reference(), encoding="utf-8")
        return _timed(folder, _BODIES.format(module=work.MODULE, repeats=repeats))


def steps(repeats: int = 20) -> list[tuple[str, float]]:
    """Return what the parts cost that no grader with processes and a wall can do without, in milliseconds."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        found = [
            ("a Python that does nothing", _command([work.PYTHON, "-I", "-S", "-c", "pass"], repeats)),
            ("a fork of a small process, and its end", _timed(folder, _FORK.format(repeats=repeats))),
            ("one durable row in SQLite (WAL, one fsync)", _timed(folder, _STORE.format(repeats=repeats))),
        ]
        wall = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"]
        with contextlib.suppress(OSError):  # no bubblewrap here
            found.append(("bubblewrap around a program that does nothing", _command(wall, repeats)))
    return found


def _command(command: list[str], repeats: int) -> float:
    costs = []
    for _ in range(repeats):
        started = time.perf_counter()
        if subprocess.run(command, capture_output=True, check=False).returncode:
            raise OSError(f"{command[0]} failed")
        costs.append(1000 * (time.perf_counter() - started))
    return sorted(costs)[repeats // 2]


def _timed(folder: Path, script: str) -> float:
    done = subprocess.run([sys.executable, "-c", _CLOCK + script], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"bench: {done.stderr[-1000:]}")
    return float(done.stdout)


_CLOCK = """\
import sys, time
sys.path.insert(0, ".")
def median(call, repeats):
    costs = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        costs.append(1000 * (time.perf_counter() - started))
    print(sorted(costs)[repeats // 2])
"""
_BODIES = """\
import gc
import bodies
import {module}
gc.disable()
student = bodies.student(vars({module}))
median(lambda: [check(student) for check in bodies.CHECKS.values()], {repeats})
"""
_FORK = """\
import os
def fork():
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
median(fork, {repeats})
"""
_STORE = """\
import sqlite3
book = sqlite3.connect("x.sqlite")
book.execute("pragma journal_mode=wal")
book.execute("pragma synchronous=full")
book.execute("create table t (x)")
def append():
    book.execute("insert into t values (1)")
    book.commit()
median(append, {repeats})
"""
