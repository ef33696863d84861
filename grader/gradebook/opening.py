"""Open a store by path or URL; the database libraries are imported here and not before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from grader.errors import CourseError

if TYPE_CHECKING:
    from grader.gradebook.store import Gradebook

DEFAULT_STORE = "grades.sqlite"


def open_store(where: str | Path = DEFAULT_STORE, *, wait: float = 10.0, to_read: bool = False) -> Gradebook:
    """Open, and make or migrate, the store at a path, a ``sqlite:///`` or a ``postgresql://`` URL.

    *wait* is how many seconds another program's lock is waited for. A store that is only wanted *to_read* may lie where nothing can
    be written. Raises CourseError for a store that is locked,
    no database, of another program, newer than this kit, or in a folder that cannot be written.
    """
    try:
        from grader.gradebook.store import Gradebook  # 60 ms that `grade check` never needs
    except ModuleNotFoundError as error:
        text = f"the gradebook needs {error.name}; type: pip install rich sqlalchemy jinja2 scipy"
        raise CourseError(text, zh=f"成绩库需要 {error.name}；请运行：pip install rich sqlalchemy jinja2 scipy") from None
    return Gradebook.open(_url(where), wait=wait, to_read=to_read)


def _url(where: str | Path) -> str:
    text = str(where)
    if text.startswith(("postgresql://", "postgres://")):
        return "postgresql+psycopg://" + text.partition("://")[2]
    if "://" in text:
        return text
    return f"sqlite:///{Path(text).absolute()}"
