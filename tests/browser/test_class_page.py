"""The class's figures in a real browser: drawn, inside the page, readable on a phone, in both languages, with no request to anywhere."""

from __future__ import annotations

import re

import pytest
from class_kit import CHECKS, plant_class
from click.testing import CliRunner

from grader import cli


@pytest.fixture
def shown(browser, tmp_path, monkeypatch, request):
    """Return a function that makes the class page as an assistant does, and opens the file."""
    home = tmp_path / "course"
    hand_ins = plant_class(home)
    monkeypatch.chdir(home)
    contexts, problems = [], []

    def show(lang: str, width: int):
        done = CliRunner(env={"GRADE_LANG": lang}).invoke(cli.main, ["report", "hw2", "--out", "c.html", "--journals", str(hand_ins)])
        assert done.exit_code == 0, done.output
        context = browser.new_context(viewport={"width": width, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("request", lambda sent: None if sent.url.startswith("file:") else problems.append(sent.url))
        page.goto((home / "c.html").as_uri())
        return page

    yield show
    for context in contexts:
        context.close()
    assert problems == []


@pytest.mark.parametrize(("lang", "width"), [("en", 1100), ("zh", 1100), ("en", 360)])
def test_the_figures_are_drawn_and_stay_on_the_page(shown, picture, lang, width):
    page = shown(lang, width)
    figures = page.locator("figure")
    assert figures.count() == len(CHECKS)
    for n in range(len(CHECKS)):
        box = figures.nth(n).locator("path").first.bounding_box()
        assert box["width"] > 100
        assert box["height"] > 10
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "the page is wider than the window"
    assert page.locator("figure.steep").count() == 1
    assert page.locator("figure.flat").count() == 1
    assert page.locator("figure.steep svg path[stroke='#b3372f']").count() == 10  # of twelve, two ever passed
    rows = page.locator("#misconceptions tr").all_inner_texts()[1:]
    assert [row.split()[:2] for row in rows] == [["assigns-grad", "8"], ["leaves-first", "8"]]
    assert page.locator("#misconceptions svg").first.bounding_box()["width"] > 50
    words = page.locator("body").inner_text()
    assert ("太陡" if lang == "zh" else "too steep") in words
    assert bool(re.search(r"[\u4e00-\u9fff]", page.locator("h2").nth(4).inner_text())) == (lang == "zh")
    picture(page, f"class-{lang}-{width}")


def test_on_paper_no_figure_is_cut(shown):
    page = shown("en", 900)
    page.emulate_media(media="print")
    assert page.locator("figure").first.evaluate("element => getComputedStyle(element).breakInside") == "avoid"
    assert len(page.pdf(format="A4")) > 10_000
