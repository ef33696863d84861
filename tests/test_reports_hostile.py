"""One hostile string in every field that a student can influence, through every output."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
from xml.etree import ElementTree

import pytest
from gradebook_kit import grade, verdict
from test_reports_html import Page

from grader.export import canvas, classroom50, gradescope, junit, moodle, plain_csv
from grader.gradebook import Mark, Standing, Summary, open_store, standings
from grader.model import Grade, Outcome
from grader.reports import ci, lines, to_json
from grader.reports.classview import class_view
from grader.reports.html import class_page, student_page
from grader.roster import Person
from grader.rules import Rules

ESC = "\x1b[2J\x1b]8;;http://evil\x07"
HOSTILE = (
    f"=cmd|'/c calc'!A1{ESC}\r\n::error file=x::pwned\n::stop-commands::x\n<script>alert(1)</script><img src=x onerror=alert(1)>"
    "\"' ]]></failure>&amp; {{7919*7919}} {%raw%} \u202egnp.exe\u2066 \x00\x07\x08\x9b31m \ud800 ```\n# heading | cell"
    " ![i](http://evil) @everyone `x`"
)
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


@pytest.fixture
def bad() -> Grade:
    texts = {"message": HOSTILE, "traceback": HOSTILE, "output": HOSTILE, "where": HOSTILE, "question": HOSTILE}
    check = verdict(1, Outcome.FAIL, **texts)
    public = dataclasses.replace(check, id="public/test_a.py::test_x")
    return grade("eve", public, dataclasses.replace(check, concept=HOSTILE, concept_zh=HOSTILE, misconception=HOSTILE))


@pytest.fixture
def marked(tmp_path, bad) -> tuple[list[Standing], list[Summary]]:
    clean = HOSTILE.replace("\x00", "").replace("\ud800", "")  # no operating system lets these into a name
    with open_store(tmp_path / "g.sqlite") as book:
        book.import_roster([Person("eve", clean, clean)])
        book.append(bad, source=HOSTILE)
        refused = grade("mal", status="rejected", submission="raw:1", message=HOSTILE)
        book.append(dataclasses.replace(refused, verdicts=()))
        book.add_marks([Mark("hw2", "eve", clean, 1.0, 2.0, clean, clean)])
        return standings(book, "hw2", Rules()), book.summaries("hw2")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_terminal(bad, lang):
    """No escape sequence, control character, bidi override, or line that a CI would obey."""
    refused = dataclasses.replace(bad, status="rejected", message=HOSTILE)
    for shown in (lines(bad, lang, True, [(HOSTILE, HOSTILE)]), lines(refused, lang)):
        for part in shown:
            assert not UNSEEN.search(part)
            assert "\n" not in part
            assert not part.startswith("::")


def test_json(bad):
    """The data is exact and the encoding is JSON's own: one line."""
    text = json.dumps(to_json(bad))
    assert "\n" not in text
    assert json.loads(text)["checks"][0]["message"] == HOSTILE


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_html(marked, lang):
    """No tag, attribute or character of the student's is alive in a page."""
    found, summaries = marked
    pages = [student_page(s, summaries, lang, files={"pain.jsonl": json.dumps({"kind": HOSTILE, "result": 1}).encode()}) for s in found]
    pages.append(class_page(class_view("hw2", found, summaries), lang))
    for text in pages:
        page = Page(text)
        assert not {"script", "img"} & set(page.tags)
        assert page.handlers == []
        assert not UNSEEN.search(text)
        assert str(7919 * 7919) not in page.text  # what a template would make of it
        assert "<script>alert(1)</script>" in page.text


def test_spreadsheets(marked):
    """No cell begins a formula; rows and columns stay what they are."""
    found, _ = marked
    sheet = "Student,ID,SIS Login ID,hw2 (1)\nE,1,eve,\n"
    moodle_sheet = "Identifier,Full name,ID number,Grade,Feedback comments\n1,E,eve,,\n"
    for text in (plain_csv(found), moodle(found).text, canvas(sheet, found, "hw2").text, moodle(found, moodle_sheet).text):
        rows = list(csv.reader(io.StringIO(text, newline="")))
        assert len({len(row) for row in rows}) == 1
        for value in (value for row in rows for value in row):
            assert not value.startswith(("=", "+", "-", "@", "\t", "\r"))
            assert not UNSEEN.search(value)
            assert "\n" not in value


def test_junit(bad):
    """Well-formed, and the text is text."""
    root = ElementTree.fromstring(junit([bad, dataclasses.replace(bad, status="rejected", message=HOSTILE, verdicts=())]))
    assert len(root.findall("testsuite")) == 2
    failure = root.find(".//failure")
    assert failure is not None
    assert "<script>" in str(failure.get("message"))
    assert not UNSEEN.search(ElementTree.tostring(root, encoding="unicode"))


def test_results_for_other_systems(bad):
    """Text, marked as text, on both."""
    record = gradescope(bad)
    assert record["output_format"] == "text"
    assert {test["output_format"] for test in record["tests"]} == {"text"}
    context = {"classroom": "c", "owner": "eve", "submission": "s", "commit": "x", "release": "r"}
    shown = [text for t in record["tests"] for text in (t["name"], t["output"])]
    shown += [t["test-name"] for t in classroom50(bad, context, "2026-01-01T00:00:00+00:00")["tests"]]
    assert not any(UNSEEN.search(text) for text in shown)


def test_ci_annotations(bad):
    """One command a line, whose parts end where we end them; output between stop-commands lines with a token of ours."""
    shown = ci.error_commands(bad)
    assert len(shown) == 2
    for part in shown:
        assert re.fullmatch(r"::error (?:[a-z]+=[^:,\n]*,?)+::[^\n\r]*", part), part
        assert not UNSEEN.search(part)
    first, *body, last = ci.stopped(HOSTILE)
    token = first.removeprefix("::stop-commands::")
    assert last == f"::{token}::"
    assert len(token) == 32
    assert not any(token in part or UNSEEN.search(part) for part in body)


def test_ci_summary(bad):
    """Markdown whose table keeps its cells, whose fences hold, and in which no HTML, link or mention is alive."""
    text = ci.summary(dataclasses.replace(bad, message=HOSTILE))
    assert not UNSEEN.search(text)
    outside, inside, fence = [], False, ""
    for part in text.split("\n"):
        if not inside and (opened := re.match(r"(`{3,})text$", part)):
            inside, fence = True, opened.group(1)
        elif inside and part == fence:
            inside = False
        elif not inside:
            outside.append(part)
    assert not inside
    for part in outside:
        assert "<" not in part
        assert "@" not in part
        assert "](" not in part.replace("\\](", "").replace("]\\(", "")
        if part.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", part)) == 4
