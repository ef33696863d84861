"""What several test files share."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent

# A run in the background has Ctrl-C ignored, and so would all that it starts: some tests type it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module")
def playwright_engine() -> Iterator[Any]:
    """One Playwright for a file of tests: two at a time are refused, and one for the whole run would outlive tests that end processes."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as engine:
        yield engine


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a release brings, built once: the kit's wheel, and in ``wheels/`` those of what students need."""
    from grader import release, wheels

    source = release.kit_source()
    assert source is not None
    folder = tmp_path_factory.mktemp("dist")
    wheels.collect(release.wheel(source, folder), folder, extras=())
    return folder


@pytest.fixture(scope="session")
def kit(dist: Path) -> Path:
    """The kit's wheel."""
    (made,) = dist.glob("grade_kit-*.whl")
    return made


@pytest.fixture
def handout(tmp_path: Path) -> Path:
    """hw2 as it lies on a student's disk when she is done: the handout with the reference's files in it."""
    folder = tmp_path / "hw2"
    shutil.copytree(ROOT / "assignments" / "hw2", folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (ROOT / "solutions" / "hw2").iterdir():
        if path.suffix in (".py", ".json", ".jsonl"):
            shutil.copy(path, folder)
    return folder
