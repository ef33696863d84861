"""Pages: self-contained, escaped, in both languages, and nothing of a hidden check's input in a student's."""

from __future__ import annotations

import dataclasses
import html.parser
import json
import re

import pytest
from gradebook_kit import grade, verdict

from grader.gradebook import Mark, Standing, Summary, open_store, standings
from grader.model import Outcome
from grader.reports.classview import ClassView, class_view
from grader.reports.copies import Pair, similar
from grader.reports.html import class_page, student_page, tries_of
from grader.reports.words import WORDS
from grader.roster import Person
from grader.rules import Rules

PUBLIC = "public/test_a.py::test_p"


class Page(html.parser.HTMLParser):
    """What a browser would see: tags, their attributes, and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.handlers: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "action", "data")]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


def a_class(tmp_path, students: int = 8) -> tuple[ClassView, list[Standing], list[Summary]]:
    with open_store(tmp_path / "g.sqlite") as book:
        book.import_roster([Person("s0", "Ada"), Person("nobody")])
        for number in range(students):
            good = number % 2 == 0
            checks = [
                dataclasses.replace(verdict(0), id=PUBLIC),
                verdict(1, Outcome.PASS if good else Outcome.FAIL, misconception=None if good else "assigns-grad", question="How many?"),
                verdict(2, Outcome.PASS if number == 0 else Outcome.CRASH),
                verdict(3, Outcome.PENDING),
            ]
            book.append(grade(f"s{number}", *checks), handed_in="2026-03-01T10:00:00+00:00")
        book.append(grade("s1", dataclasses.replace(verdict(0), id=PUBLIC), submission="sha256:2"), handed_in="2026-03-02T10:00:00+00:00")
        book.append(grade("s3", dataclasses.replace(verdict(0), id=PUBLIC, points=1.0), suite_hash="s2"))
        refused = dataclasses.replace(grade("bad", status="rejected", submission="raw:1", message="no module"), verdicts=())
        book.append(refused, handed_in="2026-03-01T10:00:00+00:00")
        rules = Rules()
        found, summaries = standings(book, "hw2", rules), book.summaries("hw2")
    return class_view("hw2", found, summaries), found, summaries


def test_the_class_is_counted(tmp_path):
    """Distribution, difficulty, discrimination, misconceptions and changes, each by hand."""
    view, _, _ = a_class(tmp_path)
    assert dict(view.counts) == {"graded": 8, "rejected": 1, "missing": 1}
    assert sum(view.bins) == len(view.marks) == 8
    items = {item.id: item for item in view.items}
    assert items[PUBLIC].share == 1.0
    assert items[PUBLIC].discrimination is None
    second = items["hidden/test_local.py::test_1"]
    assert (second.share, second.others) == (pytest.approx(4 / 6), (("FAIL", 2),))
    assert items["hidden/test_local.py::test_2"].drop == pytest.approx(4 / 6 - 1 / 6)
    assert items["hidden/test_local.py::test_2"].discrimination == pytest.approx(0.3162, abs=1e-3)
    assert "hidden/test_local.py::test_3" not in items
    assert view.steepest is items["hidden/test_local.py::test_2"]
    assert [(m.id, m.students) for m in view.misconceptions] == [("assigns-grad", ("s5", "s7"))]
    assert [(c.student, c.before, c.now, c.regraded) for c in view.changes] == [("s3", 5.0, 1.0, True)]


def test_changes_are_those_of_the_last_run():
    """What changed weeks ago is old news; a run over many minutes is one run; three gradings within it are one change."""

    def graded(student, number, at, score, submission="a"):
        return Summary(0, "hw2", student, number, submission, "s", "graded", score, 100.0, "", f"2026-03-{at}:00+00:00")

    summaries = [
        graded("old", 1, "01T10:00", 10.0),
        graded("old", 2, "02T10:00", 60.0, "b"),
        graded("regraded", 1, "01T10:00", 70.0),
        graded("regraded", 2, "09T10:00", 80.0),
        graded("twice", 1, "02T10:00", 50.0),
        graded("twice", 2, "09T10:20", 40.0, "b"),
        graded("twice", 3, "09T10:45", 90.0, "c"),
        graded("same", 1, "01T10:00", 30.0),
        graded("same", 2, "09T10:45", 30.0, "b"),
        graded("new", 1, "09T10:45", 99.0),
    ]
    found = [(c.student, c.before, c.now, c.regraded) for c in class_view("hw2", [], summaries).changes]
    assert found == [("regraded", 70.0, 80.0, True), ("twice", 50.0, 90.0, False)]


def test_an_empty_class_has_a_page_too():
    """Before anyone handed in."""
    assert "none" in class_page(class_view("hw2", [], []), "en")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_pages_are_self_contained(tmp_path, lang):
    """No script, no link to anywhere, a policy that forbids both, a style for paper; the same made twice."""
    view, found, summaries = a_class(tmp_path)
    pages = [class_page(view, lang, similar=[Pair("s1", "s2", 0.8)], made="now")]
    pages.append(student_page(found[-1], summaries, lang, made="now"))
    for page in pages:
        seen = Page(page)
        assert not {"script", "link", "iframe", "object", "img"} & set(seen.tags)
        assert seen.links == []
        assert "default-src 'none'" in page
        assert "@media print" in page
    assert pages[0] == class_page(view, lang, similar=[Pair("s1", "s2", 0.8)], made="now")
    assert ("相似的提交" in pages[0]) == (lang == "zh")
    assert "80%" in pages[0]


def test_both_languages_have_the_same_words():
    """A missing word would be an English hole in a Chinese page."""
    assert WORDS["en"].keys() == WORDS["zh"].keys()
    same = {key for key, word in WORDS["en"].items() if word == WORDS["zh"][key]}
    assert same == set()


def test_a_students_page_shows_a_hidden_checks_idea_and_never_its_input(tmp_path):
    """Concept and question alone; of a public check the message and her line as well."""
    with open_store(tmp_path / "g.sqlite") as book:
        checks = [
            verdict(1, Outcome.FAIL, message="input was 17", traceback="TB", output="OUT", where="m.py:3", question="How many?"),
            dataclasses.replace(verdict(2, Outcome.FAIL, message="got 1", where="m.py:9"), id=PUBLIC),
        ]
        book.append(grade("ada", *checks))
        book.add_marks([Mark("hw2", "ada", "essay", 3.0, 5.0, "well argued")])
        page = Page(student_page(standings(book, "hw2", Rules())[0], book.summaries("hw2"))).text
    for secret in ("input was 17", "TB", "OUT", "m.py:3"):
        assert secret not in page
    for shown in ("Concept 1.", "How many?", "got 1", "m.py:9", "well argued", "3 / 15"):
        assert shown in page


def test_whoever_has_no_grade_has_no_zero(tmp_path):
    """Rejected, fault and missing say what they are."""
    _, found, _ = a_class(tmp_path)
    by_id = {s.person.id: Page(student_page(s)).text for s in found}
    assert "Not accepted" in by_id["bad"]
    assert "no module" in by_id["bad"]
    assert "Nothing was handed in" in by_id["nobody"]
    assert "0 /" not in by_id["bad"] + by_id["nobody"]


def test_her_tries_are_quoted_back():
    """How many, the first and the best; what is no number is counted alone, and what is no JSON is passed over."""
    rows: list[dict[str, object]] = [{"kind": "loss4", "result": r} for r in (5.99, 0.05, 0.4)]
    rows += [
        {"kind": "race", "result": {"x": 1}},
        {"kind": "race", "result": True},
    ]
    text = "\n".join(json.dumps(row) for row in rows) + "\n{broken\n[1]\n"
    assert tries_of({"pain.jsonl": text.encode()}) == ["loss4: 3 tries, first 5.99, best 0.05", "race: 2 tries"]
    assert tries_of({"pain.jsonl": text.encode()}, "zh")[0] == "loss4：3 次，第一次 5.99，最好 0.05"
    assert tries_of({}) == []


def test_similar_hand_ins_are_found_beyond_the_starter():
    """Renamed variables are seen through; what the starter gives is not counted."""
    pytest.importorskip("copydetect", reason="NOT RUN: copydetect is not installed (pip install copydetect)")
    starter = b"".join(b"def given_%d(a, b):\n    return a * %d + b - a / (b + %d)\n\n" % (i, i, i) for i in range(20))
    mine = b"def mine(xs):\n    total = 0\n    for x in xs:\n        if x > 3 and x < 90:\n            total += x * x - 2\n        else:\n"
    mine += b"            total -= x\n    while total > 100:\n        total = total // 2 + len(xs)\n    return [total, sum(xs), max(xs)]\n"
    other = b"class Other:\n    def run(self):\n        try:\n            return {k: v for k, v in self.items()}\n"
    other += b"        except KeyError as e:\n"
    other += (
        b"            raise ValueError(str(e)) from None\n        finally:\n            self.done = not self.done\n    def __len__(self):\n"
    )
    other += b"        return 1 + len(self.__dict__)\n"
    sources = {"a": starter + mine, "b": starter + re.sub(rb"\btotal\b", b"acc", mine), "c": starter + other}
    found = similar(sources, starter)
    assert [(pair.one, pair.two) for pair in found] == [("a", "b")]
    assert found[0].share > 0.9
