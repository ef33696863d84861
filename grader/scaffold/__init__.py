"""``grade new``: a small homework that audits at once, and a private repository that grades pushed work."""

from grader.scaffold.build import scaffold
from grader.scaffold.grading import grader_repo

__all__ = ["grader_repo", "scaffold"]
