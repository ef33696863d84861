"""A judge that waits: the public suite collected, a process behind the wall, and the command line at hand for the next ``grade check``."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import io
import marshal
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import grader
from grader import cli, door, manifest, practice, wall
from grader.cli import group
from grader.errors import CourseError, GraderFault
from grader.model import Assignment, Grade, Submission
from grader.practice.warm import Warm, stay

LARGEST = 1 << 24  # bytes of a request
SECONDS = 2.0  # for the rest of a request whose sender has said hello


def wait_for_checks(homework: str) -> None:
    """Serve ``grade check`` *homework* in this folder and environment until nobody asked for a while, or something has changed."""
    where = door.address(["check", homework], os.environ)
    if where is None:
        return
    folder = os.path.dirname(where.path)
    signal.signal(signal.SIGTERM, _stop)
    with contextlib.suppress(OSError, CourseError, GraderFault, KeyboardInterrupt):
        os.makedirs(folder, 0o700, exist_ok=True)
        if not door.is_private(folder):
            return
        with _alone(where.path):
            assignment = manifest.find(homework, Path.cwd())
            files = Files(assignment)
            submission = practice.my_work(assignment)
            stay(assignment, submission, lambda warm: _serve(where, Judge(warm), files))


def _stop(number: int, frame: object) -> None:
    """End, with all that was started, and say nothing: whoever asked hears of it from the command that she typed."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):
        os.dup2(nothing, stream)
    raise KeyboardInterrupt


@contextlib.contextmanager
def _alone(path: str) -> Iterator[None]:
    """Hold the lock of *path*; raise OSError where another judge holds it. The socket of one that was killed is removed."""
    with open(f"{path}.lock", "a", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(lock.fileno()), os.stat(lock.name)):
            raise OSError("the one before took the lock away as it ended")
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        try:
            yield
        finally:
            for name in (path, lock.name):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(name)


class Files:
    """What a judge read at its start: the handout's own files, the kit's, and what is installed."""

    def __init__(self, assignment: Assignment) -> None:
        self._folder = assignment.folder
        kit = Path(grader.__file__).parent.rglob("*.py")
        given = (assignment.folder / name for name in ("assignment.toml", *assignment.given))
        self._files = [*map(os.fspath, given), *map(os.fspath, kit), *wall.site_folders()]
        self._known = self._seen()

    def unchanged(self) -> bool:
        """Return whether all of it is as it was, and nothing was added."""
        return self._seen() == self._known

    def _seen(self) -> list[tuple[str, int, int, int]]:
        found = []
        for path in (*self._files, *_below(self._folder / "tests"), *_below(self._folder / ".kit")):
            with contextlib.suppress(OSError):
                status = os.stat(path)
                found.append((path, status.st_ino, status.st_mtime_ns, status.st_size))
        return found


class _Descriptor(io.FileIO):
    """A descriptor, and whatever it leads to at the time: a stream that once saw a file would look for its place in what is a pipe now."""

    def seekable(self) -> bool:
        return False


class Judge:
    """What ``grade check`` asks here (door.Cold is its other form)."""

    def __init__(self, warm: Warm) -> None:
        self._warm = warm
        self.rest = warm.rest
        self._streams = (
            io.TextIOWrapper(io.BufferedWriter(_Descriptor(1, "w", closefd=False)), encoding="utf-8"),
            io.TextIOWrapper(io.BufferedWriter(_Descriptor(2, "w", closefd=False)), encoding="utf-8"),
        )

    def check(self, assignment: Assignment, submission: Submission, stage: str | None, lang: str) -> Grade:
        try:
            return self._warm.check(assignment, submission, stage, lang)
        finally:
            self.speak()  # pytest has put back what it found, which is its own

    def speak(self) -> None:
        """Write to the descriptors 1 and 2, wherever they lead now."""
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__ = self._streams  # type: ignore[misc]

    def flush(self) -> None:
        for stream in self._streams:
            with contextlib.suppress(OSError, ValueError):  # the reader of a pipe went away
                stream.flush()

    def done(self, assignment: Assignment) -> None:
        """It waits already."""


def _below(folder: Path) -> Iterator[str]:
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        yield from (f"{parent}/{name}" for name in sorted(files))


def _serve(where: door.Address, judge: Judge, files: Files) -> None:
    gc.collect()
    gc.freeze()  # what is there now stays
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(where.path)
        listener.listen(4)
        judge.rest()
        os.chdir("/")  # her folder may be moved, or its disk taken out
        while True:
            listener.settimeout(door.patience(os.environ))
            try:
                line, _ = listener.accept()
            except TimeoutError:
                return
            with line:
                if not files.unchanged() or _answer(line, where, judge) in (group.OURS, group.INTERRUPTED):
                    return
            judge.rest()


def _answer(line: socket.socket, where: door.Address, judge: Judge) -> int:
    """Run what *line* asks for on the streams that came with it; return the exit code."""
    streams: list[int] = []
    try:
        line.settimeout(SECONDS)
        line.sendall(door.HELLO)
        head, streams, _, _ = socket.recv_fds(line, 4, 3)
        size = int.from_bytes(head, "big")
        if len(head) < 4 or len(streams) < 3 or size > LARGEST:
            return 0  # it hung up, or is nobody of ours
        request = b""
        while len(request) < size:
            request += (more := line.recv(size - len(request)))
            if not more:
                return 0
        key, arguments, environment = marshal.loads(request)  # from this user alone: the folder is closed to others
        if key != where.key:
            return 0
        line.settimeout(None)
        with _while_she_waits(line), _as_if_there(where.folder, environment, streams):
            judge.speak()
            code = _command(arguments, judge)
            judge.flush()
        if code != group.INTERRUPTED:  # it was told to end: who asked it judges by herself
            line.sendall(bytes([code]))
        return code
    except OSError:
        return 0
    finally:
        judge.flush()  # what a closed pipe did not take goes nowhere, and not before the next answer
        for fd in streams:
            os.close(fd)


def _command(arguments: list[str], judge: Judge) -> int:
    try:
        cli.main.main(arguments, prog_name="grade", obj=judge)
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else 1 if left.code else 0


@contextlib.contextmanager
def _as_if_there(folder: str, environment: dict[str, str], streams: list[int]) -> Iterator[None]:
    """Stand in her folder, with her environment and her terminal; and leave all of them again."""
    mine = dict(os.environ)
    nothing = os.open(os.devnull, os.O_RDWR)
    try:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        for number, fd in enumerate(streams):
            os.dup2(fd, number)
        yield
    finally:
        for number in range(3):
            os.dup2(nothing, number)
        os.close(nothing)
        os.environ.clear()
        os.environ.update(mine)
        os.chdir("/")


@contextlib.contextmanager
def _while_she_waits(line: socket.socket) -> Iterator[None]:
    """End if she hangs up (Ctrl-C, a closed terminal), in the middle of a check, and her program with it."""
    over = threading.Event()

    def listen() -> None:
        with contextlib.suppress(OSError):
            line.recv(1)
        if not over.is_set():
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)

    threading.Thread(target=listen, daemon=True).start()
    try:
        yield
    finally:
        over.set()
