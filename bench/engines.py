"""What an engine costs on top of grading: jobs out, results back, each stored; on this machine and over a Dask cluster on loopback."""

from __future__ import annotations

import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import work
from bench.page import Aim
from grader import manifest, wall
from grader.batch.classrun import ClassRun
from grader.batch.cluster import DaskEngine
from grader.batch.engine import Engine, Setup
from grader.batch.local import LocalEngine
from grader.batch.originals import Originals
from grader.batch.plan import Scheme, hand_ins
from grader.gradebook import open_store

LOCAL, DASK = "grade run", "grade run over Dask"
AIMS = {LOCAL: 10.0, DASK: 25.0}  # ms an attempt
SCALING = 1.8  # two workers against one


@dataclass(frozen=True, slots=True)
class Ran:
    """One class: seconds from the first result to the last, divided by the results after the first, and what a judge spent on one."""

    engine: str
    workers: int
    gap: float
    grading: float

    @property
    def overhead(self) -> float:
        """Milliseconds an attempt in which a judge did not grade."""
        return 1000 * (self.gap * self.workers - self.grading)


def rows(size: int, rounds: int) -> list[Ran]:
    """Return one row for each engine with one and with two workers: the median round of *rounds*, interleaved."""
    found: dict[tuple[str, int], list[Ran]] = {}
    with tempfile.TemporaryDirectory() as made:
        folder = work.class_folder(Path(made) / "class", {f"s{n:04}": f"{work.reference()}\n# {n}\n" for n in range(size)})
        for _ in range(rounds):
            for workers in (1, 2):
                found.setdefault((LOCAL, workers), []).append(_round(folder, workers))
                with cluster(workers) as address:
                    found.setdefault((DASK, workers), []).append(_round(folder, workers, address))
    return [sorted(rounds_, key=lambda ran: ran.gap)[len(rounds_) // 2] for rounds_ in found.values()]


def _round(folder: Path, workers: int, address: str = "") -> Ran:
    name = DASK if address else LOCAL
    setup = Setup(manifest.find(work.HOMEWORK, work.ROOT), ("public", "hidden"), wall.probe())
    scheme = Scheme.of(setup, b"bench")
    engine: Engine = DaskEngine(setup, address, scheme.suite_hash) if address else LocalEngine(setup, workers)
    came, seconds = [], []
    with tempfile.TemporaryDirectory() as stores, open_store(f"{stores}/grades.sqlite") as book:
        run = ClassRun(scheme, book, Originals(Path(stores) / "kept"), engine, ahead=max(16, 8 * workers))
        for step in run.steps(hand_ins(folder, scheme)):
            if step.grade is not None:
                if step.grade.status != "graded":
                    raise SystemExit(f"bench: {name} could not grade: {step.grade.message}")
                came.append(time.perf_counter())
                seconds.append(step.grade.seconds)
    warm = 2 * workers  # until every judge has graded once
    gap = (came[-1] - came[warm - 1]) / (len(came) - warm)
    return Ran(name, workers, gap, statistics.mean(seconds[warm:]))


@contextmanager
def cluster(workers: int) -> Iterator[str]:
    """Run a scheduler and *workers* worker processes on loopback; yield the address that ``--engine`` takes."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    dask = [sys.executable, "-m", "dask"]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": work.ROOT}
    scheduler = [*dask, "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--no-show"]
    started = [subprocess.Popen(scheduler, **quiet)]
    words = ["worker", f"tcp://127.0.0.1:{port}", "--nthreads", "1", "--no-nanny", "--no-dashboard"]
    try:
        started += [subprocess.Popen([*dask, *words], **quiet) for _ in range(workers)]
        _wait(f"tcp://127.0.0.1:{port}", workers)
        yield f"dask://127.0.0.1:{port}"
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()


def _wait(address: str, workers: int) -> None:
    from distributed import Client

    with Client(address, timeout=60, set_as_default=False) as client:
        client.wait_for_workers(workers, timeout=60)


def section(found: list[Ran]) -> str:
    lines = [f"| {r.engine} | {r.workers} | {1 / r.gap:.2f} | {1000 * r.grading:.0f} | {r.overhead:.1f} |" for r in found]
    return "\n".join(
        [
            "## Engines",
            "",
            "hw2's two suites on the reference, over and over, into a fresh store; between the first results and the last, so",
            "without the start. *On top* is the time of a worker in which its judge does not grade: dispatch, records, leases, the store's",
            "commits as far as they are waited for. The cluster is a scheduler and worker processes on loopback.",
            "",
            "| | workers | submissions/s | grading, ms each | on top, ms each |",
            "|---|---|---|---|---|",
            *lines,
            "",
        ]
    )


def aims(found: list[Ran]) -> list[Aim]:
    by = {(ran.engine, ran.workers): ran for ran in found}
    made = [Aim(f"{name}, on top of grading, an attempt", by[name, 1].overhead, due, "ms") for name, due in AIMS.items()]
    return made + [
        Aim(f"{name}, two workers against one", by[name, 1].gap / by[name, 2].gap, SCALING, most=False) for name in (LOCAL, DASK)
    ]
