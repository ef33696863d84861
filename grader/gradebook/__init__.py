"""Append-only attempts in SQLite or PostgreSQL. SQLAlchemy is imported only when a store is opened."""

from grader.gradebook.opening import DEFAULT_STORE, open_store
from grader.gradebook.records import Attempt, HandIn, Key, Mark, Noted, Summary
from grader.gradebook.standing import Standing, standings

__all__ = ["DEFAULT_STORE", "Attempt", "HandIn", "Key", "Mark", "Noted", "Standing", "Summary", "open_store", "standings"]
