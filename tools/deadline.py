"""The hour before a deadline, simulated: ten thousand hand-ins on 1, 4, 16 and 64 machines. ``--write`` renews the tables of docs/SCALE.md.

First the store is measured: as many class runs as writers, each with an engine that answers at once, so that only claiming, keeping and
storing is left; on SQLite, and on PostgreSQL where its programs are installed. Then an event simulation takes that rate, the seconds that
grading takes, and hand-ins that come as they do: ever faster towards the deadline.
"""

from __future__ import annotations

import argparse
import glob
import heapq
import math
import multiprocessing
import os
import pwd
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from grader.batch.classrun import ClassRun  # noqa: E402
from grader.batch.engine import Job, Result, Setup  # noqa: E402
from grader.batch.originals import Originals  # noqa: E402
from grader.batch.plan import KIT, Entry, Scheme  # noqa: E402
from grader.gradebook import open_store  # noqa: E402
from grader.intake.admission import digest_of  # noqa: E402
from grader.model import Assignment, Grade, Limits, Outcome, Submission, Verdict  # noqa: E402
from grader.wall import Wall  # noqa: E402

CHECKS = 70  # of an attempt in the store, as many as hw2's two suites have
HOUR = 3600.0
URGENCY = 3.0  # hand-ins come e^3 times as fast at the deadline as an hour before
MACHINES = (1, 4, 16, 64)
PAGE = ROOT / "docs" / "SCALE.md"
BEGIN, END = "<!-- tools/deadline.py: begin -->", "<!-- tools/deadline.py: end -->"
ASSIGNMENT = Assignment("hw1", Path(), None, "", "", "m", ("m.py",), (), (), (), Limits(), ())
SCHEME = Scheme(Setup(ASSIGNMENT, ("public", "hidden"), Wall(1, ())), b"key", "suite")


# The store


class Instant:
    """An engine that has graded everything already."""

    def __init__(self) -> None:
        self._jobs: deque[Job] = deque()

    def submit(self, job: Job) -> None:
        self._jobs.append(job)

    def results(self) -> Iterator[Result | None]:
        while self._jobs:
            job = self._jobs.popleft()
            yield Result(job, _grade(job))

    def close(self) -> None:
        self._jobs.clear()


def _grade(job: Job) -> Grade:
    verdicts = tuple(
        Verdict(f"hidden/test_x.py::test_{n}", "s", f"Concept {n}.", "概念", Outcome.PASS, 1.0, 1.0, 0.01) for n in range(CHECKS)
    )
    sub = job.submission
    return Grade("hw1", sub.student, sub.digest, ("public", "hidden"), "suite", "graded", 1, "cpu", job.seed, verdicts, 0.4, versions=KIT)


def _entry(student: str) -> Entry:
    files = {"m.py": f"# {student}\n".encode() * 100}
    submission = Submission(student, files, digest_of(files), "2026-01-01T00:00:00+00:00")
    return Entry(student, "", SCHEME.work(student, submission.digest, SCHEME.seed(submission)), submission.digest, lambda: submission)


@dataclass(frozen=True, slots=True)
class Load:
    """What the store is measured with: attempts in all, attempts that it holds already, and judges of each run."""

    size: int
    before: int
    slots: int = 8


def _writer(url: str, folder: str, writer: int, load: Load, talk: tuple[Any, Any]) -> None:
    gate, times = talk
    entries = [_entry(f"{writer}-{number}") for number in range(load.size)]
    with open_store(url, wait=60) as book:
        run = ClassRun(SCHEME, book, Originals(Path(folder)), Instant(), ahead=3 * load.slots)
        gate.wait()
        started = time.time()
        for _ in run.steps(entries):
            pass
        times.put((started, time.time()))


def rate(url: str, folder: Path, writers: int, load: Load) -> float:
    """Return attempts a second that *writers* runs store together, in a store that holds some already."""
    with open_store(url, wait=60) as book:
        for number in range(load.before):
            job = Job("", _entry(f"old-{number}").load(), 0)
            book.append(_grade(job), handed_in=job.submission.instant)
    spawn = multiprocessing.get_context("spawn")
    gate, times = spawn.Barrier(writers), spawn.Queue()
    each = Load(load.size // writers, load.before, load.slots)
    runs = [spawn.Process(target=_writer, args=(url, str(folder), writer, each, (gate, times))) for writer in range(writers)]
    for run in runs:
        run.start()
    found = [times.get(timeout=600) for _ in runs]
    for run in runs:
        run.join()
    return each.size * writers / (max(end for _, end in found) - min(start for start, _ in found))


@contextmanager
def postgresql() -> Iterator[str | None]:
    """Run a private PostgreSQL, durable as it ships, on a socket of its own; yield a store's URL, or None where there is none."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), reverse=True) or [path for path in (shutil.which("initdb"),) if path]
    if not found:
        yield None
        return
    home = Path(tempfile.mkdtemp(prefix="grade-pg-"))
    user = None
    if os.geteuid() == 0:
        user = "postgres" if any(entry.pw_name == "postgres" for entry in pwd.getpwall()) else "nobody"
        os.chown(home, pwd.getpwnam(user).pw_uid, -1)

    def run(program: str, *words: str) -> None:
        subprocess.run([str(Path(found[0]).parent / program), *words], user=user, check=True, stdout=subprocess.DEVNULL, cwd=home)

    data = str(home / "data")
    run("initdb", "-A", "trust", "-U", "grade", "-E", "UTF8", "--locale=C", "-D", data)
    run("pg_ctl", "-w", "-D", data, "-l", str(home / "log"), "-o", f"-k {home} -c listen_addresses=''", "start")
    try:
        yield f"postgresql://grade@/postgres?host={home}"
    finally:
        run("pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(home)


# The hour


@dataclass(frozen=True, slots=True)
class Hour:
    """What became of one simulated hour. Waiting is from the hand-in to the grade; times in seconds, ``cleared`` after the deadline."""

    machines: int
    longest: int
    median: float
    late: float
    worst: float
    cleared: float
    judges_busy: float
    store_busy: float


def arrivals(hand_ins: int, draw: random.Random) -> list[float]:
    """Return the instants of the hand-ins within the hour, denser and denser: the rate grows by e^URGENCY."""
    top = math.expm1(URGENCY)
    return sorted(HOUR * math.log1p(draw.random() * top) / URGENCY for _ in range(hand_ins))


def simulate(came: list[float], machines: int, judges: int, seconds: float, store: float) -> Hour:
    """Simulate hand-ins that *came* at these instants: one queue, *machines* times *judges* judges, one store.

    The store takes *store* attempts a second, one after the other.

    Grading takes *seconds* in the mean, exponentially spread: some programs loop until their time is up.
    """
    draw = random.Random(1)
    free = [0.0] * (machines * judges)  # when each judge is free
    heapq.heapify(free)
    store_free, waited, done, graded = 0.0, [], [], 0.0
    for instant in came:
        start = max(instant, heapq.heappop(free))
        took = draw.expovariate(1 / seconds)
        end = start + took
        heapq.heappush(free, end)
        graded += took
        done.append((end, instant))
    for end, instant in sorted(done):
        store_free = max(store_free, end) + 1 / store
        waited.append(store_free - instant)
    waited.sort()
    span = max(HOUR, store_free) - came[0]
    return Hour(
        machines,
        _longest(came, [instant + wait for instant, wait in zip(came, _waits(done, store), strict=True)]),
        statistics.median(waited),
        waited[int(0.95 * len(waited))],
        waited[-1],
        max(0.0, store_free - HOUR),
        graded / (span * machines * judges),
        len(came) / store / span,
    )


def _waits(done: list[tuple[float, float]], store: float) -> list[float]:
    """Return each hand-in's waiting time, in the order of the hand-ins."""
    free, by_instant = 0.0, []
    for end, instant in sorted(done):
        free = max(free, end) + 1 / store
        by_instant.append((instant, free - instant))
    return [wait for _, wait in sorted(by_instant)]


def _longest(came: list[float], left: list[float]) -> int:
    """Return how many hand-ins were without a grade at the worst moment."""
    events = sorted([(instant, 1) for instant in came] + [(instant, -1) for instant in left])
    now = most = 0
    for _, step in events:
        now += step
        most = max(most, now)
    return most


# The tables


def store_table(load: Load) -> tuple[str, dict[str, float]]:
    """Measure and return (a Markdown table, the best rate of each kind of store)."""
    lines, best = ["| store | class runs at once | attempts/s |", "|---|---|---|"], {}
    with tempfile.TemporaryDirectory() as made:
        for writers in (1, 2, 4):
            found = rate(str(Path(made) / f"{writers}.sqlite"), Path(made) / f"kept{writers}", writers, load)
            best["SQLite"] = max(found, best.get("SQLite", 0.0))
            lines.append(f"| SQLite | {writers} | {found:.0f} |")
        for writers in (1, 2, 4):
            with postgresql() as url:
                if url is None:
                    lines.append("| PostgreSQL | | not installed here, so not measured |")
                    break
                found = rate(url, Path(made) / f"pg{writers}", writers, load)
                best["PostgreSQL"] = max(found, best.get("PostgreSQL", 0.0))
                lines.append(f"| PostgreSQL | {writers} | {found:.0f} |")
    return "\n".join(lines), best


def hour_table(came: list[float], judges: int, seconds: float, store: float) -> str:
    heads = ("machines", "longest queue", "median wait", "95 % wait at most", "longest wait", "last grade after the deadline")
    lines = [f"| {' | '.join((*heads, 'judges busy', 'store busy'))} |", "|---" * (len(heads) + 2) + "|"]
    for machines in MACHINES:
        h = simulate(came, machines, judges, seconds, store)
        busy = f"{100 * h.judges_busy:.0f} % | {100 * h.store_busy:.0f} %"
        waits = " | ".join(_time(value) for value in (h.median, h.late, h.worst, h.cleared))
        lines.append(f"| {machines} | {h.longest} | {waits} | {busy} |")
    return "\n".join(lines)


def _time(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 100 * 60 else f"{seconds / 3600:.1f} h"


def report(options: argparse.Namespace) -> str:
    """Return the measured rates and the simulated hours in Markdown."""
    parts, store = [], options.store
    if not store:
        load = os.getloadavg()[0]
        table, best = store_table(Load(options.size, options.before))
        store = best["SQLite"]
        warned = ": **the machine was not idle, so these rates are too small**" if load > 0.5 else ""
        holds = f"The store held {options.before} attempts of {CHECKS} checks before."
        parts += [f"{os.cpu_count()} cores, load average {load:.1f} before{warned}. {holds}", table]
    else:
        parts.append(f"The store's rate, {store:.0f} attempts/s, is assumed here; `make deadline` on a quiet machine measures it.")
    draw = random.Random(1)
    for words, came in (
        ("graded as they come", arrivals(options.hand_ins, draw)),
        ("all collected at the deadline", [HOUR] * options.hand_ins),
    ):
        for seconds in options.seconds or (0.5, 30.0):
            each = f"{seconds:g} s of grading each, {options.judges} judges a machine, a store of {store:.0f} attempts/s"
            parts += [f"**{options.hand_ins:,} hand-ins, {words}**; {each}:", hour_table(came, options.judges, seconds, store)]
    return "\n\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hand-ins", type=int, default=10_000)
    parser.add_argument("--judges", type=int, default=8, help="on one machine")
    parser.add_argument("--seconds", type=float, action="append", help="of one grading; again for several (default: 0.5 and 30)")
    parser.add_argument("--size", type=int, default=1000, help="attempts to measure the store with")
    parser.add_argument("--before", type=int, default=5000, help="attempts that the store holds already")
    parser.add_argument("--store", type=float, help="attempts a second: do not measure")
    parser.add_argument("--write", action="store_true", help=f"into {PAGE.relative_to(ROOT)}, in the place of what stands there")
    options = parser.parse_args()
    text = report(options)
    if not options.write:
        print(text)
        return
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    print(f"deadline: wrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
