"""A homework that trains: hw4's hidden suite graded by the kit, beside the same checks in a bare script that has torch loaded already."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench import kit, measure, work

HOMEWORK = "hw4"
TRAINS = ("test_train.py", "test_sweep.py", "test_stretch_loss.py")
SCRIPT = """\
import json, sys
import torch
import pytest

class Times:
    def __init__(self):
        self.calls = {}
    def pytest_runtest_logreport(self, report):
        if report.when == "call":
            self.calls[report.nodeid.rpartition("/")[2]] = [report.duration, report.passed]

times = Times()
pytest.main(sys.argv[2:], plugins=[times])
open(sys.argv[1], "w").write(json.dumps(times.calls))
"""


@dataclass(frozen=True, slots=True)
class Training:
    """Seconds of the hidden checks: in the bare script and in the kit; those that train apart; and the kit's whole command."""

    bare: float
    kit: float
    bare_training: float
    kit_training: float
    whole: float
    checks: int


def run() -> Training:
    """Grade the reference once each way, one after the other. Takes minutes."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        bare = _bare(folder)
        graded, whole = _kit(folder)
    if bare.keys() != graded.keys():
        raise SystemExit(f"bench: the two ways ran different checks of {HOMEWORK}: {sorted(bare.keys() ^ graded.keys())}")

    def training(found: dict[str, float]) -> float:
        return sum(seconds for name, seconds in found.items() if name.startswith(TRAINS))

    return Training(sum(bare.values()), sum(graded.values()), training(bare), training(graded), whole, len(bare))


def _bare(folder: Path) -> dict[str, float]:
    suite, student, times = work.ROOT / "solutions" / HOMEWORK / "hidden", work.ROOT / "solutions" / HOMEWORK, folder / "times.json"
    options = ["-p", "grader.inprocess", "-p", "no:cacheprovider", "-q", "-c", "/dev/null", f"--rootdir={suite}", f"--student={student}"]
    env = measure.environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", OMP_NUM_THREADS="1")
    command = [sys.executable, "-c", SCRIPT, str(times), *options, str(suite)]
    done = subprocess.run(command, cwd=work.ROOT, env=env, capture_output=True, text=True, check=False)
    if not times.is_file():
        raise SystemExit(f"bench: the bare script failed:\n{done.stdout[-1000:]}{done.stderr[-500:]}")
    calls = json.loads(times.read_text())
    failed = [name for name, (_, passed) in calls.items() if not passed]
    if failed:
        raise SystemExit(f"bench: the reference fails in the bare script: {', '.join(failed)}")
    return {name: seconds for name, (seconds, _) in calls.items()}


def _kit(folder: Path) -> tuple[dict[str, float], float]:
    student = folder / "class" / "s0001"
    student.mkdir(parents=True)
    for path in (work.ROOT / "solutions" / HOMEWORK).iterdir():
        if path.is_file() and path.suffix in (".py", ".json", ".jsonl"):
            (student / path.name).write_bytes(path.read_bytes())
    command = work.grade("run", HOMEWORK, str(folder / "class"), "--store", str(folder / "grades.sqlite"), "--workers", "1", "--json")
    started = time.perf_counter()
    done = subprocess.run(command, cwd=work.ROOT, env=measure.environment(**kit.KEY), capture_output=True, text=True, check=False)
    whole = time.perf_counter() - started
    grade = json.loads(done.stdout)
    if grade["score"] != 100:
        raise SystemExit(f"bench: the reference earns {grade['score']:g} of 100:\n{done.stderr[-500:]}")
    hidden = {check["id"].removeprefix("hidden/"): check["seconds"] for check in grade["checks"] if check["id"].startswith("hidden/")}
    return hidden, whole
