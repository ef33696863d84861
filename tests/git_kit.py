"""A real git server on loopback, and students who push to it."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = "class Value:\n    pass\n"


def git(folder: Path, *arguments: str, when: dt.datetime | None = None) -> str:
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_AUTHOR_NAME": "s", "GIT_AUTHOR_EMAIL": "s@example.org"}
    env |= {"GIT_COMMITTER_NAME": "s", "GIT_COMMITTER_EMAIL": "s@example.org"}
    if when is not None:
        env |= {"GIT_COMMITTER_DATE": when.isoformat(), "GIT_AUTHOR_DATE": when.isoformat()}
    run = subprocess.run(["git", "-C", str(folder), *arguments], env=env, capture_output=True, text=True, check=True, timeout=60)
    return run.stdout.strip()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A git daemon on loopback over ``tmp_path/server``: (folder, URL prefix)."""
    base = tmp_path / "server"
    base.mkdir()
    yield from serve(base)


def serve(base: Path, *options: str) -> Iterator[tuple[Path, str]]:
    """Run a git daemon on loopback over *base* as long as the generator lives."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [
        "git",
        "daemon",
        "--reuseaddr",
        "--export-all",
        "--enable=receive-pack",
        f"--base-path={base}",
        "--listen=127.0.0.1",
        f"--port={port}",
        *options,
    ]
    daemon = subprocess.Popen([*command, str(base)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            break
        except OSError:
            time.sleep(0.05)
    yield base, f"git://127.0.0.1:{port}"
    os.killpg(daemon.pid, 15)
    daemon.wait()


def student(base: Path, tmp_path: Path, name: str, when: dt.datetime, text: str = PROGRAM) -> Path:
    """Make a student's repository with one commit, pushed to the server; return her working copy."""
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(base / f"{name}.git")], check=True)
    work = tmp_path / "work" / name
    shutil.copytree(ROOT / "assignments" / "hw2", work, ignore=shutil.ignore_patterns("__pycache__"))
    (work / "micrograd.py").write_text(text, encoding="utf-8")
    git(work, "init", "--quiet", "-b", "main")
    git(work, "add", "-A")
    git(work, "commit", "--quiet", "-m", "work", when=when)
    git(work, "remote", "add", "origin", str(base / f"{name}.git"))
    git(work, "push", "--quiet", "origin", "main")
    return work
