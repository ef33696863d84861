"""The console script's way in: a judge that already waits for this homework, or the command line itself.

``grade check`` spends three quarters of its time on imports and on collecting a suite that is the same each time. So at a terminal the
first check leaves a process behind (``door/waiting.py``) that keeps both, and the next check only asks it. It belongs to one user, one
folder and one environment, answers nobody else, ends itself when it was idle for a while or when a file that it knows has changed, and
``GRADE_WARM=0`` switches it off. What it cannot answer, this process does itself: nothing depends on it.

This module is on the way of every check: ``socket`` alone takes longer to import than the rest of this way.
"""

from __future__ import annotations

import binascii
import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # the real one is in typing, which takes longer to import than everything here
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

    from grader.model import Assignment, Grade, Submission

VARIABLE = "GRADE_WARM"
IDLE, LONGEST_IDLE = 600.0, 86400.0  # seconds that a judge waits for the next check
HELLO = b"grade 1\n"
PATIENCE = 0.25  # seconds for its hello: one that is busy is not waited for
LONGEST = 100  # bytes of a socket's name that every system takes
COLD = frozenset({"--watch", "--pdb", "--help", "-h"})  # not a matter of one verdict
# What acts when a process starts: a judge that was started with another value of these is another judge.
STARTING = ("GRADE_", "PYTHON", "LD_", "DYLD_", "LC_", "OPENBLAS_", "CUDA_", "NVIDIA_", "GLIBC_", "MALLOC_")
STARTING_NAMES = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")


class Address:
    """Where the judge for one homework, folder, environment and Python listens, and what it must know to be the right one."""

    __slots__ = ("folder", "homework", "key", "path")

    def __init__(self, runtime: str, folder: str, homework: str, starting: Sequence[str]) -> None:
        self.folder = folder
        self.homework = homework
        self.key = "\0".join((sys.executable, __file__, folder, homework, *starting))
        self.path = f"{runtime}/{binascii.crc32(os.fsencode(self.key)):08x}"


def address(arguments: Sequence[str], environment: Mapping[str, str]) -> Address | None:
    """Return whom to ask for ``grade`` *arguments*; None where only the command line will do."""
    if len(arguments) < 2 or arguments[0] != "check" or arguments[1].startswith("-") or not COLD.isdisjoint(arguments):
        return None
    if sys.platform == "win32" or patience(environment) == 0.0:
        return None
    starting = [
        f"{name}={value}"
        for name, value in sorted(environment.items())
        if name != VARIABLE and (name in STARTING_NAMES or name.startswith(STARTING))
    ]
    try:
        found = Address(_runtime(environment), os.getcwd(), arguments[1], starting)
    except OSError:  # the folder that she stands in is gone
        return None
    return found if len(os.fsencode(found.path)) <= LONGEST else None


def patience(environment: Mapping[str, str]) -> float:
    """Return how many seconds a judge may wait idle: ``GRADE_WARM``, else ten minutes."""
    try:
        return min(max(0.0, float(environment.get(VARIABLE) or IDLE)), LONGEST_IDLE)
    except ValueError:
        return 0.0


def _runtime(environment: Mapping[str, str]) -> str:
    runtime = environment.get("XDG_RUNTIME_DIR", "")
    if runtime and os.path.isdir(runtime):
        return f"{runtime}/grade-kit"
    cache = environment.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return f"{cache}/grade-kit"


def is_private(folder: str) -> bool:
    """Return whether *folder* is this user's and closed to everybody else."""
    status = os.stat(folder, follow_symlinks=False)
    return status.st_uid == os.getuid() and not status.st_mode & 0o077


def ask(where: Address, arguments: Sequence[str]) -> int | None:
    """Let the judge that waits at *where* run the command on this terminal; return its exit code, None if it does not or will not."""
    import _socket  # the module under ``socket``, which imports enum and selectors: 4 ms, where the whole way is 60

    try:
        if not is_private(os.path.dirname(where.path)):
            return None
        line = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        if line.fileno() < 3:  # a stream of hers is closed, and this would be taken for it
            return None
        line.settimeout(PATIENCE)
        line.connect(where.path)
        if line.recv(len(HELLO)) != HELLO:
            return None
        request = marshal.dumps((where.key, list(arguments), dict(os.environ)))
        streams = b"".join(fd.to_bytes(4, sys.byteorder) for fd in (0, 1, 2))
        line.sendmsg([len(request).to_bytes(4, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
        line.sendall(request)
        line.settimeout(None)
        answer = line.recv(1)
    except OSError:
        return None
    return answer[0] if answer else None


class Cold:
    """What ``grade check`` asks where no judge waits: this process, which leaves one behind."""

    def __init__(self, where: Address) -> None:
        self._where = where

    def check(self, assignment: Assignment, submission: Submission, stage: str | None, lang: str) -> Grade:
        from grader import practice

        return practice.check(assignment, submission, stage, lang)

    def done(self, assignment: Assignment) -> None:
        """Start a judge that waits for the next check: at a terminal, or where ``GRADE_WARM`` asks for it; never in the staff's copy."""
        if assignment.private is not None or not (os.environ.get(VARIABLE) or (os.isatty(1) and not os.environ.get("CI"))):
            return
        import contextlib
        import subprocess

        quiet = subprocess.DEVNULL
        with contextlib.suppress(OSError):
            subprocess.Popen(
                [sys.executable, "-P", "-m", "grader.door", self._where.homework],
                stdin=quiet,
                stdout=quiet,
                stderr=quiet,
                start_new_session=True,
            )


def run() -> NoReturn:
    """Be the console script."""
    arguments = sys.argv[1:]
    where = address(arguments, os.environ)
    if where is not None:
        try:
            code = ask(where, arguments)
        except KeyboardInterrupt:
            from grader.cli import group

            code = group.interrupted()
        if code is not None:
            os._exit(code)
    from grader import cli

    cli.run(None if where is None else Cold(where))
