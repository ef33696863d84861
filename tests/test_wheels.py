"""The wheels that a release brings: enough to install the kit with no network, and nothing too much."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile

import pytest

from grader import wheels
from grader.errors import CourseError


def test_one_line_installs_the_kit_offline(dist, tmp_path):
    """Into an environment that has nothing: with no index, from the folder alone; then it runs."""
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    bin_ = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    (kit,) = dist.glob("*.whl")
    line = ["-m", "pip", "install", "--quiet", "--no-index", "--find-links", str(dist / "wheels"), str(kit)]
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "PYTHON"))}
    done = subprocess.run([bin_ / "python", *line], env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = subprocess.run([bin_ / "grade", "doctor", "--lang", "en"], cwd=tmp_path, env=clean, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert "missing  numpy" not in told.stdout + told.stderr


def test_what_is_needed_is_followed_to_its_end_and_torch_left_out(dist):
    """pytest's own needs are there, the staff's and torch are not; with the staff's extra theirs are too."""
    names = {path.name.partition("-")[0] for path in (dist / "wheels").iterdir()}
    assert {"click", "pytest", "pluggy", "iniconfig", "packaging", "pygments", "numpy", "watchfiles"} <= names
    assert not {"torch", "sqlalchemy", "scipy", "grade_kit"} & names
    (kit,) = dist.glob("*.whl")
    staff = {found.metadata["Name"].lower() for found in wheels.needed(kit)}
    assert {"sqlalchemy", "scipy", "rich", "jinja2", "markupsafe"} <= staff
    assert "torch" not in {found.metadata["Name"].lower() for found in wheels.needed(kit, ("torch", "staff"))}


def test_each_wheel_s_record_is_true(dist):
    """Every file of the wheel stands in its record with the right hash, as pip checks."""
    for path in (dist / "wheels").iterdir():
        with zipfile.ZipFile(path) as packed:
            (record,) = (name for name in packed.namelist() if name.endswith(".dist-info/RECORD"))
            lines = [line.rsplit(",", 2) for line in packed.read(record).decode().splitlines()]
            names = {name.strip('"') for name, _, _ in lines}
            assert names == set(packed.namelist())
            assert not [name for name in names if name.endswith((".pyc", "/INSTALLER", "/direct_url.json"))]


def test_a_second_time_nothing_is_written(dist):
    """Compressing takes seconds: what is there already stays; an older version of the same package goes."""
    (kit,) = dist.glob("*.whl")
    (click,) = (dist / "wheels").glob("click-*")
    (old, other) = (dist / "wheels" / name for name in ("click-7.0-py3-none-any.whl", "numpy-1.0-cp39-cp39-win_amd64.whl"))
    for path in (old, other):
        path.write_bytes(b"old")
    before = click.stat().st_mtime_ns
    wheels.collect(kit, dist, extras=())
    assert click.stat().st_mtime_ns == before
    assert (old.exists(), other.exists()) == (False, True)
    other.unlink()


def test_a_package_that_is_not_there_is_named(tmp_path):
    kit = tmp_path / "grade_kit-1-py3-none-any.whl"
    with zipfile.ZipFile(kit, "w") as packed:
        packed.writestr("grade_kit-1.dist-info/METADATA", "Name: grade-kit\nRequires-Dist: no-such-package-of-ours\n")
    with pytest.raises(CourseError, match="no-such-package-of-ours is not installed"):
        wheels.collect(kit, tmp_path)
