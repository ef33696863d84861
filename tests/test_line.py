"""The line to one worker: a program that does not read, or not yet, keeps nobody waiting but itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grader import wall
from grader.student.errors import WorkerGone, WorkerLate
from grader.student.line import Budget, Program, Worker
from grader.student.process import Starter, starter
from grader.student.proxy import Student
from grader.student.session import Session

FORGED = """
import json, os, stat, struct, time

def pack(message):
    text = json.dumps(message).encode()
    head = b"[%d]" % len(text)
    payload = struct.pack(">I", len(head)) + head + text
    return struct.pack(">I", len(payload)) + payload

def is_socket(fd):
    try:
        return stat.S_ISSOCK(os.fstat(fd).st_mode)
    except OSError:
        return False

line = next(fd for fd in range(3, 64) if is_socket(fd))
os.write(line, pack({"v": {"names": ["f"], "layers": []}}))
answers = pack({"v": 1.0}) * 1500
while answers:
    answers = answers[os.write(line, answers):]
time.sleep(1000)
"""
NOISY = """
class Number:
    def __init__(self, x):
        self.x = x

    def add(self, y):
        print("adding" * 50)
        return Number(self.x + y)

def total(numbers):
    return sum(numbers)
"""
SLOW = NOISY.replace('print("adding" * 50)', "__import__('time').sleep(3 if y == 7.0 else 0)")
ENDLESS = NOISY.replace('print("adding" * 50)', "\n        while y == 7.0:\n            pass")
LARGE = [float(number) for number in range(60_000)]  # more than a socket holds


@pytest.fixture(params=[2, 3])
def workers(request: pytest.FixtureRequest) -> Iterator[Starter]:
    the_wall = wall.probe(request.param)
    if the_wall.tier != request.param:
        pytest.skip(f"NOT RUN: this machine gives tier {the_wall.tier}, not {request.param}: {the_wall.reason}")
    opened = starter(the_wall, ())
    yield opened
    opened.close()


def talk(workers: Starter, source: str) -> tuple[Student, Session, Worker]:
    worker = workers.start(Program({"m.py": source.encode()}, "m"), Budget(seconds=1))
    names = worker.names()
    session = Session(worker)
    return Student(session, names), session, worker


@pytest.mark.parametrize("length", [0, 300])
def test_a_program_that_answers_ahead_and_never_reads_is_late(workers: Starter, length: int) -> None:
    """Its answers keep the judge sending, until the socket is full of what nobody reads."""
    student, session, worker = talk(workers, FORGED)
    with pytest.raises(WorkerLate):  # noqa: PT012 - where it is raised is not the matter
        for _ in range(1600):
            value = student.f
            for _ in range(length):
                value = value.g
            session.value(value)
    worker.close()


def test_a_program_that_prints_much_is_heard_while_it_is_told_much(workers: Starter) -> None:
    """It cannot read before somebody has taken what it printed."""
    student, session, worker = talk(workers, NOISY)
    number = student.Number(0.0)
    for _ in range(300):
        number = number.add(1.0)
    total = student.total(LARGE)
    assert total == sum(LARGE)
    assert session.value(number.x) == 300.0
    worker.close()


@pytest.mark.parametrize("source", [SLOW, ENDLESS])
def test_how_long_it_does_not_read_is_its_own_time(workers: Starter, source: str) -> None:
    student, session, worker = talk(workers, source)
    number = student.Number(0.0).add(7.0)
    with pytest.raises(WorkerLate):  # noqa: PT012 - where it is raised is not the matter
        for _ in range(300):
            number = number.add(1.0)
        student.total(LARGE)
    assert worker.used >= worker.budget.seconds * 0.9
    with pytest.raises(WorkerGone):
        session.value(number.x)
    worker.close()
