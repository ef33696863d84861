"""Whether a program behind the wall can compute on a CUDA device. It is tried: drivers differ in what they ask of a sealed process."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from grader.student.line import Budget, Program
from grader.student.process import starter

if TYPE_CHECKING:
    from grader import wall

SECONDS = 120.0  # the first context on a machine that has just started takes its time
_TRY = b"""
import torch
try:
    if torch.cuda.is_available():
        one = torch.ones(2, device="cuda", requires_grad=True)
        (one * one).sum().backward()
        answer = "" if one.grad.tolist() == [2.0, 2.0] else "the device computed a wrong gradient"
    else:
        answer = "torch finds no CUDA device"
except Exception as error:
    answer = f"{type(error).__name__}: {error}"
"""


def refusal(the_wall: wall.Wall, packages: Sequence[str]) -> str:
    """Return in one line why no submission could use a CUDA device behind *the_wall*; nothing if one can. Takes seconds."""
    program, budget = Program({"device.py": _TRY}, "device", tuple(packages)), Budget(seconds=SECONDS, memory=None, cuda=True)
    try:
        with closing(starter(the_wall, packages, cuda=True)) as workers, closing(workers.start(program, budget)) as worker:
            worker.names()
            answer = worker.exchange({"ops": [["g", 1, 0, "answer"]], "ask": ["value", 1]})[0].get("v")
    except Exception as error:  # whatever went wrong over there is the answer
        return str(error).splitlines()[0] if str(error) else type(error).__name__
    return " ".join(str(answer).split())[:300]
