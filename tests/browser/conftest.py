"""The browser of these tests. Nothing is installed behind anybody's back: what is missing is named, and nothing looks passed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path

import pytest
from play_kit import ROOT

sys.path.insert(0, str(Path(__file__).parent.parent))  # play_kit lies beside this folder

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--force-prefers-no-reduced-motion"]


def missing() -> str:
    """Return what is missing and how to get it, or nothing."""
    if importlib.util.find_spec("playwright") is None:
        return "the browser's driver is not installed: .venv/bin/pip install playwright"
    if not binary():
        return "no Chromium is installed: apt-get install chromium (or set GRADE_BROWSER to its path)"
    return ""


def binary() -> str | None:
    """Return the path of a Chromium."""
    return os.environ.get("GRADE_BROWSER") or next((found for name in NAMES if (found := shutil.which(name))), None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    why = missing()
    for item in items:
        if why and here in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=f"THE PAGES WERE NOT TESTED IN A BROWSER: {why}"))


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    why = missing()
    if why:
        terminalreporter.section("the pain pages were not tested in a browser", sep="!", red=True, bold=True)
        terminalreporter.line(f"{why}; then `make browser-test`")


@pytest.fixture(scope="module")
def browser(playwright_engine):
    """One Chromium for a file of tests."""
    launched = playwright_engine.chromium.launch(executable_path=binary(), args=FLAGS)
    yield launched
    launched.close()


@pytest.fixture
def tab(browser):
    """Open pages with the given size, colours and language; every error on a page, and every request that leaves it, fails the test."""
    contexts, problems = [], []

    def opened(address: str, width: int = 1100, height: int = 900, **more):
        context = browser.new_context(viewport={"width": width, "height": height}, **more)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(f"error on the page: {error}"))
        origin = "/".join(address.split("/")[:3])
        page.on(
            "request", lambda request: None if request.url.startswith((origin, "data:")) else problems.append(f"request of {request.url}")
        )
        page.goto(address)
        page.wait_for_selector("body[data-ready]")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def picture(tmp_path):
    """Return where a screenshot is kept: GRADE_SCREENSHOTS, which a CI keeps as artefacts, or a folder of this run."""
    folder = Path(os.environ.get("GRADE_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return lambda page, name: page.screenshot(path=folder / f"{name}.png", full_page=True)


@pytest.fixture
def copy(tmp_path):
    """Return a function that gives a fresh copy of a handout of the course, as a student has it."""

    def copied(name: str) -> Path:
        folder = tmp_path / name
        shutil.copytree(ROOT / "assignments" / name, folder, ignore=shutil.ignore_patterns("__pycache__", "*.jsonl", "prediction.json"))
        return folder

    return copied
