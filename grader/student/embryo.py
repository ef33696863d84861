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


class Unborn(Exception):
    """The embryo of which a worker was to be forked is gone."""


class Embryo:
    """A sealed process that holds one program's code and is forked for its checks. The zygote is the parent of what it forks."""

    def __init__(self, sock: socket.socket, program: Program, policy: int) -> None:
        self.program = program
        self.policy = policy
        self._sock = sock
        self._open: deque[Birth] = deque()
        with contextlib.suppress(OSError):  # one that died at once shows when it is asked
            sock.sendall(program.frames)

    def fork(self, born: Callable[[Any], None], fds: Sequence[int]) -> Birth:
        """Ask for a worker. Raises Unborn, here or when the answer is waited for."""
        try:
            socket.send_fds(self._sock, [b"f"], list(fds))
        except OSError:
            raise Unborn from None
        birth = Birth(self, born)
        self._open.append(birth)
        return birth

    def await_birth(self, birth: Birth) -> None:
        """Read numbers of processes until the one of *birth* has come; they come in order."""
        while not birth.done:
            try:
                answer = self._sock.recv(4, socket.MSG_WAITALL) if select.select([self._sock], [], [], START_SECONDS)[0] else b""
            except OSError:
                answer = b""
            if len(answer) != 4:
                raise Unborn
            first = self._open.popleft()
            first.done = True
            first.born({"pid": int.from_bytes(answer, "big")})

    def close(self) -> None:
        """Hang up, at which it ends; its workers live on."""
        for birth in list(self._open):
            with contextlib.suppress(Unborn):
                birth.wait()
        self._sock.close()


class Birth:
    """A worker that an embryo was asked for, and whose number has perhaps not been read yet."""

    __slots__ = ("born", "done", "embryo")

    def __init__(self, embryo: Embryo, born: Callable[[Any], None]) -> None:
        self.embryo = embryo
        self.born = born
        self.done = False

    def wait(self) -> None:
        """Read its number, unless somebody has. Raises Unborn."""
        self.embryo.await_birth(self)
