"""A refusal of a hand-in: one line that names the entry and the reason, in both languages."""

from __future__ import annotations

from grader.errors import CourseError

_SHOWN = 100  # characters of a name that the student chose


def shown(name: str) -> str:
    """Return *name* fit for a terminal: nothing unprintable, no bidi override, not too long."""
    text = "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode("ascii") for c in name)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


class Rejected(CourseError):
    """A hand-in that cannot be graded; the student can mend it and hand in again."""

    def __init__(self, entry: str, reason: str, *, zh: str) -> None:
        self.entry = shown(entry)
        super().__init__(f"{self.entry}: {reason}", zh=f"{self.entry}：{zh}")
