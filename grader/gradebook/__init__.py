"""Append-only attempts in SQLite or PostgreSQL. SQLAlchemy is imported only when a store is opened."""

from grader.gradebook.opening import DEFAULT_STORE, open_store
from grader.gradebook.records import EXTRA, Attempt, HandIn, Key, Mark, Noted, Summary
from grader.gradebook.standing import Standing, is_check, orphans, standings

__all__ = [
    "DEFAULT_STORE", "EXTRA", "Attempt", "HandIn", "Key", "Mark", "Noted", "Standing", "Summary",
    "is_check", "open_store", "orphans", "standings",
]  # fmt: skip
