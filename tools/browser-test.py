"""Play the pain pages in a headless browser: ``make browser-test``. Says what is missing instead of installing it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests" / "browser"


def main() -> int:
    sys.path.insert(0, str(TESTS))
    from conftest import missing

    why = missing()
    if why:
        sys.stderr.write(f"browser-test: {why}\n")
        return 2
    pictures = os.environ.setdefault("GRADE_SCREENSHOTS", str(ROOT / ".grade" / "screenshots"))
    sys.stderr.write(f"browser-test: screenshots go to {pictures}\n")
    return subprocess.call([sys.executable, "-m", "pytest", str(TESTS), "-rA" if "-v" in sys.argv else "-ra", *sys.argv[1:]], cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main())
