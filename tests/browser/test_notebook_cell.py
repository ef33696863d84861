"""The pain in a notebook cell, in the real Jupyter; tests/test_play.py tries every control of every homework without a browser."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from play_kit import ROOT, rows

WAIT = 90_000  # milliseconds: a kernel on a busy machine


@pytest.fixture
def home(tmp_path):
    """Return a function that gives a fresh copy of a handout, as a student has it."""

    def copied(name: str) -> Path:
        folder = tmp_path / name
        shutil.copytree(ROOT / "assignments" / name, folder, ignore=shutil.ignore_patterns("__pycache__", "*.jsonl", "prediction.json"))
        return folder

    return copied


@pytest.fixture
def lab(home, tmp_path) -> Iterator[tuple[str, Path]]:
    """Jupyter on a copy of hw1 with a notebook of one cell; yields the notebook's address and the handout."""
    folder = home("hw1")
    source = "from grader.play import notebook\nnotebook.show('hw1')"
    cell = {"cell_type": "code", "id": "one", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    made = {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "play.ipynb").write_text(json.dumps(made), encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    own = {f"JUPYTER_{kind}_DIR": str(tmp_path / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")}
    paths = {"PYTHONPATH": str(ROOT), "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))}
    options = ["--no-browser", "--allow-root", f"--port={port}", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}"]
    command = [sys.executable, "-m", "jupyter", "lab", *options, "--LabApp.news_url=None", "--LabApp.check_for_updates_class="]
    command[-1] += "jupyterlab.NeverCheckForUpdate"
    with open(tmp_path / "lab.log", "wb") as said:
        environment = {**os.environ, **own, **paths, "HOME": str(tmp_path)}
        child = subprocess.Popen(command, cwd=folder, env=environment, stdout=said, stderr=said)
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{base}/api/status?token={token}", timeout=5).close()
                break
            except (urllib.error.URLError, OSError):
                assert child.poll() is None, (tmp_path / "lab.log").read_text()
                time.sleep(0.2)
        yield f"{base}/doc/tree/play.ipynb?token={token}", folder
    finally:
        child.terminate()
        child.wait(30)


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
