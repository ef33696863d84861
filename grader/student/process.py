"""Start workers: forks of a zygote or of a program's embryo behind the wall (tiers 1 and 2), or one plain process each (tier 3)."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from grader import wall, wire
from grader.errors import GraderFault
from grader.student import bytecode
from grader.student.embryo import START_SECONDS, Answers, Embryo, Pending, Unborn
from grader.student.line import Budget, Output, Program, Worker
from grader.student.plain import ISOLATED, WORKER, Plain, package_parent

OPTIMISER = "torch.optim"  # the first step of one imports torch._dynamo, which takes as long as torch
_DYNAMO = re.compile(rb"\boptim\b|utils\.checkpoint|torch\.compile|_dynamo")  # who speaks of these will import it too
HUGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}  # malloc asks for them from the start; other C libraries do not look


class Starter(Protocol):
    """Something that starts workers."""

    wall: wall.Wall

    def start(self, program: Program, budget: Budget, *, often: bool = False) -> Worker: ...

    def prepare(self, budget: Budget) -> None: ...

    def alive(self) -> bool: ...

    def sweep(self) -> None: ...

    def close(self) -> None: ...


def mentioned(packages: Sequence[str], files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Return those of *packages* that a Python file of *files* speaks of: worth importing ahead. A hint for speed, never a permission.

    ``OPTIMISER`` comes last, where they use torch and speak of one.
    """
    text = b"\n".join(data for name, data in files.items() if name.endswith(".py"))
    found = tuple(name for name in packages if re.search(rb"\b%s\b" % re.escape(name.encode()), text))
    return (*found, OPTIMISER) if "torch" in found and _DYNAMO.search(text) else found


class Zygote:
    """Tiers 1 and 2: one clean process behind the wall that forks a sealed worker for each check."""

    def __init__(self, the_wall: wall.Wall, packages: Sequence[str], preload: Sequence[str] | None = None, *, cuda: bool = False) -> None:
        self.wall = the_wall
        self._packages = tuple(packages)
        self._preload = list(packages if preload is None else preload)
        self._cuda = cuda
        self._answers = Answers(self._receive)
        self._policies: dict[tuple[float, int | None, bool], int] = {}
        self._said = ""
        self._ended: list[tuple[int, Callable[[], None]]] = []  # workers that the zygote will be told of with the next message
        self._embryo: Embryo | None = None
        self._spare: Worker | None = None
        self.forks = 0  # workers
        self.embryos = 0
        self._open()

    def _open(self) -> None:
        ours, theirs = socket.socketpair()
        python = os.path.abspath(sys.executable)  # "../.venv/bin/python" leads through a folder that is not behind the wall
        argv = [python, *ISOLATED, str(WORKER), package_parent(), str(theirs.fileno())]
        command = wall.command(self.wall, argv, read=[WORKER.parent.parent], keep_fds=[theirs.fileno()], cuda=self._cuda)
        try:
            self._process = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                env=wall.environment(self.wall) | (HUGE_PAGES if "torch" in self._preload else {}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise GraderFault(f"the worker could not be started: {error}; `grade doctor` says what is missing") from None
        finally:
            theirs.close()
        self._control = wire.Channel(ours)
        self._control.wait_with(lambda deadline: _wait_for(ours, deadline))
        self.ask({"do": "prepare", "preload": self._preload, "site": wall.site_folders(), "cuda": self._cuda}, lambda reply: None)

    def tell(self, message: Any, fds: Sequence[int] = ()) -> None:
        """Send what has no answer, and with it who is to end."""
        ended, self._ended = self._ended, []
        if ended:
            message = {**message, "drop": [pid for pid, _ in ended]}
        try:
            if fds:
                socket.send_fds(self._control.sock, [wire.pack(message)], list(fds))
            else:
                self._control.send(message)
        except (OSError, wire.Closed):
            raise self._fault() from None
        finally:
            for _, hang_up in ended:
                hang_up()

    def ask(self, message: Any, then: Callable[[Any], None], fds: Sequence[int] = ()) -> Pending:
        """Send what has an answer: *then(answer)* is called when it, or a later one, is awaited."""
        self.tell(message, fds)
        return self._answers.due(then)

    def _receive(self) -> Any:
        try:
            return self._control.receive(time.monotonic() + START_SECONDS)[0]
        except (wire.Closed, wire.OutOfTime, wire.Violation) as error:
            raise self._fault() from error

    def end_soon(self, pid: int, hang_up: Callable[[], None]) -> None:
        """End the worker *pid* with the next message, and hang up then."""
        self._ended.append((pid, hang_up))

    def _fault(self) -> GraderFault:
        self._process.kill()
        if self._process.stderr and not self._said:
            self._said = self._process.stderr.read(2000).decode("utf-8", "replace").strip()
        last = self._said.splitlines()[-1] if self._said else "no message"
        fault = GraderFault(f"the process behind the wall (tier {self.wall.tier}) is gone: {last}; `grade doctor` says what is missing")
        if self._said:
            fault.add_note(self._said)  # all of it, for --verbose
        return fault

    def start(self, program: Program, budget: Budget, *, often: bool = False) -> Worker:
        """Fork a sealed worker for *program*; returns before it has loaded. One that will *often* be asked for gets an embryo."""
        policy = self._policy(budget)
        embryo = self._embryo_of(program, policy) if often and not budget.cuda else None
        spare, self._spare = self._spare, None
        if spare is not None and embryo is None and spare.budget == budget:
            spare.load(program)
            return spare
        if spare is not None:
            spare.close()
        try:
            worker = self._fork(policy, budget, embryo)
        except Unborn:
            self._forget_embryo()
            return self.start(program, budget)
        if embryo is None:
            worker.load(program)
        return worker

    def prepare(self, budget: Budget) -> None:
        """Fork a worker now for whatever program comes next: it seals itself while nobody waits."""
        if self._spare is None:
            self._spare = self._fork(self._policy(budget), budget, None)

    def _fork(self, policy: int, budget: Budget, embryo: Embryo | None) -> Worker:
        """Return a new worker, which has no program unless an *embryo* bore it. Raises Unborn where that has died."""
        sock, theirs = socket.socketpair()
        reading, writing = os.pipe()
        control = _Forked(self)
        try:
            fds = [theirs.fileno(), writing]
            if embryo is None:
                control.pending = self.ask({"do": "fork", "policy": policy}, lambda reply: control.born(int(reply["pid"])), fds)
            else:
                control.pending = embryo.fork(control.born, fds)
        except (GraderFault, Unborn):
            sock.close()
            os.close(reading)
            raise
        finally:
            theirs.close()
            os.close(writing)
        self.forks += 1
        return Worker(sock, Output(reading, budget.output), control, budget)

    def _embryo_of(self, program: Program, policy: int) -> Embryo | None:
        """Return the embryo of *program*, if it can have one: its code must be known, so that nothing of it has run there."""
        if self._embryo is not None and (self._embryo.program is not program or self._embryo.policy != policy):
            self._forget_embryo()
        if self._embryo is None and program.code is not None:
            ours, theirs = socket.socketpair()
            try:
                self.tell({"do": "embryo", "policy": policy}, [theirs.fileno()])
                self._embryo = Embryo(ours, program, policy)
                self.embryos += 1
            except (GraderFault, OSError):
                ours.close()
                raise
            finally:
                theirs.close()
        return self._embryo

    def _forget_embryo(self) -> None:
        embryo, self._embryo = self._embryo, None
        if embryo is not None:
            embryo.close()

    def _policy(self, budget: Budget) -> int:
        """Return the number of a policy that the zygote has been told."""
        key = (budget.seconds, budget.memory, budget.cuda)
        if key not in self._policies:
            cpu = budget.seconds * 2 + 3  # a backstop: the judge's own clock is the limit
            told = wall.policy(self.wall, memory_mib=budget.memory, cpu=cpu, packages=self._packages, cuda=budget.cuda)
            self._policies[key] = number = len(self._policies)
            self.tell({"do": "policy", "number": number, "policy": told})
        return self._policies[key]

    def sweep(self) -> None:
        """End now whoever was to end soon, and the embryo."""
        self._forget_embryo()
        self.end_now()

    def end_now(self) -> None:
        """End whoever was to end soon."""
        if self._ended:
            self.tell({"do": "sweep"})

    def alive(self) -> bool:
        """Return whether the zygote is still there; for the process that started it alone."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the zygote and everything that it forked."""
        self._forget_embryo()
        if self._spare is not None:
            self._spare.close()
        self._control.close()
        for _, hang_up in self._ended:
            hang_up()
        try:
            self._process.wait(2.0)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        if self._process.stderr:
            self._process.stderr.close()


def _wait_for(sock: socket.socket, deadline: float | None) -> None:
    timeout = None if deadline is None else max(0.0, deadline - time.monotonic())
    if not select.select([sock], [], [], timeout)[0]:
        raise wire.OutOfTime


class _Forked:
    """A worker that the zygote forked, known by its number there."""

    def __init__(self, zygote: Zygote) -> None:
        self._zygote = zygote
        self._pid = 0
        self.waited = 0.0
        self._status: int | None = None
        self.pending: Pending | None = None

    def born(self, pid: int) -> None:
        self._pid = pid

    def ready(self) -> int:
        """Wait until the zygote has forked it; return its process number there."""
        pending, self.pending = self.pending, None
        if pending is not None:
            try:
                pending.wait()
            except Unborn:  # it goes for a worker that somebody killed
                self._status = int(signal.SIGKILL)
        return self._pid

    def spent(self) -> dict[str, float]:
        answer: dict[str, float] = {}
        if pid := self.ready():
            self._zygote.ask({"do": "spent", "pid": pid}, answer.update).wait()
        return answer

    def end(self, grace: float = 0.0) -> int:
        pid = self.ready()
        if self._status is None:
            answer: dict[str, Any] = {}
            self._zygote.ask({"do": "kill", "pid": pid, "grace": grace}, answer.update).wait()
            self._status = int(answer["exit"][0])
            self.waited = float(answer["exit"][3])
        return self._status

    def drop(self, then: Callable[[], None], soon: bool = False) -> None:
        try:
            pid = self.ready()
        except GraderFault:
            then()
            raise
        if self._status is not None:
            then()
            return
        self._status = 0
        self._zygote.end_soon(pid, then)
        if not soon:
            self._zygote.end_now()


class WithDevice:
    """Two clean processes: checks that ask for a CUDA device are forked from one that can reach it, all others from one that cannot."""

    def __init__(self, the_wall: wall.Wall, packages: Sequence[str], preload: Sequence[str] | None) -> None:
        self.wall = the_wall
        self._without = Zygote(the_wall, packages, preload)
        self._start_device = functools.partial(Zygote, the_wall, packages, preload, cuda=True)
        self._device: Zygote | None = None

    def start(self, program: Program, budget: Budget, *, often: bool = False) -> Worker:
        """Fork a worker from the one that *budget* asks for; the one with the device starts when it is first needed."""
        if not budget.cuda:
            return self._without.start(program, budget, often=often)
        if self._device is None:
            self._device = self._start_device()
        return self._device.start(program, budget)

    def prepare(self, budget: Budget) -> None:
        """Fork ahead where no device is asked for."""
        if not budget.cuda:
            self._without.prepare(budget)

    def sweep(self) -> None:
        """Hear of the workers that have ended."""
        for zygote in self._running:
            zygote.sweep()

    def alive(self) -> bool:
        """Return whether both still answer."""
        return all(zygote.alive() for zygote in self._running)

    def close(self) -> None:
        """End both and all their workers."""
        for zygote in self._running:
            zygote.close()

    @property
    def _running(self) -> tuple[Zygote, ...]:
        return (self._without,) if self._device is None else (self._without, self._device)


def starter(the_wall: wall.Wall, packages: Sequence[str], preload: Sequence[str] | None = None, *, cuda: bool = False) -> Starter:
    """Return what starts workers on this tier of the wall."""
    bytecode.write(["torch._dynamo" if name == OPTIMISER else name for name in (packages if preload is None else preload)])
    if the_wall.tier >= 3:
        return Plain(the_wall, packages, preload)
    return WithDevice(the_wall, packages, preload) if cuda else Zygote(the_wall, packages, preload)
