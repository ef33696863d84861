"""Whose fault is it? Two classes of error, and nothing else crosses the rooms."""

from __future__ import annotations


class CourseError(Exception):
    """Something that the person at the keyboard can mend; the text says what, where and how."""


class SuiteError(CourseError):
    """A suite or a manifest breaks the rules: the instructor's slip, never the student's points."""


class GraderFault(Exception):
    """Our machinery failed; it must never cost a student points."""
