"""What several test files share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


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
    wheels.collect(release.wheel(source, folder), folder, extras=("watch",))
    return folder


@pytest.fixture(scope="session")
def kit(dist: Path) -> Path:
    """The kit's wheel."""
    (made,) = dist.glob("grade_kit-*.whl")
    return made
