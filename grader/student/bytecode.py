"""Byte code for what is imported behind the wall, where nothing can be written: what lacks it is compiled out here, once.

pip compiles what it installs; a checkout of the kit, uv and ``pip install --no-compile`` do not. Without this the worker's modules, and
torch's two thousand, would be compiled anew for each check.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path

from grader import wall

WORKER = Path(__file__).resolve().parent.parent / "worker"
SECONDS = 300.0  # torch on a slow disk
_IMPORT = "import sys; n = int(sys.argv[1]); sys.path.extend(sys.argv[2 + n:]); [__import__(name) for name in sys.argv[2:2 + n]]"


def write(packages: Sequence[str]) -> None:
    """Compile the worker's modules, and *packages* with all that they import, where byte code is missing and may be written."""
    if sys.dont_write_bytecode:
        return
    for source in WORKER.glob("*.py"):
        if source.stem != "__main__" and _stale(source):  # what is run as a file is compiled each time
            name = f"grader.worker.{source.stem}"
            with contextlib.suppress(OSError, SyntaxError):
                SourceFileLoader(name, str(source)).get_code(name)  # writes it where it can
    roots = wall.site_folders()
    raw = [name for name in packages if any(_stale(Path(root, *name.split("."), "__init__.py")) for root in roots)]
    if raw:
        command = [sys.executable, "-s", "-P", "-S", "-c", _IMPORT, str(len(raw)), *raw, *roots]
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):  # the zygote will say what is wrong with them
            subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False)


def _stale(source: Path) -> bool:
    """Return whether *source* is there, its byte code is not, or that of another version, and some may be written beside it."""
    from importlib.util import cache_from_source

    try:
        status = os.stat(source)
    except OSError:
        return False
    due = (
        (0).to_bytes(4, "little")
        + (int(status.st_mtime) & 0xFFFFFFFF).to_bytes(4, "little")
        + (status.st_size & 0xFFFFFFFF).to_bytes(4, "little")
    )
    try:
        with open(cache_from_source(str(source)), "rb") as file:
            head = file.read(16)
    except OSError:
        head = b""
    current = head[4:] == due or head[4:5] > b"\0"  # the latter goes by a hash of the source, and is checked, or not, by Python
    return not current and os.access(source.parent, os.W_OK)
