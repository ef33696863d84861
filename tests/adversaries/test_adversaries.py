"""Every hostile hand-in that we know of, graded as a class on tier 1 and on tier 2: none gains, leaks, hangs, kills or stays.

``GRADE_TEST_ALL=1`` (``make test-all``) grades them all; otherwise a seeded sample of each family and every honest one.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import hand_ins
import programs
import pytest
import resources
from cases import CANARY, MARK, OWNED, Case, Course

from grader import wall

REPOSITORY = Path(__file__).resolve().parent.parent.parent
ALL = os.environ.get("GRADE_TEST_ALL") == "1"
CASES = [*programs.cases(), *resources.cases(), *hand_ins.cases()]
PER_FAMILY = 1
SEED = os.environ.get("GRADE_ADVERSARY_SEED", "7")
SECONDS = 12.0  # what a submission may use of the judge's clock (the manifest's total)
LEAVES = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", str(Path.home()), str(Path(os.__file__).parent), *sys.path)

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="NOT RUN: Linux builds this wall")


def chosen() -> list[Case]:
    """All cases, or a seeded sample of each family; honest ones always."""
    if ALL:
        return CASES
    rng = random.Random(SEED)
    families: dict[str, list[Case]] = {}
    for case in CASES:
        families.setdefault(case.family, []).append(case)
    return [case for name, cases in sorted(families.items()) for case in (cases if name == "honest" else rng.sample(cases, PER_FAMILY))]


CHOSEN = chosen()


@dataclasses.dataclass(frozen=True)
class Class:
    """A class that has been graded: one record a student, all that was printed, and what was found afterwards."""

    records: dict[str, dict]
    printed: str
    visits: list[bytes]
    children: list[str]
    left: list[str]
    changed: list[str]


class Listener:
    """Ports and a socket of the host: nobody may come."""

    def __init__(self, folder: Path) -> None:
        self.visits: list[bytes] = []
        self._closed = False
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self._tcp.getsockname()[1]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        self._unix = socket.socket(socket.AF_UNIX)
        self.path = str(folder / "s")
        self._unix.bind(self.path)
        self._unix.listen()
        for sock, look in ((self._tcp, self._accept), (self._unix, self._accept), (self._udp, lambda s: s.recv(10))):
            threading.Thread(target=self._watch, args=(sock, look), daemon=True).start()

    @staticmethod
    def _accept(sock: socket.socket) -> bytes:
        connection, _ = sock.accept()
        connection.close()
        return b"connected"

    def _watch(self, sock, look) -> None:
        while True:
            try:
                visit = look(sock)
            except OSError:
                return
            if self._closed:
                return
            self.visits.append(visit)

    def close(self) -> None:
        self._closed = True
        for sock in (self._tcp, self._udp, self._unix):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()


def plant(root: Path, listener: Listener) -> Course:
    """Copy hw2 and put a canary where no program may look."""
    for name in ("assignments", "solutions"):
        shutil.copytree(REPOSITORY / name / "hw2", root / name / "hw2", ignore=shutil.ignore_patterns("__pycache__"))
    private = root / "solutions" / "hw2"
    reference = (private / "micrograd.py").read_text(encoding="utf-8")
    course = Course(
        root=root,
        reference=re.sub(r"^ *### (BEGIN|END) SOLUTION\n", "", reference, flags=re.M),
        starter=(root / "assignments/hw2/micrograd.py").read_text(encoding="utf-8"),
        tests=(private / "break_it.py").read_text(encoding="utf-8"),
        evidence={name: (private / name).read_text(encoding="utf-8") for name in ("pain.jsonl", "prediction.json")},
        port=listener.port,
        socket=listener.path,
    )
    for path in (private / "hidden" / "test_floats.py", private / "micrograd.py"):
        path.write_text(path.read_text(encoding="utf-8") + f"\n# {CANARY}\n", encoding="utf-8")
    (root / "host-file.txt").write_text(CANARY, encoding="utf-8")
    victim = root / "class" / "victim"
    victim.mkdir(parents=True)
    (victim / "micrograd.py").write_text(f"{course.reference}\n# {CANARY}\n", encoding="utf-8")
    return course


def children() -> list[str]:
    """Return the command lines of the processes that this one has now, orphans of the grader's included."""
    found = []
    for thread in os.listdir("/proc/self/task"):
        for pid in Path(f"/proc/self/task/{thread}/children").read_text(encoding="ascii").split():
            try:
                if Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0] == "Z":
                    continue  # dead, and ours to bury
                found.append(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace") or f"[{pid}]")
            except OSError:
                continue
    return found


def left_behind(root: Path) -> list[str]:
    """Return everything that carries the programs' mark, in the places that they try, and their System V objects."""
    found = [f"{folder}/{name}" for folder in set(LEAVES) if os.path.isdir(folder) for name in os.listdir(folder) if MARK in name]
    found += [str(path) for path in root.rglob(f"*{MARK}*")]
    for kind in ("shm", "msg", "sem"):
        listing = Path(f"/proc/sysvipc/{kind}")  # a kernel may have none of them
        lines = listing.read_text(encoding="ascii").splitlines() if listing.exists() else []
        found += [line for line in lines if line.split() and line.split()[0] == str(0x67726164)]
    with open("/proc/net/unix", encoding="utf-8", errors="replace") as file:
        found += [line.strip() for line in file if MARK in line]
    return found


def fingerprint(root: Path) -> dict[str, tuple]:
    """Return what may not change: mode, size, time and content of the course's and the students' regular files."""
    found = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        if path.is_symlink() or not path.is_file() or "__pycache__" in path.parts:
            continue
        content = path.read_bytes() if status.st_size < 1 << 24 else b""
        found[str(path.relative_to(root))] = (status.st_mode, status.st_size, status.st_mtime_ns, hash(content))
    return found


@pytest.fixture(scope="module", params=[1, 2], ids=["tier1", "tier2"])
def graded(request, tmp_path_factory):
    """The chosen hand-ins and a victim, graded once on this tier by ``grade run``."""
    tier = request.param
    found = wall.probe(tier)
    if found.tier != tier:
        pytest.skip(f"NOT RUN, THE WALL IS UNPROVEN HERE: no tier {tier}: {found.reason}; {found.remedy}")
    return grade_class(tier, tmp_path_factory.mktemp(f"tier{tier}"), CHOSEN)


def grade_class(tier: int, root: Path, cases: list[Case]) -> Class:
    """Plant a course in *root*, grade *cases* and a victim in it with ``grade run`` on *tier*, and look around afterwards."""
    listener = Listener(root)
    course = plant(root, listener)
    for case in cases:
        case.make(course, root / "class" / (case.student + case.suffix))
    before = {name: fingerprint(root / name) for name in ("class", "assignments", "solutions")}
    ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER: whatever is orphaned comes to us
    known = children()
    environment = {**os.environ, "GRADE_TIER": str(tier), "GRADE_CANARY": CANARY, "PYTHONHASHSEED": "random"}
    command = [sys.executable, "-m", "grader.cli", "run", "hw2", "class", "--store", "grades.sqlite", "--json", "--workers", "2"]
    try:
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, timeout=60 + 90 * len(cases), check=False)
        end = time.monotonic() + 5
        while time.monotonic() < end and len(children()) > len(known):
            time.sleep(0.1)
    finally:
        ctypes.CDLL(None).prctl(36, 0)  # what other tests start would come to us too, a database that is to outlive them
    listener.close()
    after = {name: fingerprint(root / name) for name in before}
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-3000:]
    return Class(
        records={record["student"]: record for record in map(json.loads, done.stdout.decode("utf-8").splitlines())},
        printed=(done.stdout + done.stderr).decode("utf-8", "surrogateescape"),
        visits=listener.visits,
        children=[line for line in children() if line not in known],
        left=left_behind(root),
        changed=[name for name in before if before[name] != after[name]],
    )


@pytest.mark.parametrize("case", CHOSEN, ids=[case.student for case in CHOSEN])
def test_a_hand_in_gets_its_right_verdict(graded, case):
    """No points by other means than right behaviour, none lost by an honest program, and one line of reason for what is refused."""
    assert_right(case, graded.records[case.student])


def assert_right(case: Case, record: dict) -> None:
    words = json.dumps(record, ensure_ascii=False)
    assert CANARY not in words
    assert OWNED not in words.replace(f"{OWNED}X", "")
    if case.refused is not None:
        assert record["status"] == "rejected"
        message = record.get("message") or words
        assert re.search(case.refused, message, re.I), message
        return
    assert record["status"] == "graded", words[:500]
    failed = [(check["id"], check["outcome"], check["message"][:100]) for check in record["checks"] if check["outcome"] != "PASS"]
    passed = [check["id"] for check in record["checks"] if check["outcome"] == "PASS"]
    assert "FAULT" not in {check["outcome"] for check in record["checks"]}, failed
    if case.exactly is not None:
        assert record["score"] == case.exactly, failed if record["score"] < case.exactly else passed
    else:
        assert record["score"] <= case.most, passed


def test_the_victim_keeps_its_points(graded):
    """Who is graded in the same class, after and beside them all, gets what it earned."""
    assert graded.records["victim"]["score"] == 70.0


def test_nothing_came_out(graded):
    """No canary in what is printed, no visit at the host's sockets, no control character on the terminal's side."""
    assert CANARY not in graded.printed
    assert graded.visits == []
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", graded.printed)
    assert "\n::" not in graded.printed


def test_nothing_stays(graded):
    """No process, no file, no shared memory, no socket."""
    assert graded.children == []
    assert graded.left == []


def test_nothing_was_changed(graded):
    """The course and the hand-ins are as they were, bit by bit."""
    assert graded.changed == []


def test_none_takes_longer_than_its_limit(graded):
    """A submission ends with its limit on the judge's clock; a busy machine may stretch it, and never by the hour."""
    slow = {name: record["seconds"] for name, record in graded.records.items() if record["seconds"] > SECONDS * 8}
    assert slow == {}


def test_the_attacks_would_show_without_a_wall(tmp_path):
    """A program that does get through says so: the words that these tests look for do appear."""
    listener = Listener(tmp_path)
    course = plant(tmp_path, listener)
    case = next(case for case in CASES if case.student == "read-host-file")
    case.make(course, tmp_path / "hand-in")
    done = subprocess.run([sys.executable, "micrograd.py"], cwd=tmp_path / "hand-in", capture_output=True, text=True, check=False)
    listener.close()
    assert OWNED in done.stderr
    assert CANARY in done.stderr


def test_there_are_at_least_120_of_them():
    """All families, and every name once."""
    assert len({case.student for case in CASES}) == len(CASES) >= 120
