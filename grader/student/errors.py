"""What can come back from the other side instead of a value."""

from __future__ import annotations

import builtins
from functools import lru_cache


class StudentError(Exception):
    """Her code raised: ``type_name``, ``message``, ``traceback`` (her lines only) and ``where`` (file, line)."""

    def __init__(self, type_name: str, message: str, traceback: str = "", where: tuple[str, int] = ("", 0)) -> None:
        super().__init__(f"{type_name}: {message}" if message else type_name)
        self.type_name = type_name
        self.message = message
        self.traceback = traceback
        self.where = where


class WorkerGone(Exception):
    """The worker ended in the middle of a check. No ``except Exception`` of a suite's can undo it: the session remembers."""

    outcome = "CRASH"


class WorkerKilled(WorkerGone):
    """SIGKILL ended the worker, and it was not the judge's: the machine ran out of memory, or somebody else ended it."""


class WorkerLate(WorkerGone):
    """The worker used up its time."""

    outcome = "TIMEOUT"


@lru_cache(maxsize=64)
def student_error_class(bases: tuple[str, ...]) -> type[StudentError]:
    """Return StudentError, mixed with the nearest built-in exception among *bases* so that ``pytest.raises(TypeError)`` sees it."""
    for name in bases:
        kind = getattr(builtins, name, None)
        if not (isinstance(kind, type) and issubclass(kind, Exception)):
            continue
        if kind is Exception:
            break
        try:
            mixed = type(f"Student{name}", (StudentError, kind), {})
            mixed("x", "y")
        except TypeError:  # a built-in whose layout or constructor does not mix
            continue
        return mixed
    return StudentError
