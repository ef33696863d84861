"""nbgrader's gradebook.db: made whole or not at all, by one process at a time."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from grader.errors import CourseError, GraderFault

FILE_NAME = "gradebook.db"


@contextmanager
def opened(folder: Path) -> Iterator[Any]:
    """Yield nbgrader's Gradebook on ``folder/gradebook.db``, made first if need be; one process at a time."""
    try:
        from nbgrader import api  # type: ignore[import-untyped, import-not-found, unused-ignore]  # it has no types
    except ModuleNotFoundError:
        text = "nbgrader is not installed; type: pip install nbgrader==0.9.6 jupytext"
        raise CourseError(text, zh="没有安装 nbgrader；请运行：pip install nbgrader==0.9.6 jupytext") from None
    with _locked(folder / ".gradebook.lock"):
        path = folder / FILE_NAME
        if not path.is_file():
            _create(api, path)
        try:
            book = api.Gradebook(f"sqlite:///{path}")
        except Exception as error:
            raise _broken(path, error) from None
        try:
            yield book
        finally:
            book.close()


def _create(api: Any, path: Path) -> None:
    """Make the file under another name and rename it: one that was left half-made would open without a word later."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    try:
        with _alembic_on_path():
            api.Gradebook(f"sqlite:///{new}").close()
        os.replace(new, path)
    except Exception as error:
        new.unlink(missing_ok=True)
        text = f"{path}: nbgrader could not make its gradebook: {type(error).__name__}: {error}"
        raise GraderFault(" ".join(text.split())) from error


def _broken(path: Path, error: Exception) -> CourseError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    text = f"{path}: not a gradebook that nbgrader can open ({reason}); move it away, and it is made anew from the store"
    return CourseError(text, zh=f"{path}：nbgrader 打不开（{reason}）；请移走它，会从成绩库重新生成")


@contextmanager
def _alembic_on_path() -> Iterator[None]:
    """nbgrader calls the program ``alembic``, which lies beside the interpreter and may not be on PATH."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join((os.path.dirname(sys.executable), before))
    try:
        yield
    finally:
        os.environ["PATH"] = before


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock that ends with the process, so that a kill leaves none behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+b") as stream:
        if os.name == "nt":
            import msvcrt

            stream.seek(0)
            msvcrt.locking(stream.fileno(), msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined, unused-ignore]  # Windows only
        else:
            import fcntl

            fcntl.flock(stream, fcntl.LOCK_EX)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                if os.name == "nt":
                    stream.seek(0)
                    msvcrt.locking(stream.fileno(), msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined, unused-ignore]  # Windows only
