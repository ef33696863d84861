"""``hints.toml``: three levels for each check, in two languages; never the answer."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.errors import CourseError, SuiteError

FILE_NAME = "hints.toml"
LEVELS = 3


@dataclass(frozen=True, slots=True)
class Hint:
    """What one level says."""

    level: int
    en: str
    zh: str


def name_of(check: str) -> str:
    """Return a check's own name: ``public/test_x.py::test_y[3]`` is ``test_y``."""
    return check.rpartition("::")[2].partition("[")[0]


def load(folder: Path) -> dict[str, tuple[Hint, ...]]:
    """Return the hints by ``stage.check``. Raises SuiteError for a level without one of its languages."""
    path = folder / FILE_NAME
    try:
        tables: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SuiteError(f"{path}: cannot be read: {error}") from None
    found = {}
    for name, levels in tables.items():
        try:
            rows = (levels[f"l{number}"] for number in range(1, LEVELS + 1))
            found[name] = tuple(Hint(number, row["en"], row["zh"]) for number, row in enumerate(rows, 1))
        except (KeyError, TypeError):
            raise SuiteError(f"{path}: [{name!r}] needs l1, l2 and l3, each with en and zh") from None
    return found


def find(hints: dict[str, tuple[Hint, ...]], stage: str, check: str) -> tuple[Hint, ...]:
    """Return the hints of a check. Raises CourseError where there are none."""
    found = hints.get(f"{stage}.{name_of(check)}")
    if found is None:
        raise CourseError(f"there is no hint for {name_of(check)}", zh=f"{name_of(check)} 没有提示")
    return found
