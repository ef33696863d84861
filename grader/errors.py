"""Whose fault is it? Two classes of error, and nothing else crosses the rooms; and a hint to the word that was meant.

Both carry their text in English and, where a user can meet it, in Chinese: ``CourseError("no such file", zh="没有这个文件")``.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable

_LISTED = 20  # words in a line
FULL_DISK = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))  # the second is a quota, which Windows does not have
_SHORT = 4  # letters; of words so short one letter is no slip but another name


class _Bilingual(Exception):
    def __init__(self, text: str, *, zh: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.zh = zh or text

    def in_language(self, lang: str) -> str:
        """Return the text in *lang* (``en`` or ``zh``)."""
        return self.zh if lang == "zh" else self.text

    @property
    def both(self) -> str:
        """The text in both languages, as it is kept where the reader is not known yet: ``phrases.in_language`` shows each her half."""
        return self.text if self.zh == self.text else f"{self.text} / {self.zh}"


class CourseError(_Bilingual):
    """Something that the person at the keyboard can mend; the text says what, where and how."""


class SuiteError(CourseError):
    """A suite or a manifest breaks the rules: the instructor's slip, never the student's points."""


class GraderFault(_Bilingual):
    """Our machinery failed; it must never cost a student points."""


def closest(word: str, known: Iterable[str]) -> tuple[str, str]:
    """Return ' (did you mean X?)' for the closest of *known*, in English and in Chinese, or nothing."""
    import difflib  # on the way of every check, and needed for a slip alone

    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5 if len(word) > _SHORT else 0.8)
    return (f" (did you mean {close[0]!r}?)", f"（是不是 {close[0]!r}？）") if close else ("", "")


def near(word: str, known: Iterable[str]) -> tuple[str, str]:
    """Return a hint to the right word, in both languages, or to all of a few, or none."""
    names = list(known)
    listed = ", ".join(names)
    few = (f" (known: {listed})", f"（已知：{listed}）") if 0 < len(names) <= _LISTED else ("", "")
    return found if any(found := closest(word, names)) else few
