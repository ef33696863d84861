"""Write small pictures of the pain pages into docs/pictures/, and say how soon each page was ready.

``.venv/bin/python tools/screenshots.py``

Each page is played in a copy of its handout with the reference's evidence and program, so that nothing in assignments/ is touched.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "browser"), str(ROOT / "tests")]  # both hold a conftest: the browser's is meant

WIDTH, HEIGHT, SHOWN = 900, 720, 0.62  # of the page, in CSS pixels; how far the picture is scaled down


def main() -> int:
    from conftest import FLAGS, binary, missing

    if why := missing():
        sys.stderr.write(f"screenshots: {why}\n")
        return 2
    from play_kit import COURSE, running
    from playwright.sync_api import sync_playwright

    out = ROOT / "docs" / "pictures"
    out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as scratch:
        browser = playwright.chromium.launch(executable_path=binary(), args=FLAGS)
        for name in COURSE:
            folder = prepared(name, Path(scratch))
            began = time.perf_counter()
            with running(name, folder) as (_, address):
                page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=SHOWN)
                page.goto(address)
                page.wait_for_selector("body[data-ready]")
                ready = time.perf_counter() - began
                panel = staged(page)
                page.evaluate("(id) => document.getElementById(id).scrollIntoView()", panel)
                page.wait_for_timeout(300)
                path = out / f"play-{name}.png"
                page.screenshot(path=path)
                page.close()
                print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1024:.0f} KiB; {name} shown {ready:.2f} s after the command")
        browser.close()
    return 0


def prepared(name: str, scratch: Path) -> Path:
    """Return a copy of the handout of *name* in which everything has been tried, predicted and solved."""
    from grader import manifest

    folder = scratch / name
    shutil.copytree(ROOT / "assignments" / name, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in manifest.load(folder).files:
        if (ROOT / "solutions" / name / file).is_file():
            shutil.copy(ROOT / "solutions" / name / file, folder)
    return folder


def staged(page: Any) -> str:
    """Bring the page to what is worth a picture; return the panel: the last on which her own code plays, else the last that moves."""
    games = page.locator(".machine button")
    if games.count():
        section = page.locator("section", has=page.locator(".machine button")).last
        section.locator(".machine button").first.click()
        section.locator(".quote").wait_for(timeout=120_000)
        page.wait_for_timeout(6000)
        pause = section.get_by_role("button", name="Pause")
        if pause.count():
            pause.click()
    else:
        section = page.locator("section", has=page.locator(".pad, .try")).last
        if section.locator(".try").count():
            section.locator(".try").click()
            page.wait_for_timeout(3500)
    return str(section.get_attribute("id"))


if __name__ == "__main__":
    sys.exit(main())
