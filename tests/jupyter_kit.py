"""A real Jupyter on loopback, with settings, data and home of its own."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def jupyter(application: str, folder: Path, home: Path, ready: str, *options: str) -> Iterator[Callable[[str], str]]:
    """Serve *folder* until the block ends; yield what turns a path into an address. It is up once the path *ready* answers."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    environment = {**os.environ, "HOME": str(home)}
    environment |= {f"JUPYTER_{kind}_DIR": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")}
    environment["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), environment["PATH"]))
    command = [sys.executable, "-m", "jupyter", application, "--no-browser", "--allow-root", f"--port={port}"]
    command += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}", *options]

    def address(path: str) -> str:
        return f"http://127.0.0.1:{port}/{path}?token={token}"

    said = home / f"{application}.log"
    with open(said, "wb") as log:
        child = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(address(ready), timeout=5).close()
                break
            except (urllib.error.URLError, OSError):
                assert child.poll() is None, said.read_text()
                time.sleep(0.2)
        yield address
    finally:
        child.terminate()
        child.wait(30)
