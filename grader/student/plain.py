"""How a worker's Python is started; and tier 3, where that is all: one plain process each."""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from grader import wall, wire
from grader.errors import GraderFault
from grader.student.embryo import START_SECONDS
from grader.student.line import Budget, Output, Program, Worker

WORKER = Path(__file__).resolve().parent.parent / "worker" / "__main__.py"
ISOLATED = ("-s", "-P", "-S")  # not -I: it would ignore the fixed PYTHONHASHSEED, and sets would iterate by chance


def package_parent() -> str:
    return str(WORKER.parent.parent.parent)


class Plain:
    """Tier 3: a process for each check, with time limits and nothing more. Works wherever Python does."""

    def __init__(self, the_wall: wall.Wall, packages: Sequence[str], preload: Sequence[str] | None = None) -> None:
        self.wall = the_wall
        self._preload = list(packages if preload is None else preload)
        self._spare: Worker | None = None
        self.forks = 0

    def start(self, program: Program, budget: Budget, *, often: bool = False) -> Worker:
        """Start a process, or take the one that was started ahead, and send it *program*."""
        spare, self._spare = self._spare, None
        if spare is not None and spare.budget != budget:
            spare.close()
            spare = None
        worker = spare or self._open(budget)
        worker.load(program)
        return worker

    def prepare(self, budget: Budget) -> None:
        """Start a process now for whatever program comes next."""
        if self._spare is None:
            self._spare = self._open(budget)

    def _open(self, budget: Budget) -> Worker:
        """Start a process and have it connect back with a token."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(START_SECONDS)
            argv = [sys.executable, *ISOLATED, str(WORKER), package_parent(), f"tcp:{server.getsockname()[1]}"]
            process = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=wall.environment(self.wall)
            )
            token = secrets.token_hex(16)
            self._tell(process, {"token": token, "preload": self._preload, "site": wall.site_folders(), "cuda": budget.cuda})
            sock = _accept(server, token)
        self.forks += 1
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        output = Output(None, budget.output)
        return Worker(sock, output, _Spawned(process, output), budget)

    def _tell(self, process: subprocess.Popen[bytes], message: Any) -> None:
        assert process.stdin is not None
        process.stdin.write(json.dumps(message).encode() + b"\n")
        process.stdin.close()

    def sweep(self) -> None:
        """Whoever was to end has ended."""

    def alive(self) -> bool:
        """Nothing is shared that could end."""
        return True

    def close(self) -> None:
        """End the one that was started ahead; every other belongs to its worker."""
        if self._spare is not None:
            self._spare.close()


def _accept(server: socket.socket, token: str) -> socket.socket:
    """Return the connection that knows the token; others are hung up on."""
    while True:
        try:
            sock, _ = server.accept()
            sock.settimeout(START_SECONDS)
            hello, _ = wire.Channel(sock, cap=4096, json_cap=4096).receive()
        except (wire.Closed, wire.Violation):
            continue
        except OSError as error:
            raise GraderFault(f"the worker did not start: {error}") from None
        if type(hello) is dict and secrets.compare_digest(str(hello.get("token")), token):
            sock.settimeout(None)
            return sock
        sock.close()


class _Spawned:
    """A worker that is a child process of the judge; a thread drains its output."""

    def __init__(self, process: subprocess.Popen[bytes], output: Output) -> None:
        self._process = process
        self.waited = 0.0
        self._thread = threading.Thread(target=self._drain, args=(output,), daemon=True)
        self._thread.start()

    def _drain(self, output: Output) -> None:
        assert self._process.stdout is not None
        with contextlib.suppress(OSError, ValueError):
            while data := self._process.stdout.read1(1 << 16):  # type: ignore[attr-defined]
                output.add(data)

    def ready(self) -> int:
        return self._process.pid

    def spent(self) -> dict[str, float]:
        return {}

    def end(self, grace: float = 0.0) -> int:
        if grace:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(grace)
        self._process.kill()
        code = self._process.wait()
        self._thread.join(1.0)
        if self._process.stdout is not None and not self._thread.is_alive():
            self._process.stdout.close()
        return -code if code < 0 else code << 8

    def drop(self, then: Callable[[], None], soon: bool = False) -> None:
        self.end()
        then()
