"""The judge's end of an embryo: a sealed process that holds one program's code and is forked for its checks (worker/embryo.py)."""

from __future__ import annotations

import contextlib
import select
import socket
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from grader.student.line import Program

START_SECONDS = 120.0  # a cold disk and torch; only a fault of ours takes longer


class Pending:
    """A question whose answer has not been read yet."""

    __slots__ = ("answers", "done", "then")

    def __init__(self, answers: Answers, then: Callable[[Any], None]) -> None:
        self.answers = answers
        self.then = then
        self.done = False

    def wait(self) -> None:
        """Read the answer, unless somebody has; raises what reading raises."""
        self.answers.read_to(self)


class Answers:
    """Answers that come in the order of the questions, and are read when somebody waits for one of them."""

    def __init__(self, read: Callable[[], Any]) -> None:
        self._read = read
        self._open: deque[Pending] = deque()

    def due(self, then: Callable[[Any], None]) -> Pending:
        """Expect one more: *then(answer)* is called when it, or a later one, is waited for."""
        pending = Pending(self, then)
        self._open.append(pending)
        return pending

    def read_to(self, pending: Pending) -> None:
        """Read answers until the one to *pending* has come."""
        while not pending.done:
            answer = self._read()
            first = self._open.popleft()
            first.done = True
            first.then(answer)

    def read_all(self) -> None:
        """Read every answer that is due."""
        if self._open:
            self.read_to(self._open[-1])


class Unborn(Exception):
    """The embryo of which a worker was to be forked is gone."""


class Embryo:
    """A sealed process that holds one program's code and is forked for its checks. The zygote is the parent of what it forks."""

    def __init__(self, sock: socket.socket, program: Program, policy: int) -> None:
        self.program = program
        self.policy = policy
        self._sock = sock
        self._answers = Answers(self._number)
        with contextlib.suppress(OSError):  # one that died at once shows when it is asked
            sock.sendall(program.frames)

    def fork(self, born: Callable[[int], None], fds: Sequence[int]) -> Pending:
        """Ask for a worker. Raises Unborn, here or when the answer is waited for."""
        try:
            socket.send_fds(self._sock, [b"f"], list(fds))
        except OSError:
            raise Unborn from None
        return self._answers.due(born)

    def _number(self) -> int:
        answer = b""
        with contextlib.suppress(OSError, ValueError):  # ValueError: hung up meanwhile, with answers still due
            if select.select([self._sock], [], [], START_SECONDS)[0]:
                answer = self._sock.recv(4, socket.MSG_WAITALL)
        if len(answer) != 4:
            raise Unborn
        return int.from_bytes(answer, "big")

    def close(self) -> None:
        """Hang up, at which it ends; its workers live on."""
        with contextlib.suppress(Unborn):
            self._answers.read_all()
        self._sock.close()
