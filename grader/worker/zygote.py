"""The zygote: imports what is allowed, then forks one sealed worker for each check. Never runs student code itself."""

from __future__ import annotations

import array
import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
import time

from grader import wire
from grader.worker import embryo, load, pages, seal, serve

TYPE_CHECKING = False  # here and in what this process imports: `typing` would take longer than the rest
if TYPE_CHECKING:
    from typing import Any


def preload(names: list[str], site: list[str], *, cuda: bool = False) -> None:
    """Import the packages that a submission will ask for, once, and make them safe to fork.

    A fork of a process that woke the CUDA driver cannot use it: with *cuda* nothing here may, and without it no device is shown.
    """
    gc.disable()  # what is imported stays: to look for rubbish in it again and again takes half as long as importing it
    kept = list(sys.path)
    sys.path.extend(site)
    if "torch" in names:
        import tempfile

        tempfile.tempdir = "/tmp"  # torch asks for one when it is imported, and for a cache folder at the first optimiser step;
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = "/tmp"  # behind the wall nothing can be written, so both must exist already
        if not cuda:
            os.environ["CUDA_VISIBLE_DEVICES"] = ""  # torch would wake the driver merely to count the devices
    try:
        for name in names:
            __import__(name)
        if "torch" in names:
            _calm_torch(cuda=cuda, optimiser=cuda or "torch.optim" in names)
    finally:
        sys.path[:] = kept
    gc.freeze()  # before the collector may look again
    gc.set_threshold(500_000, 10, 10)
    gc.enable()


def _calm_torch(*, cuda: bool, optimiser: bool) -> None:
    """One thread: a fork of a process that ran several hangs for ever. One step of an *optimiser*: the first takes as long as torch."""
    import torch

    torch.set_num_threads(1)
    weight = torch.zeros(2, requires_grad=True)
    weight.grad = torch.zeros(2)
    if not cuda:  # a backward pass counts the devices
        (weight * weight).sum().backward()  # type: ignore[no-untyped-call]
    if optimiser:
        there, torch.cuda.is_available = torch.cuda.is_available, lambda: False  # and so does a step
        torch.optim.SGD([weight], lr=0.1).step()
        torch.cuda.is_available = there
    torch.nn.functional.cross_entropy(torch.zeros(2, 3), torch.zeros(2, dtype=torch.int64))


class Control(wire.Channel):
    """The judge's control channel; file descriptors come along with some messages, in order."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self.fds: list[int] = []

    def read(self) -> bytes:
        data, ancillary, _, _ = self.sock.recvmsg(1 << 16, socket.CMSG_SPACE(64))
        for level, kind, raw in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                numbers = array.array("i")
                numbers.frombytes(raw[: len(raw) - len(raw) % numbers.itemsize])
                self.fds.extend(numbers)
        return data


class Zygote:
    """Answers the judge's control channel. No program passes through it: what it held, each of its children could read."""

    def __init__(self, control: socket.socket) -> None:
        self._channel = Control(control)
        self._children: set[int] = set()
        self._dropped: set[int] = set()  # killed, and not reaped yet
        self._site: list[str] = []
        self._policies: dict[int, Any] = {}
        self._scattered = False

    def run(self) -> None:
        """Serve until the judge hangs up; then nothing survives."""
        try:
            while True:
                message, _ = self._channel.receive()
                for pid in message.get("drop", ()):  # killed; nobody asks how it ended
                    _kill(pid)
                    self._dropped.add(pid)
                reply = getattr(self, "do_" + message["do"])(message)
                if reply is not None:
                    self._channel.send(reply)
        except (wire.Closed, ConnectionError):
            pass
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
        finally:
            for pid in self._children:
                _kill(pid)
            for pid in self._children:
                _reap(pid)
            os._exit(0)

    def do_prepare(self, message: Any) -> Any:
        self._site = message["site"]
        preload(message["preload"], self._site, cuda=message["cuda"])
        _streams()
        seal.prepare()
        gc.freeze()
        self._scattered = "torch" in message["preload"]
        if message["cuda"]:
            self._gather()  # nobody asks here for an embryo
        return {"ready": True}

    def do_policy(self, message: Any) -> None:
        self._policies[message["number"]] = policy = {**message["policy"], "keep": [3]}  # the worker's socket, and nothing else
        seal.prepare(policy)

    def do_fork(self, message: Any) -> Any:
        connection, output = self._channel.fds[:2]
        del self._channel.fds[:2]
        pid = os.fork()
        if pid == 0:
            serve.live(connection, output, lambda: self._work(self._policies[message["policy"]]))
        os.close(connection)
        os.close(output)
        self._children.add(pid)
        self._sweep()
        return {"pid": pid}

    def do_embryo(self, message: Any) -> None:
        (connection,) = self._channel.fds[:1]
        del self._channel.fds[:1]
        self._gather()  # there will be many forks: for the one of a check of her own it would not pay
        pid = os.fork()
        if pid == 0:
            try:
                embryo.become(connection, self._policies[message["policy"]], self._site)
            finally:  # it could not: the judge sees that it is gone, and asks here
                os._exit(serve.UNSEALED)
        os.close(connection)
        self._children.add(pid)
        self._dropped.add(pid)  # it ends when the judge hangs up

    def _gather(self) -> None:
        if self._scattered:
            self._scattered = False
            pages.gather()

    def _work(self, policy: Any) -> None:
        layers = seal.seal(policy)
        channel = wire.Channel(serve.connected())
        serve.disguise()
        serve.work(channel, load.program(channel.receive_bytes()), self._site, layers)

    def do_spent(self, message: Any) -> Any:
        return spent(message["pid"])

    def do_kill(self, message: Any) -> Any:
        pid = message["pid"]
        if message.get("grace"):  # it hung up by itself: its own exit status is the news
            _await(pid, message["grace"])
        waited = spent(pid).get("waited", 0.0)  # a dead one that is not reaped can still be asked
        _kill(pid)
        self._children.discard(pid)
        return {"exit": [*(_reap(pid) or [0, 0.0, 0]), waited]}

    def do_sweep(self, message: Any) -> None:
        self._sweep()

    def _sweep(self) -> None:
        for pid in list(self._dropped):
            if _reap(pid, os.WNOHANG) is not None:
                self._dropped.discard(pid)
                self._children.discard(pid)


def _reap(pid: int, options: int = 0) -> list[Any] | None:
    """Return exit status, processor seconds and largest memory of a dead child; None while it lives."""
    try:
        found, status, usage = os.wait4(pid, options)
    except ChildProcessError:
        return [0, 0.0, 0]
    return [status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss] if found else None


def _kill(pid: int) -> None:
    """End a child: a number that is nobody's, or somebody else's by now, is left alone."""
    with contextlib.suppress(ChildProcessError, ProcessLookupError):
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        os.kill(pid, signal.SIGKILL)


def _await(pid: int, seconds: float) -> None:
    """Wait until *pid* is dead but not yet reaped, or the time is over."""
    try:
        fd = os.pidfd_open(pid)
    except (AttributeError, OSError):
        time.sleep(seconds)
        return
    select.select([fd], [], [], seconds)
    os.close(fd)


def spent(pid: int) -> dict[str, float]:
    """Return the seconds that *pid* waited for a processor, and where the kernel does not tell, its processor seconds instead."""
    try:
        with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
            return {"waited": int(file.read().split()[1]) / 1e9}
    except (OSError, IndexError, ValueError):
        pass
    try:
        return {"cpu": time.clock_gettime(((~pid) << 3) | 2)}  # the CPU clock of another process
    except OSError:
        return {}


def _streams() -> None:
    """Give the program streams that never fail on a character, whatever the terminal of the judge."""
    for number, name in ((1, "stdout"), (2, "stderr")):
        setattr(sys, name, open(number, "w", encoding="utf-8", errors="backslashreplace", buffering=1))  # noqa: SIM115


def single(port: int) -> None:
    """Tier 3: one process, no fork, no wall; the judge replaces it after a crash or a timeout."""
    first = json.loads(sys.stdin.buffer.readline())
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    channel = wire.Channel(sock)
    channel.send({"token": first["token"]})
    preload(first["preload"], first["site"], cuda=first["cuda"])
    _streams()
    serve.disguise()
    serve.work(channel, load.program(channel.receive_bytes()), first["site"], [])


def main() -> None:
    if sys.argv[2].startswith("tcp:"):
        single(int(sys.argv[2][4:]))
    else:
        for number in (signal.SIGINT, signal.SIGTERM):  # Ctrl-C goes to the judge, which hangs up
            signal.signal(number, signal.SIG_IGN)
        Zygote(socket.socket(fileno=int(sys.argv[2]))).run()
