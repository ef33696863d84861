"""A class graded on a cluster: a real scheduler and worker processes on loopback, and whatever is killed meanwhile."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from batch_kit import (
    HAND_INS,
    HIDDEN,
    MANIFEST,
    PUBLIC,
    RIGHT,
    SCORES,
    command,
    course,
    environment,
    hand_in,
    hand_in_all,
    orphans,
    records,
    run,
)
from cluster_kit import Cluster, gone
from test_release import plant

from grader import wall
from grader.gradebook import open_store
from grader.wall.bubblewrap import cuda_devices

pytest.importorskip("distributed", reason="NOT RUN: the extra 'cluster' is not installed")
__all__ = ["course", "orphans"]  # fixtures
pytestmark = pytest.mark.skipif(wall.probe().tier > 2, reason="NOT RUN: no wall of tier 1 or 2 here")
MOMENTS = 12 if os.environ.get("GRADE_TEST_ALL") == "1" else 2
ON_GPU = '''
@pytest.mark.stage("double", points=20, zh="在 GPU 上。")
def test_on_a_gpu(student, device):
    """Twice is twice on any device."""
    assert device == "cuda"
    assert student.double(4) == 8
'''
SLOW = "import time\n\n\ndef double(number):\n    time.sleep(0.3)\n    return number + number\n"
TWELVE = tuple(f"s{number:02}" for number in range(12))


@pytest.fixture
def cluster(tmp_path: Path, orphans) -> Iterator[Cluster]:
    """A scheduler with three workers, the last one labelled with a GPU; afterwards no process of theirs is left."""
    made = Cluster(tmp_path / "cluster.log")
    try:
        for gpu in (False, False, True):
            made.start_worker(gpu=gpu)
        yield made
    finally:
        made.close()
    assert orphans() == []


def hand_in_twelve(course: Path) -> None:
    """No two alike, and slow enough to be in the middle of it."""
    for number, student in enumerate(TWELVE):
        hand_in(course, student, SLOW + f"# {number}\n")


def stored(course: Path) -> Counter[tuple[str, str]]:
    with open_store(course / "grades.sqlite") as book:
        assert book.leases.held() == {}
        return Counter((s.student, s.submission) for s in book.summaries("hw1") if s.status == "graded")


def start(course: Path, cluster: Cluster) -> subprocess.Popen[bytes]:
    words = command("class", "--json", "--engine", cluster.address)
    return subprocess.Popen(words, cwd=course, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def wait_for_judges(cluster: Cluster, number: int = 1) -> list[int]:
    deadline = time.monotonic() + 60
    while len(cluster.judges()) < number:
        assert time.monotonic() < deadline, "no judge was started"
        time.sleep(0.02)
    return cluster.judges()


def test_the_cluster_grades_as_this_machine_does(course, cluster):
    """The same hand-ins, the same verdicts, scores and refusals, each told once; a second run finds nothing to do."""
    hand_in_all(course)
    local = run(course, "class", "--json", "--store", "local.sqlite", GRADE_COURSE_KEY="k")
    done = run(course, "class", "--json", "--engine", cluster.address, GRADE_COURSE_KEY="k")
    assert done.returncode == 0, done.stderr

    def told(output: str) -> list[tuple]:
        return [
            (r["student"], r["status"], r["submission"], [(c["id"], c["outcome"], c["points"]) for c in r["checks"]])
            for r in records(output)
        ]

    assert told(done.stdout) == told(local.stdout)
    assert {r["student"]: r["score"] for r in records(done.stdout) if r["status"] == "graded"} == SCORES
    assert set(stored(course).values()) == {1}
    again = run(course, "class", "--json", "--engine", cluster.address, GRADE_COURSE_KEY="k")
    assert (again.returncode, again.stdout) == (0, "")


def test_checks_that_ask_for_a_gpu_go_to_the_labelled_worker(course, cluster):
    """CPU checks first; what waited is completed in the same attempt, and the grade says so."""
    plant(course, {
        "assignments/hw1/assignment.toml": MANIFEST + 'check."hidden/test_gpu.py::*" = { device = "cuda" }\n',
        "solutions/hw1/hidden/test_more.py": HIDDEN.replace("points=40", "points=30", ),
        "solutions/hw1/hidden/test_gpu.py": "import pytest\n\n" + ON_GPU,
    })  # fmt: skip
    hand_in_all(course, ("right", "wrong"))
    done = run(course, "class", "--json", "--engine", cluster.address)
    assert done.returncode == 0, done.stderr
    by_student: dict[str, list[dict]] = {}
    for record in map(json.loads, done.stdout.splitlines()):
        by_student.setdefault(record["student"], []).append(record)
    first, last = by_student["right"]
    assert [c["outcome"] for c in first["checks"]].count("PENDING") == 1
    assert (first["score"], last["score"], last["attempt"]) == (80.0, 100.0, 1)
    with open_store(course / "grades.sqlite") as book:
        assert book.pending("hw1") == []
        assert {s.student: (s.score, s.number) for s in book.summaries("hw1") if s.status == "graded"} == {
            "right": (100.0, 1),
            "wrong": (70.0, 1),
        }


def test_without_a_labelled_worker_such_checks_wait(course, tmp_path, orphans):
    """They cost nothing, and are never tried where no program could use a device; the next run with a GPU completes them."""
    plant(course, {
        "assignments/hw1/assignment.toml": MANIFEST + 'check."hidden/test_gpu.py::*" = { device = "cuda" }\n',
        "solutions/hw1/hidden/test_more.py": HIDDEN.replace("points=40", "points=30"),
        "solutions/hw1/hidden/test_gpu.py": "import pytest\n\n" + ON_GPU,
    })  # fmt: skip
    hand_in(course, "right", RIGHT)
    cluster = Cluster(tmp_path / "cluster.log")
    try:
        cluster.start_worker()
        done = run(course, "class", "--engine", cluster.address)
    finally:
        cluster.close()
    assert done.returncode == 0, done.stderr
    assert "80 / 100" in done.stderr
    refused = run(course, "--pending")
    assert refused.returncode == 2
    assert "go on waiting" in refused.stderr
    if not cuda_devices():
        demanded = run(course, "--pending", "--device", "cuda")
        assert demanded.returncode == 2
        assert "no CUDA device can be used behind the wall" in demanded.stderr
    cluster = Cluster(tmp_path / "later.log")
    try:
        cluster.start_worker(gpu=True)
        late = run(course, "--pending", "--json", "--engine", cluster.address)
        again = run(course, "--pending", "--engine", cluster.address)
    finally:
        cluster.close()
    assert (late.returncode, [r["score"] for r in records(late.stdout)]) == (0, [100.0])
    assert "no check waits" in again.stderr


def test_a_killed_worker_loses_nothing(course, cluster, orphans):
    """Its judges end with it, what it had is graded by another, once."""
    hand_in_twelve(course)
    running = start(course, cluster)
    judges = wait_for_judges(cluster, 3)
    victim = cluster.workers[0]
    before = [pid for pid in judges if pid in cluster.judges()]
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    out, errors = running.communicate(timeout=120)
    assert running.returncode == 0, errors.decode()
    assert before
    assert sorted(r["student"] for r in records(out.decode())) == list(TWELVE)
    assert set(stored(course).values()) == {1}


def test_a_killed_scheduler_and_a_new_run_lose_and_double_nothing(course, cluster):
    """The run ends and says what to do; with a new scheduler and workers the same command does what is missing."""
    hand_in_twelve(course)
    running = start(course, cluster)
    assert running.stdout is not None
    first = json.loads(running.stdout.readline())
    cluster.kill_scheduler()
    rest, errors = running.communicate(timeout=120)
    assert running.returncode == 3, errors.decode()
    assert "run the same command again" in errors.decode()
    told = [first["student"], *(json.loads(line)["student"] for line in rest.splitlines())]
    assert set(told) <= {student for student, _ in stored_so_far(course)}
    for worker in cluster.workers:
        worker.wait(60)  # a worker without a scheduler ends by itself, and its judges with it
    cluster.restart_scheduler()
    cluster.start_worker()
    again = run(course, "class", "--json", "--engine", cluster.address)
    assert again.returncode == 0, again.stderr
    assert sorted([*told, *(r["student"] for r in records(again.stdout))]) == sorted({student for student, _ in stored(course)})
    assert set(stored(course).values()) == {1}
    assert len(stored(course)) == 12


def stored_so_far(course: Path) -> list[tuple[str, str]]:
    with open_store(course / "grades.sqlite") as book:
        return [(s.student, s.submission) for s in book.summaries("hw1")]


def test_a_killed_run_is_taken_up_by_the_next(course, cluster):
    """kill -9 of ``grade run``: the cluster drops its work, the judges that were at it end, and the next run goes on at once."""
    hand_in_twelve(course)
    running = start(course, cluster)
    assert running.stdout is not None
    first = json.loads(running.stdout.readline())
    running.send_signal(signal.SIGKILL)
    running.communicate()
    again = run(course, "class", "--json", "--engine", cluster.address)
    assert again.returncode == 0, again.stderr
    assert first["student"] not in {r["student"] for r in records(again.stdout)}
    assert set(stored(course).values()) == {1}
    assert len(stored(course)) == 12


def test_kills_at_random_moments_lose_and_double_nothing(course, cluster):
    """The run, a worker or a judge: what was told stands in the store, once; a kill is nobody's zero; at the end everybody is graded."""
    draw = random.Random(MOMENTS)
    told: list[tuple[str, str]] = []
    for moment in range(MOMENTS):
        for number in range(6):
            hand_in(course, f"s{number}", SLOW.replace("0.3", "0.05") + f"# {moment} {number}\n")
        running = start(course, cluster)
        time.sleep(draw.random() * 4)
        worker = draw.choice(cluster.workers)
        victim = draw.choice([running.pid, worker.pid, *(cluster.judges() or [worker.pid])])
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
        if victim == worker.pid:
            worker.wait()
            cluster.workers.remove(worker)
            cluster.start_worker()
        for line in running.communicate(timeout=120)[0].decode().splitlines(keepends=True):
            if line.endswith("\n"):
                record = json.loads(line)
                lost = [(check["id"], check["outcome"], check["message"]) for check in record["checks"] if check["outcome"] != "PASS"]
                assert (record["status"], record["score"], lost) == ("graded", 100.0, [])
                told.append((record["student"], record["submission"]))
    last = run(course, "class", "--json", "--engine", cluster.address)
    assert last.returncode == 0, last.stderr
    found = stored(course)
    assert set(found.values()) == {1}
    assert set(told) <= set(found)
    assert len(told) == len(set(told))
    assert {student for student, _ in found} == {f"s{number}" for number in range(6)}


def test_an_interrupted_run_ends_the_judges_at_work(course, cluster):
    """Ctrl-C cancels on the cluster too: a Dask task cannot be stopped from outside, so it ends its own process group."""
    for number in range(6):
        hand_in(course, f"s{number}", HAND_INS["loop"].replace("pass", f"pass  # {number}"))
    (course / "assignments/hw1/assignment.toml").write_text(MANIFEST.replace("seconds = 0.5, total = 3", "seconds = 60, total = 200"))
    running = start(course, cluster)
    wait_for_judges(cluster, 6)
    time.sleep(0.5)
    busy = cluster.judges()
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)
    assert busy
    assert gone(busy, 15)
    with open_store(course / "grades.sqlite") as book:
        assert book.leases.held() == {}
        assert book.summaries("hw1") == []


def test_a_worker_with_another_course_or_a_weak_wall_is_refused_by_name(course, tmp_path, orphans):
    """Its machine is named, nothing is graded wrongly, and nobody gets a zero."""
    hand_in(course, "right", RIGHT)
    other = tmp_path / "other"
    plant(other, {"assignments/hw1/assignment.toml": MANIFEST, "assignments/hw1/tests/test_double.py": PUBLIC,
                  "solutions/hw1/hidden/test_more.py": HIDDEN + "# older\n"})  # fmt: skip
    for variables, says in (({"GRADE_COURSE": str(other)}, "another version of the course"), ({"GRADE_TIER": "3"}, "tier 3")):
        cluster = Cluster(tmp_path / "cluster.log")
        try:
            cluster.start_worker(**variables)
            done = run(course, "class", "--json", "--engine", cluster.address)
        finally:
            cluster.close()
        assert (done.returncode, done.stdout) == (2, "")
        assert says in done.stderr


@pytest.mark.parametrize(
    ("engine", "says"),
    [
        ("dask://127.0.0.1:1", "dask scheduler"),
        ("dask://nowhere", "HOST:PORT"),
        ("moon://1", "no engine"),
        ("dask://127.0.0.1:x", "HOST:PORT"),
    ],
)
def test_an_address_without_a_scheduler_is_told_with_a_remedy(course, engine, says):
    hand_in(course, "right", RIGHT)
    done = run(course, "class", "--engine", engine)
    assert done.returncode == 2, done.stderr
    assert says in done.stderr
