"""On a machine with a GPU: what is sealed can train on it and do no more, and homework 4's reference earns all its points there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from wall_kit import build

from grader import wall
from grader.student import device, process
from grader.wall.bubblewrap import cuda_devices

pytest.importorskip("torch", reason="NOT RUN: torch is not installed (make setup)")
pytestmark = [
    pytest.mark.skipif(not cuda_devices(), reason="NOT RUN, CUDA BEHIND THE WALL IS UNPROVEN HERE: this machine has no GPU"),
    pytest.mark.parametrize("tier", ["tier1", "tier1-user-namespaces", "tier2"]),
]
ROOT = Path(__file__).resolve().parent.parent
GPU = process.Budget(seconds=120, memory=4096, cuda=True)
CPU = process.Budget(seconds=60, memory=2048)
TRAIN = """
import torch
def train(device):
    weight = torch.zeros(3, 2, device=device, requires_grad=True)
    optimiser = torch.optim.SGD([weight], lr=1.0)
    for _ in range(50):
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(torch.eye(3, device=device) @ weight, torch.tensor([0, 1, 0], device=device))
        loss.backward()
        optimiser.step()
    return loss.item()
"""
LOOK = """
import ctypes, os, warnings
def tried(action):
    try:
        action()
    except OSError as error:
        return error.strerror
    return "done"
libc = ctypes.CDLL(None, use_errno=True)
def call(*arguments):
    if libc.syscall(*arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
answer = [
    tried(lambda: open("/proc/1/cmdline").read()),
    tried(lambda: open("/proc/%d/environ" % os.getppid()).read()),
    tried(lambda: os.listdir("/etc")),
    tried(lambda: open("/tmp/mine", "w")),
    tried(lambda: call(41, 2, 1, 0)),  # a socket of the internet
    tried(lambda: call(41, 1, 1, 0)),  # one that another program might answer
    tried(lambda: os.fork()),
]
"""


@pytest.fixture
def the_wall(tier: str) -> wall.Wall:
    return build(tier)


@pytest.fixture
def zygote(the_wall: wall.Wall) -> Iterator[process.Starter]:
    made = process.starter(the_wall, ("torch",), cuda=True)
    yield made
    made.close()


def told(zygote: process.Starter, source: str, budget: process.Budget = GPU) -> object:
    """Return what the program says in its ``answer``."""
    worker = zygote.start(process.Program({"m.py": source.encode()}, "m", ("torch",)), budget)
    try:
        assert "answer" in worker.names()
        return json.loads(worker.exchange({"ops": [["g", 1, 0, "answer"]], "ask": ["value", 1]})[0]["v"])
    finally:
        worker.close()


def test_a_program_can_use_the_device(the_wall):
    """The question that ``grade run`` asks before it gives a check a device."""
    assert device.refusal(the_wall, ("torch",)) == ""


def test_sealed_programs_train_there_one_after_another(zygote):
    """Each check's own fork starts CUDA for itself, and arrives where the CPU does."""
    source = f"import json\n{TRAIN}\nanswer = json.dumps([torch.cuda.get_device_name(), train('cuda'), train('cpu')])"
    for _ in range(2):
        name, there, here = told(zygote, source)
        assert name
        assert there == pytest.approx(here, rel=1e-4)


def test_beside_it_a_check_for_the_cpu_sees_no_device(zygote):
    """It computes, and the driver that it cannot reach does not fill her output with warnings."""
    source = "import json, warnings\nwarnings.simplefilter('error')\n" + TRAIN
    source += "\nanswer = json.dumps([train('cpu'), torch.cuda.is_available(), torch.cuda.device_count()])"
    loss, available, count = told(zygote, source, CPU)
    assert loss < 0.1
    assert (available, count) == (False, 0)


def test_with_a_device_a_program_still_reaches_nothing_else(zygote):
    """Other processes, files, the network and forks stay refused."""
    answers = told(zygote, f"import json\n{LOOK}\nanswer = json.dumps(answer)")
    assert "done" not in answers, answers


def test_with_a_device_writable_memory_is_limited(zygote):
    """More than the check may have is refused, in a process that already trains."""
    source = f"import json\n{TRAIN}\ntrain('cuda')\n"
    source += "try:\n    x = bytearray(5 << 30)\n    answer = '\"had\"'\nexcept MemoryError:\n    answer = '\"refused\"'"
    assert told(zygote, source) == "refused"


def test_the_reference_earns_every_point_there(tier, tmp_path):
    """As staff would grade it; the record says on which device."""
    build(tier)
    handed_in = tmp_path / "class" / "ada"
    handed_in.mkdir(parents=True)
    for name in ("embeddings.py", "pain.jsonl", "prediction.json", "break_it.py"):
        shutil.copy(ROOT / "solutions" / "hw4" / name, handed_in)
    run = [sys.executable, "-m", "grader.cli", "run", "hw4", str(handed_in.parent), "--json", "--device", "cuda", "--workers", "1"]
    run += ["--store", str(tmp_path / "g.sqlite")]
    environment = {**os.environ, "GRADE_TIER": tier[4]}
    done = subprocess.run(run, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (grade,) = map(json.loads, done.stdout.splitlines())
    lost = [(check["id"], check["message"]) for check in grade["checks"] if check["outcome"] != "PASS"]
    assert (grade["device"], grade["tier"], lost) == ("cuda", int(tier[4]), [])
