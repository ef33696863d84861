"""The pain in a notebook cell, in the real Jupyter; tests/test_play.py tries every control of every homework without a browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_kit import jupyter
from play_kit import ROOT, rows

WAIT = 90_000  # milliseconds: a kernel on a busy machine


@pytest.fixture
def lab(copy, tmp_path, monkeypatch) -> Iterator[tuple[str, Path]]:
    """Jupyter on a copy of hw1 with a notebook of one cell; yields the notebook's address and the handout."""
    folder = copy("hw1")
    source = "from grader.play import notebook\nnotebook.show('hw1')"
    cell = {"cell_type": "code", "id": "one", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    made = {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "play.ipynb").write_text(json.dumps(made), encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    quiet = ("--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate")
    with jupyter("lab", folder, tmp_path, "api/status", *quiet) as address:
        yield address("doc/tree/play.ipynb"), folder


def _run_until(page, wanted) -> None:
    """Run the first cell until *wanted* is there: JupyterLab drops what is run while its kernel connects, idle as it says it is."""
    from playwright.sync_api import TimeoutError as Late

    for patience in (WAIT / 18, WAIT / 9, WAIT):
        page.locator(".jp-CodeCell .cm-content").first.click()
        page.keyboard.press("Control+Enter")
        try:
            wanted.wait_for(timeout=patience)
            return
        except Late:
            if patience == WAIT:
                raise


def test_a_cell_in_jupyter_shows_the_knobs_and_keeps_a_try(lab, browser, picture):
    """Run the cell, turn a knob, press the button: the try is on the disk, and its loss is in the cell."""
    address, folder = lab
    context = browser.new_context(viewport={"width": 1100, "height": 900})
    context.set_default_timeout(WAIT)
    page = context.new_page()
    page.route("**/*", lambda route: route.continue_() if route.request.url.startswith("http://127.0.0.1") else route.abort())
    page.goto(address)
    button = page.get_by_role("button", name="Try it").first
    _run_until(page, button)
    knobs = page.locator(".jupyter-widgets.widget-slider:visible")
    assert knobs.count() == 4
    page.locator(".widget-readout:visible").first.click()
    page.keyboard.press("Control+A")
    page.keyboard.type("0.5")
    page.keyboard.press("Enter")
    button.click()
    out = page.locator(".widget-html-content:visible", has_text="try 1:")
    out.wait_for()
    picture(page, "hw1-notebook")
    (row,) = rows(folder)
    assert row["input"][0] == pytest.approx(0.5)
    assert f"{row['result']:.6g}" in out.text_content()
    context.close()
