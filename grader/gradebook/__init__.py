"""Append-only attempts in SQLite or PostgreSQL. SQLAlchemy is imported only when a store is opened."""

from grader.gradebook.opening import DEFAULT_STORE, open_store
from grader.gradebook.records import Attempt, Key, Mark, Summary

__all__ = ["DEFAULT_STORE", "Attempt", "Key", "Mark", "Summary", "open_store"]
