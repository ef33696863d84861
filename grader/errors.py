"""Whose fault is it? Two classes of error, and nothing else crosses the rooms.

Both carry their text in English and, where a user can meet it, in Chinese: ``CourseError("no such file", zh="没有这个文件")``.
"""

from __future__ import annotations


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
