"""``grade new``: a small homework that audits at once, to be rewritten piece by piece."""

from grader.scaffold.build import scaffold

__all__ = ["scaffold"]
