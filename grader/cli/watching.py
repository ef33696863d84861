"""``grade check --watch`` on a terminal: single keys, a screen that is drawn anew, everything as it was at the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TextIO

from grader.cli import group, speak
from grader.errors import CourseError
from grader.practice import watch as watching

if TYPE_CHECKING:
    from grader.model import Assignment, Grade
    from grader.practice.watch import State

CLEAR = "\x1b[2J\x1b[3J\x1b[H"


class Terminal:
    """Draws on *out*, which is kept from before pytest took over the streams."""

    def __init__(self, out: TextIO, lang: str) -> None:
        self._out = out
        self._lang = lang

    def _pick(self, en: str, zh: str) -> str:
        return zh if self._lang == "zh" else en

    def _size(self) -> os.terminal_size:
        """Return the columns and lines of the terminal as they are now: an exported COLUMNS is what they were once."""
        with contextlib.suppress(OSError):  # a pipe
            size = os.get_terminal_size(self._out.fileno())
            if size.columns and size.lines:  # some terminals do not know
                return size
        return shutil.get_terminal_size()

    def _draw(self, lines: list[str]) -> None:
        wide, high = self._size()
        keys = self._pick("h hint  n next  l list  a all  q quit", "h 提示  n 下一个  l 列表  a 全部  q 退出")
        shown = [part for line in lines for part in _folded(line, wide)][: max(1, high - 2)]
        head = CLEAR if self._out.isatty() else ""
        self._out.write(head + "\r\n".join([*shown, "", keys]) + "\r\n")
        self._out.flush()

    def verdict(self, state: State) -> None:
        """Show the failing check that is looked at, or that all passed."""
        from grader.reports import text

        whole, current = state.whole(), state.current
        if whole is None:
            return
        verdicts = list(whole.verdicts)
        if current is not None:
            verdicts.sort(key=lambda verdict: verdict.id != current.id)
        lines = text.lines(_with(whole, verdicts), self._lang)
        note = [self._pick("checking the rest ...", "正在检查其余的……")] if state.running else []
        self._draw([*lines, *note])

    def listing(self, state: State) -> None:
        """Show every check in a line."""
        from grader.model import Outcome
        from grader.shown import line

        marks = {Outcome.PASS: "✓", Outcome.PENDING: "…", Outcome.FAULT: "!"}
        zh = self._lang == "zh"
        concepts = [(v, (v.concept_zh or v.concept) if zh else v.concept) for v in state.verdicts.values()]
        self._draw([f"{marks.get(v.outcome, '✗')} {line(v.stage)}  {line(words)}" for v, words in concepts])

    def hint(self, state: State) -> None:
        """Open the next hint to the check that is looked at."""
        from grader import hints, steps
        from grader.cli import hint

        current = state.current
        if current is None:
            return
        try:
            levels = hints.find(hints.load(state.assignment.folder), current.stage, current.id)
            steps.demand(state.assignment, current.stage, hint.parts_open(state.assignment))
            opened = hint.open_next(state.assignment, levels, hints.name_of(current.id))
        except CourseError as error:
            self.trouble(error)
            return
        self._draw([self._pick(f"[{one.level}] {one.en}", f"[{one.level}] {one.zh}") for one in opened])

    def trouble(self, error: CourseError) -> None:
        """Show what must be mended first."""
        self._draw([error.in_language(self._lang)])

    def warn(self, error: CourseError) -> None:
        """Add below what is drawn what does not work, while the rest does."""
        self._out.write(f"{error.in_language(self._lang)}\r\n")
        self._out.flush()


def _with(grade: Grade, verdicts: list[Any]) -> Grade:
    from dataclasses import replace

    return replace(grade, verdicts=tuple(verdicts))


def _folded(line: str, wide: int) -> list[str]:
    """Cut a line to the terminal's columns; a Chinese character takes two."""
    import unicodedata

    parts, now, used = [], "", 0
    for character in line:
        width = 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if used + width > wide:
            parts.append(now)
            now, used = "", 0
        now += character
        used += width
    return [*parts, now]


def watch(assignment: Assignment, stage: str | None) -> int:
    """Watch until she quits. Exit code 0: all passed at the end; 1: something failed."""
    from grader import journal

    terminal = Terminal(sys.stdout, speak.language())
    loop = watching.Watch(assignment, stage, speak.language(), terminal)

    def note(grade: Grade) -> None:
        try:
            if grade.status == "graded":
                journal.record(assignment.folder, grade)
        except CourseError as error:  # she sees the result all the same
            terminal.warn(error)

    loop.finished = note
    stop = threading.Event()
    seen = watching.state_of(assignment.folder, assignment.files)
    files = threading.Thread(target=_watch_files, args=(assignment, loop, stop, seen), daemon=True)
    keys = threading.Thread(target=watching.keys_pressed, args=(loop.events, sys.stdin.fileno()), daemon=True)  # pytest takes sys.stdin
    with _single_keys(loop), _resizing(loop):
        files.start()
        keys.start()
        try:
            loop.run()
        except FileNotFoundError:
            if assignment.folder.is_dir():
                raise
            raise CourseError(
                f"{assignment.folder} was moved or deleted; go to where it is now, and start again",
                zh=f"{assignment.folder} 已被移走或删除；请进入它现在的位置，再重新开始",
            ) from None
        finally:
            stop.set()
    return group.FAILED if loop.state.failing or not loop.state.verdicts else group.PASSED


def _watch_files(assignment: Assignment, loop: watching.Watch, stop: threading.Event, seen: tuple[tuple[int, int] | None, ...]) -> None:
    try:
        watching.files_saved(assignment.folder, assignment.files, loop.events, stop, seen)
    except ImportError:
        speak.say(
            "saving is not noticed: type pip install watchfiles; key a checks again",
            "无法察觉保存：请运行 pip install watchfiles；按 a 重新检查",
        )


@contextlib.contextmanager
def _single_keys(loop: watching.Watch) -> Iterator[None]:
    """Read single keys without echo. The terminal is given back as it was at the end, and as long as Ctrl-Z stops the process."""
    if sys.platform == "win32" or not sys.stdin.isatty():
        yield
        return
    import termios
    import tty

    fd = sys.stdin.fileno()  # pytest takes sys.stdin
    before = termios.tcgetattr(fd)

    def go_on(*_: object) -> None:
        with contextlib.suppress(termios.error):  # in the background; fg continues it once more
            tty.setcbreak(fd)
        loop.events.put("resized")

    def stop(*_: object) -> None:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(fd, termios.TCSADRAIN, before)
        signal.signal(signal.SIGTSTP, kept[signal.SIGTSTP])
        signal.raise_signal(signal.SIGTSTP)  # here it stands still, until SIGCONT
        signal.signal(signal.SIGTSTP, stop)
        go_on()

    kept = {number: signal.signal(number, act) for number, act in ((signal.SIGTSTP, stop), (signal.SIGCONT, go_on))}
    try:
        tty.setcbreak(fd)
        yield
    finally:
        for number, act in kept.items():
            signal.signal(number, act)
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


@contextlib.contextmanager
def _resizing(loop: watching.Watch) -> Iterator[None]:
    """Draw anew when the window changes its size."""
    if not hasattr(signal, "SIGWINCH"):
        yield
        return
    before = signal.signal(signal.SIGWINCH, lambda number, frame: loop.events.put("resized"))
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)
