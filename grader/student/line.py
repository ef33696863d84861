"""The judge's end of one worker: messages within its budget, its output, its end."""

from __future__ import annotations

import contextlib
import marshal
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from grader import wire
from grader.errors import GraderFault
from grader.student.errors import WorkerGone, WorkerKilled, WorkerLate
from grader.student.session import student_error

UNSEALED = 70  # a worker's exit status when it could not be made
CODE = 4 << 20  # bytes of compiled code that are kept for the next worker
UNASKED = 0.05  # seconds that a worker used below which nobody asks how much of them it waited for a processor
PATIENCE = 6  # the wall clock may run this many times the limit while the machine is busy with others


class Program:
    """What a worker loads: Python files by name, which of them is the module, and the packages that it may import.

    ``code`` is the module's compiled code, as the first worker told it before any of it ran; it is never looked into here.
    """

    def __init__(self, files: Mapping[str, bytes], module: str, packages: tuple[str, ...] = ()) -> None:
        self.files = files
        self.module = module
        self.packages = packages
        self.code: bytes | None = None
        self._frames: dict[bool, bytes] = {}

    @property
    def frames(self) -> bytes:
        """The message that gives it to a worker; one that gets no code tells what it compiled."""
        compiled = self.code is not None
        if compiled not in self._frames:
            self._frames = {compiled: wire.pack_bytes(marshal.dumps((dict(self.files), self.module, self.packages, self.code)))}
        return self._frames[compiled]


@dataclass(frozen=True, slots=True)
class Budget:
    """What one check may use."""

    seconds: float = 2.0
    memory: int | None = 1024  # MiB
    cap: int = 64  # MiB of one message
    output: int = 64  # KiB
    cuda: bool = False


class Worker:
    """The judge's end of one worker: exchanges messages within its budget, keeps its output, ends it."""

    def __init__(self, sock: socket.socket, output: Output, control: Control, budget: Budget) -> None:
        self.channel = wire.Channel(sock, cap=budget.cap << 20, json_cap=wire.JSON_CAP)
        sock.setblocking(False)
        self.channel.wait_with(self._wait_to_read, self._wait_to_write)
        self.budget = budget
        self.used = 0.0
        self.lived = 0.0  # what it used in the checks before this one
        self.gone: WorkerGone | None = None
        self.layers: list[str] = []
        self._sharer: Program | None = None  # whose compiled code this worker is to tell
        self._output = output
        self._control = control
        self._kept = 0.0  # seconds that it did not read what it was sent
        self._asked = 0.0
        self._awaited = 0.0
        self._forgiven = 0.0
        self._closed = False

    @property
    def output(self) -> str:
        """What the program printed, at most the budget's kilobytes."""
        return self._output.text()

    def load(self, program: Program) -> None:
        """Send the program; ``names`` waits for the answer."""
        self._sharer = program if program.code is None else None
        sock = self.channel.sock
        sock.setblocking(True)  # nothing of hers runs before it has read this
        with contextlib.suppress(OSError):  # a worker that died at once shows when it is asked
            sock.sendall(program.frames)
        sock.setblocking(False)

    def names(self) -> frozenset[str]:
        """Return the names in the module once it has loaded. Raises StudentError if it did not, or WorkerGone."""
        self._control.ready()  # the zygote may still be importing: that is our time, not hers
        reply, blobs = self._receive()
        sharer, self._sharer = self._sharer, None
        if sharer is not None and type(reply) is dict and "code" in reply:  # it comes before any of her code has run
            if len(blobs) == 1 and len(blobs[0]) <= CODE:
                sharer.code = blobs[0]
            reply, _ = self._receive()
        if type(reply) is dict and "e" in reply:
            raise student_error(reply["e"], self)
        value = reply.get("v") if type(reply) is dict else None
        if type(value) is not dict:
            raise self.violated("a malformed greeting")
        names = value.get("names")
        if type(names) is not list or not all(type(name) is str for name in names):
            raise self.violated("a malformed greeting")
        self.layers = [layer for layer in value["layers"] if type(layer) is str] if type(value.get("layers")) is list else []
        return frozenset(names)

    def exchange(self, message: Any, blobs: Sequence[bytes] = ()) -> tuple[Any, list[bytes]]:
        """Send and return the answer. Raises WorkerGone: a crash, a violation or the time used up, now and ever after."""
        self.tell(message, blobs)
        return self._receive()

    def tell(self, message: Any, blobs: Sequence[bytes] = ()) -> None:
        """Send what is answered with the next exchange at the latest. How long it does not read is its own time. Raises WorkerGone."""
        if self.gone is not None:
            raise self.gone
        self._asked = time.monotonic()
        self._awaited = self._kept = 0.0
        try:
            self.channel.tell(message, blobs, self._asked + self._left())
        except wire.OutOfTime:
            raise self._end(WorkerLate("it did not read what it was sent")) from None
        except wire.Closed:
            raise self._crashed() from None
        finally:
            self.used += max(0.0, self._kept - self._awaited)
            self._forgiven += self._awaited

    def _receive(self) -> tuple[Any, list[bytes]]:
        if self.gone is not None:
            raise self.gone
        self._asked = time.monotonic()
        self._awaited = 0.0
        try:
            reply = self.channel.receive(self._asked + self._left())
        except wire.Violation as error:
            raise self.violated(str(error)) from None
        except wire.OutOfTime:
            raise self._end(WorkerLate(f"it took more than {self.budget.seconds:g} s")) from None
        except wire.Closed:
            raise self._crashed() from None
        finally:
            self.used = max(0.0, self.used + time.monotonic() - self._asked - self._awaited)
            self._forgiven += self._awaited
        return reply

    def _left(self) -> float:
        return max(0.001, self.budget.seconds - self.used)

    def _wait_to_read(self, deadline: float | None) -> None:
        self._wait(deadline, [self.channel.sock.fileno()], [])

    def _wait_to_write(self, deadline: float | None) -> None:
        started = time.monotonic()
        try:
            self._wait(deadline, [], [self.channel.sock.fileno()])
        finally:
            self._kept += time.monotonic() - started

    def _wait(self, deadline: float | None, reading: list[int], writing: list[int]) -> None:
        """Wait for the socket, draining the output; time that the worker waited for a processor does not count."""
        while True:
            end = (deadline or 0) + self._awaited
            timeout = end - time.monotonic()
            if timeout <= 0:
                self._forgive()
                timeout = (deadline or 0) + self._awaited - time.monotonic()
                if timeout <= 0.002:
                    raise wire.OutOfTime
            outputs = self._output.filenos()
            readable, writable, _ = select.select([*reading, *outputs], writing, [], min(timeout, 1.0))
            if outputs and outputs[0] in readable:
                self._output.drain()
            if writable or (reading and reading[0] in readable):
                return

    def _forgive(self) -> None:
        elapsed = self.used + time.monotonic() - self._asked  # of all exchanges: each may have waited a little
        spent = self._control.spent()
        waited = spent["waited"] - self._forgiven if "waited" in spent else elapsed - spent.get("cpu", elapsed)
        most = self.budget.seconds * (PATIENCE - 1) - self._forgiven
        self._awaited = max(self._awaited, min(waited, elapsed * (PATIENCE - 1) / PATIENCE, most))

    def violated(self, why: str) -> WorkerGone:
        """End the worker for breaking the protocol; return what to raise."""
        return self._end(WorkerGone(f"the program answered in a way that no program of the course does: {why}"))

    def _crashed(self) -> WorkerGone:
        status = self._control.end(grace=0.5)
        if self._sharer is not None and status >> 8 == UNSEALED:  # nothing of hers has run: the code that it was to tell comes first
            self._end(WorkerGone("it never ran"))
            raise GraderFault(
                f"a worker could not be made behind the wall: {self.output.strip()[-200:]}; `grade doctor` says what is missing"
            )
        if _is_signal(status, "SIGXCPU"):
            return self._end(WorkerLate(f"it took more than {self.budget.seconds:g} s"))
        kind = WorkerKilled if _is_signal(status, "SIGKILL") else WorkerGone
        return self._end(kind(f"the program ended by itself ({_exit_words(status)})"))

    def _end(self, reason: WorkerGone) -> WorkerGone:
        self.gone = reason
        self.close()
        return reason

    def renew(self) -> tuple[str, float]:
        """Let the program load afresh for the next check; ``names`` waits for it. Return what it printed until now, and what it used."""
        self._account(self._waited())
        used, self.used = self.used, 0.0
        self.lived += used
        printed = self._output.take()
        self.channel.frames = self.channel.bytes = 0
        with contextlib.suppress(WorkerGone):  # shows when it is asked
            self.tell({"renew": True})
        return printed, used

    def close(self, *, soon: bool = False) -> None:
        """End the worker, whatever it does, and keep the last of its output. ``used`` is then without what it waited for a processor.

        *soon*: with what is said to the zygote next, or when the starter is told to ``sweep``.
        """
        if not self._closed:
            self._closed = True
            unasked = self.gone is None and self.used < UNASKED
            with contextlib.suppress(GraderFault):  # the zygote is gone, and its workers with it
                if unasked:
                    self._control.drop(self.channel.close, soon)
                else:
                    self._control.end()
            if not unasked:
                self.channel.close()
            self._account(self._control.waited)
        self._output.close()

    def _waited(self) -> float:
        return self._control.spent().get("waited", 0.0) if self.used >= UNASKED else 0.0

    def _account(self, waited: float) -> None:
        """Take what it waited for a processor off what it used, once."""
        unforgiven = min(max(0.0, waited - self._forgiven), self.used * (PATIENCE - 1) / PATIENCE)
        self.used -= unforgiven
        self._forgiven += unforgiven


class Control(Protocol):
    """How to measure and end one worker; once it has ended, ``waited`` is how long it waited for a processor.

    ``drop`` ends it too, and nobody waits for that; *then* hangs up, which would wake it before its end.
    """

    waited: float

    def ready(self) -> int: ...

    def spent(self) -> dict[str, float]: ...

    def end(self, grace: float = 0.0) -> int: ...

    def drop(self, then: Callable[[], None], soon: bool = False) -> None: ...


def _is_signal(status: int, name: str) -> bool:
    number = getattr(signal, name, None)
    return number is not None and status & 0x7F == number


def _exit_words(status: int) -> str:
    if status & 0x7F:
        with contextlib.suppress(ValueError):
            return signal.Signals(status & 0x7F).name
        return f"signal {status & 0x7F}"
    return f"exit status {status >> 8}"


class Output:
    """The worker's standard output and error: the first kilobytes kept, the rest drained and dropped."""

    def __init__(self, fd: int | None, cap: int) -> None:
        self._fd = fd
        self._cap = cap << 10
        self._kept = bytearray()
        if fd is not None:
            os.set_blocking(fd, False)

    def filenos(self) -> list[int]:
        return [] if self._fd is None else [self._fd]

    def drain(self, rounds: int = 16) -> None:
        """Read what is there, a bounded amount, so that a flood cannot hold the judge here."""
        for _ in range(rounds):
            if self._fd is None:
                return
            try:
                data = os.read(self._fd, 1 << 16)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                os.close(self._fd)
                self._fd = None
                return
            self.add(data)

    def add(self, data: bytes) -> None:
        self._kept += data[: max(0, self._cap - len(self._kept))]

    def take(self) -> str:
        """Return what came until now, and forget it."""
        self.drain()
        text = self.text()
        self._kept.clear()
        return text

    def close(self) -> None:
        self.drain()
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def text(self) -> str:
        return self._kept.decode("utf-8", "replace")
