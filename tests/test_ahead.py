"""What is imported ahead of a program: a hint for speed that costs no more than it must, and never a permission."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from grader import manifest, wall
from grader.batch import judging
from grader.batch.engine import Job, Setup
from grader.model import Submission
from grader.student.errors import StudentError
from grader.student.line import Budget, Program
from grader.student.process import OPTIMISER, mentioned, starter
from grader.student.proxy import Student
from grader.student.session import Session

ROOT = Path(__file__).resolve().parent.parent
USES = b"""
import sys
import torch

ahead = "torch._dynamo" in sys.modules


def hidden_optimiser():
    '''Take some steps of an optimiser that no search of this text finds.'''
    weight = torch.zeros(2, requires_grad=True)
    hidden = getattr(torch, "op" + "tim").SGD([weight], lr=0.5)
    for _ in range(20):
        hidden.zero_grad()
        ((weight - 1) ** 2).sum().backward()
        hidden.step()
    return bool((weight > 0.99).all())


def gradients_compared():
    return torch.autograd.gradcheck(lambda x: x**2, torch.ones(2, dtype=torch.float64, requires_grad=True))


def tensors_compared():
    torch.testing.assert_close(torch.ones(2), torch.ones(2))
    return True


def traced():
    return float(torch.jit.trace(lambda x: x + 1, torch.ones(1))(torch.ones(1))) == 2


def imports(name):
    __import__(name)
"""


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (b"import math", ()),
        (b"import numpy as np", ("numpy",)),
        (b"import torchvision", ()),
        (b"import torch\nloss.backward()", ("torch",)),
        (b"import torch\nimport numpy", ("torch", "numpy")),
        (b"import torch\ntorch.optim.SGD(ps, lr=.1)", ("torch", OPTIMISER)),
        (b"from torch.utils.checkpoint import checkpoint", ("torch", OPTIMISER)),
        (b"import torch  # nothing to optimise", ("torch",)),
        (b"optim = 1", ()),
    ],
)
def test_a_program_gets_ahead_what_it_speaks_of(source, found):
    """torch without an optimiser's half of it where no optimiser is spoken of."""
    assert mentioned(("torch", "numpy"), {"m.py": source, "notes.json": b"import torch, numpy"}) == found


@pytest.mark.parametrize("ahead", [(), ("torch",), ("torch", OPTIMISER)])
@pytest.mark.parametrize("tier", [1, 2, 3])
def test_what_nobody_expected_works_behind_the_wall(tier, ahead):
    """It is imported then, with what it needs of other packages; the program itself can import none of those."""
    pytest.importorskip("torch", reason="NOT RUN: torch is not installed")
    the_wall = wall.probe(tier)
    if the_wall.tier != tier:
        pytest.skip(f"NOT RUN: no wall of tier {tier} here")
    workers = starter(the_wall, ("torch",), ahead)
    try:
        worker = workers.start(Program({"m.py": USES}, "m", ("torch",)), Budget(seconds=60, memory=None))  # one built for CUDA maps GiB
        student = Student(Session(worker), worker.names())
        assert student.value(student.ahead) is (OPTIMISER in ahead)
        for name in ("gradients_compared", "tensors_compared", "traced", *(["hidden_optimiser"] if ahead else [])):
            with pytest.raises(StudentError, match="No module named 'filelock'"):
                student.value(student.imports("filelock"))
            assert student.value(getattr(student, name)()) is True
        with pytest.raises(StudentError, match="No module named 'filelock'"):
            student.value(student.imports("filelock"))
        worker.close()
    finally:
        workers.close()


class Recorded:
    """Stands in for what starts workers, and starts none."""

    def __init__(self, preload):
        self.preload = preload
        self.open = True

    def alive(self):
        return self.open

    def close(self):
        self.open = False


def test_what_is_imported_ahead_is_a_matter_of_the_program_alone(monkeypatch):
    """Whoever was graded before: what lies in ``sys.modules`` could be imported by a program that may not."""
    made = []

    def record(the_wall, packages, preload, cuda):
        made.append(Recorded(preload))
        return made[-1]

    monkeypatch.setattr(judging, "starter", record)
    assignment = dataclasses.replace(manifest.find("hw4", ROOT), packages=("torch", "numpy"), private=None)
    starters = judging.Starters(Setup(assignment, ("public",), wall.probe()))
    used = []
    for source in (b"", b"import torch", b"import torch; torch.optim", b"import torch", b"", b"import numpy, torch; torch.optim"):
        starters.choose(Job("work", Submission("ada", {"m.py": source}, "sha256:0"), 0))
        used.append(starters.current().preload)
    sets = [(), ("torch",), ("torch", OPTIMISER), ("torch", "numpy", OPTIMISER)]
    assert used == [sets[0], sets[1], sets[2], sets[1], sets[0], sets[3]]
    assert [one.preload for one in made] == sets
    starters.close()
    assert not any(one.open for one in made)
