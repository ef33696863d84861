"""Check again whenever she saves: one warm judge, one warm process behind the wall, the first failing check first.

``events`` come from two threads, her keys and her files, into one queue; the judging happens in the caller's thread, check by check, and a
new event ends a round early. What is shown, and where, is the caller's business.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from grader import judge
from grader.errors import CourseError
from grader.model import Assignment, Grade, Outcome, Submission, Verdict
from grader.practice.warm import Warm, stay
from grader.practice.work import SEED, asked, my_work, what_is_known, witness

if TYPE_CHECKING:
    from grader.judge import Bench, Check
    from grader.tutor import Seen

Event = Literal["saved", "resized", "stop", "h", "n", "l", "a", "q"]
KEYS = frozenset("hnlaq")
POLLED = ("9p", "nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "vboxsf", "drvfs")  # file systems that send no events
FAILED = (Outcome.FAIL, Outcome.CRASH, Outcome.TIMEOUT)


class Screen(Protocol):
    """What shows the state of the work."""

    def verdict(self, state: State) -> None: ...

    def listing(self, state: State) -> None: ...

    def hint(self, state: State) -> None: ...

    def trouble(self, error: CourseError) -> None: ...


@dataclass
class State:
    """The newest verdict of every check, in the order of the ramp, and which failing one is looked at."""

    assignment: Assignment
    grade: Grade | None = None
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    cursor: int = 0
    running: bool = False

    @property
    def failing(self) -> list[Verdict]:
        return [verdict for verdict in self.verdicts.values() if verdict.outcome in FAILED]

    @property
    def current(self) -> Verdict | None:
        """The failing check that is looked at: the first, unless she went on to another."""
        failing = self.failing
        return failing[self.cursor % len(failing)] if failing else None

    def whole(self) -> Grade | None:
        """Return all that is known as one grade."""
        return None if self.grade is None else replace(self.grade, verdicts=tuple(self.verdicts.values()))


class Watch:
    """The loop. ``run`` returns when she quits, or raises KeyboardInterrupt."""

    def __init__(self, assignment: Assignment, stage: str | None, lang: str, screen: Screen) -> None:
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.state = State(assignment)
        self.finished: Callable[[Grade], None] = lambda grade: None  # called after each whole round
        self._stage = stage
        self._lang = lang
        self._screen = screen
        self._waiting: list[Event] = []

    def run(self) -> None:
        """Judge once, then after each event, until she quits."""
        stay(self.state.assignment, my_work(self.state.assignment), self._serve)

    def _serve(self, warm: Warm) -> None:
        wanted = judge.stage_only(warm.bench, self._stage) if self._stage else lambda check: True
        checks = [check for check in warm.bench.checks if wanted(check)]
        self._round(warm, checks)
        while True:
            event = self._waiting.pop(0) if self._waiting else self.events.get()
            if event in ("q", "stop"):
                return
            if event in ("saved", "a"):
                self._round(warm, checks)
            elif event == "n":
                self.state.cursor += 1
                self._screen.verdict(self.state)
            elif event == "l":
                self._screen.listing(self.state)
            elif event == "h":
                self._screen.hint(self.state)
            else:
                self._screen.verdict(self.state)

    def _round(self, warm: Warm, checks: list[Check]) -> None:
        """Judge what she saved: the check that she looks at first, then all in their order. A new event ends the round."""
        try:
            submission = my_work(self.state.assignment)
        except CourseError as error:  # between two writes of an editor the file may be gone, or half there
            self._screen.trouble(error)
            return
        warm.ready_for(self.state.assignment, submission)
        bench = warm.bench
        first = self.state.current
        self.state.running = True
        if first is not None:
            if not self._judge(bench, submission, [check for check in checks if check.id == first.id]):
                return
            self._ask(bench)
            self._screen.verdict(self.state)
        if not self._judge(bench, submission, [check for check in checks if first is None or check.id != first.id]):
            return
        self.state.running = False
        self.state.cursor = 0
        self.state.verdicts = {check.id: self.state.verdicts[check.id] for check in checks}
        grade = self._ask(bench, witness(bench, warm.workers, submission))  # not before: the first verdict must not wait for it
        self._screen.verdict(self.state)
        self.finished(grade)
        warm.rest()

    def _judge(self, bench: Bench, submission: Submission, checks: list[Check]) -> bool:
        """Judge *checks* in one grading, so that they share a process; return False where an event ended it early."""

        def seen(verdict: Verdict) -> bool:
            self.state.verdicts[verdict.id] = verdict
            return self._interrupted()

        grade = bench.grade(submission, SEED, lambda check: check in checks, seen)
        self.state.grade = replace(grade, verdicts=())
        if self._interrupted():
            self._ask(bench)  # keys that look come before the next round
            return False
        return True

    def _ask(self, bench: Bench, called: Callable[[], Seen] | None = None) -> Grade:
        """Let the tutor look at all verdicts that there are."""
        whole = self.state.whole()
        assert whole is not None
        known = what_is_known(self.state.assignment, bench.suite_hash)
        grade = asked(whole, known, self._lang, called)
        self.state.verdicts = {verdict.id: verdict for verdict in grade.verdicts}
        return grade

    def _interrupted(self) -> bool:
        """Return whether something came that this round should make way for; keys that only look are kept for later."""
        while True:
            try:
                event = self.events.get_nowait()
            except queue.Empty:
                return any(waiting in ("saved", "q", "stop") for waiting in self._waiting)
            self._waiting.append(event)


def files_saved(
    folder: Path,
    names: tuple[str, ...],
    events: queue.SimpleQueue[Event],
    stop: threading.Event,
    seen: tuple[tuple[int, int] | None, ...],
) -> None:
    """Put ``saved`` into *events* whenever one of the files changes, until *stop*. Polls where file events do not work.

    *seen* is ``state_of`` the files when they were judged first.
    """
    import watchfiles

    wanted = {str(folder / name) for name in names}
    watched = watchfiles.watch(
        folder,
        watch_filter=lambda change, path: path in wanted,
        debounce=60,
        step=10,
        stop_event=stop,
        recursive=False,
        force_polling=polling_needed(folder),
        poll_delay_ms=100,
        raise_interrupt=False,
        rust_timeout=500,
        yield_on_timeout=True,
    )
    for changes in watched:
        now = state_of(folder, names)
        if changes or now != seen:  # a save before the watching began, or one whose event was lost, is found by the clock
            events.put("saved")
        seen = now


def state_of(folder: Path, names: tuple[str, ...]) -> tuple[tuple[int, int] | None, ...]:
    """Return when each of the files was written last, and its size; None for one that is not there."""
    found: list[tuple[int, int] | None] = []
    for name in names:
        try:
            status = (folder / name).stat()
        except OSError:
            found.append(None)
        else:
            found.append((status.st_mtime_ns, status.st_size))
    return tuple(found)


def polling_needed(folder: Path, mounts: Path = Path("/proc/mounts")) -> bool | None:
    """Return True where *folder* lies on a network mount or the like; None leaves it to watchfiles, which knows WSL and its variable."""
    try:
        rows = [line.split() for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:
        return None
    holding = [(len(row[1]), row[2]) for row in rows if len(row) > 2 and folder.is_relative_to(row[1].replace("\\040", " "))]
    return True if holding and max(holding)[1] in POLLED else None


def keys_pressed(events: queue.SimpleQueue[Event], fd: int) -> None:
    """Put each key of the terminal *fd* that means something into *events*; at the end of the input, ``stop``. Runs in a thread."""
    for key in _keys(fd):
        if key in KEYS:
            events.put(key)  # type: ignore[arg-type]
    events.put("stop")


def _keys(fd: int) -> Iterator[str]:
    if sys.platform == "win32":
        import msvcrt

        while True:
            yield msvcrt.getwch().lower()
    while data := os.read(fd, 1):
        yield data.decode("ascii", "replace").lower()
