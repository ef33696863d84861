"""The zygote: imports what is allowed, then forks one sealed worker for each check. Never runs student code itself.

Started as ``python -s -P -S __main__.py PACKAGE_PARENT CONTROL`` where CONTROL is the number of an inherited socket; or (tier 3, which
has no fork) as ``PACKAGE_PARENT tcp:PORT``: then it is itself the worker, and the token comes on standard input.
"""

from __future__ import annotations

import os
import sys

sys.path.append(sys.argv[1])

import array
import contextlib
import gc
import json
import select
import signal
import socket
import time
from typing import Any

from grader import wire
from grader.worker import load, serve


def preload(names: list[str], site: list[str]) -> None:
    """Import the packages that a submission will ask for, once, and make them safe to fork."""
    kept = list(sys.path)
    sys.path.extend(site)
    if "torch" in names:
        import tempfile

        tempfile.tempdir = "/tmp"  # torch asks for one when it is imported, and for a cache folder at the first optimiser step;
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = "/tmp"  # behind the wall nothing can be written, so both must exist already
    try:
        for name in names:
            __import__(name)
        if "torch" in names:
            _calm_torch()
    finally:
        sys.path[:] = kept


def _calm_torch() -> None:
    """One thread, and one optimiser step: a fork of a process that ran several threads hangs for ever."""
    import torch

    torch.set_num_threads(1)
    weight = torch.zeros(2, requires_grad=True)
    optimiser = torch.optim.SGD([weight], lr=0.1)
    (weight * weight).sum().backward()  # type: ignore[no-untyped-call]
    optimiser.step()
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
    """Answers the judge's control channel: fork, spent, kill."""

    def __init__(self, control: socket.socket) -> None:
        self._channel = Control(control)
        self._children: set[int] = set()
        self._dead: dict[int, list[Any]] = {}
        self._site: list[str] = []

    def run(self) -> None:
        """Serve until the judge hangs up; then nothing survives."""
        try:
            while True:
                message, _ = self._channel.receive()
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
            os._exit(0)

    def do_prepare(self, message: Any) -> Any:
        self._site = message["site"]
        preload(message["preload"], self._site)
        if message["seal"]:
            from grader.worker import seal

            seal.prepare()
        gc.collect()
        gc.freeze()
        gc.set_threshold(500_000, 10, 10)
        return {"ready": True}

    def do_fork(self, message: Any) -> Any:
        connection, output = self._channel.fds[:2]
        del self._channel.fds[:2]
        if message["policy"] is not None:
            from grader.worker import seal

            seal.prepare(message["policy"])
        pid = os.fork()
        if pid == 0:
            self._become_worker(connection, output, message["policy"])
        os.close(connection)
        os.close(output)
        self._children.add(pid)
        return {"pid": pid}

    def _become_worker(self, connection: int, output: int, policy: Any) -> None:
        code = 70
        try:
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            os.dup2(output, 1)
            os.dup2(output, 2)
            os.dup2(connection, 3)
            layers: list[str] = []
            if policy is None:
                os.closerange(4, 4096)
            else:
                from grader.worker import seal

                layers = seal.seal({**policy, "keep": [3]})  # the seal needs a descriptor of its own until then
            work(wire.Channel(socket.socket(fileno=3)), self._site, layers)
            code = 0
        except BaseException as error:
            os.write(2, f"worker: {type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(code)

    def do_spent(self, message: Any) -> Any:
        return spent(message["pid"])

    def do_kill(self, message: Any) -> Any:
        pid = message["pid"]
        if message.get("grace"):  # it hung up by itself: its own exit status is the news
            _await(pid, message["grace"])
        waited = spent(pid).get("waited", 0.0)  # a dead one that is not reaped can still be asked
        _kill(pid)
        self._reap(pid)
        return {"exit": [*self._dead.pop(pid, [0, 0.0, 0]), waited]}

    def _reap(self, pid: int) -> None:
        try:
            _, status, usage = os.wait4(pid, 0)
            self._dead[pid] = [status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss]
        except ChildProcessError:
            pass
        self._children.discard(pid)


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
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


def work(channel: wire.Channel, site: list[str], layers: list[str]) -> None:
    """Be the worker of one check: receive the submission, load it, say so, serve it."""
    for name in ("stdout", "stderr"):
        setattr(sys, name, open(1 if name == "stdout" else 2, "w", encoding="utf-8", errors="backslashreplace", buffering=1))  # noqa: SIM115
    sys.path[:] = [path for path in sys.path if path != sys.argv[1]]
    sys.argv[:] = ["student"]
    message, blobs = channel.receive()
    files = dict(zip(message["files"], blobs, strict=True))
    try:
        module = load.load(files, message["module"], message["packages"], site)
    except BaseException as error:
        channel.send({"e": serve.describe(error)})
        return
    names = [name for name in vars(module) if len(name) <= 200][:2000]
    channel.send({"v": {"names": names, "layers": layers}})
    serve.Served(channel).serve(module)


def single(port: int) -> None:
    """Tier 3: one process, no fork, no wall; the judge replaces it after a crash or a timeout."""
    first = json.loads(sys.stdin.buffer.readline())
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    channel = wire.Channel(sock)
    channel.send({"token": first["token"]})
    preload(first["preload"], first["site"])
    work(channel, first["site"], [])


def main() -> None:
    if sys.argv[2].startswith("tcp:"):
        single(int(sys.argv[2][4:]))
    else:
        for number in (signal.SIGINT, signal.SIGTERM):  # Ctrl-C goes to the judge, which hangs up
            signal.signal(number, signal.SIG_IGN)
        Zygote(socket.socket(fileno=int(sys.argv[2]))).run()


if __name__ == "__main__":
    main()
