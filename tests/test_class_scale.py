"""A class of a thousand costs no more questions to the store than one of ten."""

from __future__ import annotations

from gradebook_kit import book, grade, postgres, url, verdict  # noqa: F401
from test_reports_html import Page

from grader.export import junit, plain_csv
from grader.gradebook import standings
from grader.reports.classview import class_view
from grader.reports.html import class_page
from grader.rules import Rules

# ruff: noqa: F811  # fixtures are imported by name


def statements(book, students: int) -> int:
    """Return how many statements a report of a class of *students* takes."""
    for number in range(students):
        for attempt in range(2):
            book.append(grade(f"s{number}", verdict(0), submission=f"sha256:{number}-{attempt}"))
    seen: list[str] = []
    book.count_statements(lambda text: seen.append(text) if not text.startswith("BEGIN") else None)
    found = standings(book, "hw2", Rules(grace_days=3))
    page = class_page(class_view("hw2", found, book.summaries("hw2")))
    assert f"{students} students" in Page(page).text
    assert plain_csv(found).count("\n") == students + 1
    assert junit(s.attempt.grade for s in found if s.attempt).count("<testsuite ") == students
    return len(seen)


def test_the_number_of_statements_does_not_grow_with_the_class(book):
    """A few, whatever the size: what takes a question a student takes minutes on a server."""
    assert statements(book, 3) <= 7
    assert statements(book, 40) <= 7
