"""One reader's view of a grade: text for a terminal, JSON, HTML pages, and what a CI shows."""

from grader.reports.jsonform import to_json
from grader.reports.text import lines

__all__ = ["lines", "to_json"]
