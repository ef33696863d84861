"""``tools/setup.sh`` with made-up Pythons on the PATH: each failure ends in one line that says what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOOLS = ("sh", "dirname", "grep", "tail", "rm", "touch", "mkdir", "cp", "chmod", "cat")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="make and sh: not run on Windows")

OLD = 'case "$1" in -c) exit 1;; --version) echo "Python 3.9.2";; esac'
NO_VENV = 'case "$1" in -c) exit 0;; --version) echo "Python 3.11.2";; -m) echo "ensurepip is not available" >&2; exit 1;; esac'
# a Python that makes a .venv whose own python is the script beside it
MAKES = (
    'case "$1" in -c) exit 0;; --version) echo "Python 3.12.1";; -m) mkdir -p "$3/bin"; cp "$(dirname "$0")/inner" "$3/bin/python";; esac'
)
OFFLINE = 'case "$1" in -c) exit 0;; -m) echo "Failed to establish a new connection: Network is unreachable" >&2; exit 1;; esac'
ONLINE = 'case "$1" in -c) exit 0;; -m) echo "$@" >> "$(dirname "$0")/calls";; esac'


@pytest.fixture
def kit(tmp_path):
    """A copy of what the set-up reads, and a PATH that holds nothing but a few tools."""
    (tmp_path / "kit/tools").mkdir(parents=True)
    for name in ("tools/setup.sh", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / "kit" / name)
    (tmp_path / "bin").mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found, name
        (tmp_path / "bin" / name).symlink_to(found)
    return tmp_path


def fake(kit: Path, **scripts: str) -> None:
    """Put shell scripts on the PATH: ``python3="..."``."""
    for name, text in scripts.items():
        path = kit / "bin" / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)


def set_up(kit: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if key not in ("PYTHON", "MAKEFLAGS")}
    environment = {**clean, "PATH": str(kit / "bin"), **variables}
    return subprocess.run(["sh", "tools/setup.sh"], cwd=kit / "kit", env=environment, capture_output=True, text=True, check=False)


def test_no_python_is_told_with_the_command_that_brings_one(kit):
    done = set_up(kit)
    assert done.returncode == 2
    assert "Python 3.11 or newer is needed, and python3 is: " in done.stderr
    assert "apt install python3" in done.stderr


def test_an_old_python_is_named_with_its_version(kit):
    fake(kit, python3=OLD, python=OLD)
    done = set_up(kit)
    assert done.returncode == 2
    assert "python3 is: Python 3.9.2" in done.stderr


def test_a_newer_python_of_another_name_is_found(kit):
    """Many machines keep an old python3 beside a new python3.12."""
    fake(kit, **{"python3": OLD, "python3.12": MAKES, "inner": ONLINE})
    done = set_up(kit)
    assert (done.returncode, done.stderr) == (0, "")
    assert "making .venv with Python 3.12.1" in done.stdout


def test_a_python_that_was_named_and_is_too_old_is_refused(kit):
    """What the user named is used or refused, never replaced in silence."""
    fake(kit, **{"python3": MAKES, "elderly": OLD, "inner": ONLINE})
    done = set_up(kit, PYTHON="elderly")
    assert done.returncode == 2
    assert "PYTHON=elderly is not a Python of 3.11 or newer (Python 3.9.2)" in done.stderr


def test_a_missing_venv_module_is_told_with_its_package(kit):
    """Debian keeps it in a package of its own; no half-made .venv stays."""
    fake(kit, python3=NO_VENV)
    done = set_up(kit)
    assert done.returncode == 2
    assert "apt install python3-venv" in done.stderr
    assert not (kit / "kit/.venv").exists()


def test_no_network_is_told_with_both_ways_out(kit):
    """Connect, or bring the wheels; what pip said is kept."""
    fake(kit, python3=MAKES, inner=OFFLINE)
    done = set_up(kit)
    assert done.returncode == 2
    assert "Check the network" in done.stderr
    assert "PIP_FIND_LINKS" in done.stderr
    assert "Network is unreachable" in (kit / "kit/.venv-setup.log").read_text()


def test_another_failure_of_pip_is_not_called_the_network(kit):
    fake(
        kit, python3=MAKES, inner=OFFLINE.replace("Failed to establish a new connection: Network is unreachable", "No space left on device")
    )
    done = set_up(kit)
    assert done.returncode == 2
    assert "pip could not install" in done.stderr
    assert "No space left on device" in done.stderr
    assert "Check the network" not in done.stderr


def test_a_failed_set_up_goes_on_when_the_network_is_back(kit):
    fake(kit, python3=MAKES, inner=OFFLINE)
    assert set_up(kit).returncode == 2
    (kit / "kit/.venv/bin/python").write_text(f"#!/bin/sh\n{ONLINE}\n")
    assert set_up(kit).returncode == 0


def test_a_second_run_calls_nothing(kit):
    """Cheap when nothing changed; a changed list of versions is installed."""
    fake(kit, python3=MAKES, inner=ONLINE)
    assert set_up(kit).returncode == 0
    calls = (kit / "kit/.venv/bin/calls").read_text()
    assert "-c constraints.txt" in calls
    again = set_up(kit)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert (kit / "kit/.venv/bin/calls").read_text() == calls
    later = (kit / "kit/.venv/.set-up").stat().st_mtime + 10
    os.utime(kit / "kit/constraints.txt", (later, later))
    assert "installing" in set_up(kit).stdout
