"""nbgrader's gradebook and formgrader folder: a projection of our store that people mark in, both ways."""

from grader.nbgrader_sync.sync import Done, sync

__all__ = ["Done", "sync"]
