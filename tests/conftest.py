"""What several test files share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session")
def playwright_engine() -> Iterator[Any]:
    """One Playwright for the whole run: a second one in the same thread is refused."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as engine:
        yield engine
