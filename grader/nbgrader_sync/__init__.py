"""nbgrader's gradebook and formgrader folder: a projection of our store that people mark in, both ways."""

from grader.nbgrader_sync.forget import forget
from grader.nbgrader_sync.sync import Done, sync

__all__ = ["Done", "forget", "sync"]
