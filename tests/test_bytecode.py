"""What is imported behind the wall has byte code, whoever installed it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grader import wall
from grader.student import bytecode
from grader.student.process import starter

KIT = Path(bytecode.__file__).resolve().parents[1]
WRITE = "import sys; from grader.student import bytecode; bytecode.write(sys.argv[1:])"


def compiled(source: Path) -> Path:
    return Path(importlib.util.cache_from_source(str(source)))


def write(home: Path, **variables: str) -> None:
    """Run ``bytecode.write`` of the kit in *home*."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    subprocess.run([sys.executable, "-c", WRITE], cwd=home, env={**env, **variables}, check=True, timeout=60)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The kit as git brings it: no byte code."""
    shutil.copytree(KIT, tmp_path / "grader", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of two files, installed without byte code by an installer that leaves that to Python."""
    folder = tmp_path / "lib" / "site-packages" / "installed"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("from installed import part\n", encoding="utf-8")
    (folder / "part.py").write_text("ANSWER = 42\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder.parent))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    for name in [name for name in os.environ if name.startswith("PYTHON")]:
        monkeypatch.delenv(name)
    return folder


def test_a_checkout_gets_the_workers_byte_code_once_and_again_when_a_module_changes(checkout: Path) -> None:
    sources = {path for path in (checkout / "grader" / "worker").glob("*.py") if path.stem != "__main__"}
    assert len(sources) > 5
    write(checkout)
    written = {source: compiled(source).stat().st_mtime_ns for source in sources}
    changed = checkout / "grader" / "worker" / "load.py"
    changed.write_text(changed.read_text(encoding="utf-8") + "\n# another version\n", encoding="utf-8")
    write(checkout)
    assert {source for source in sources if compiled(source).stat().st_mtime_ns != written[source]} == {changed}


def test_who_wants_no_byte_code_gets_none(checkout: Path) -> None:
    write(checkout, PYTHONDONTWRITEBYTECODE="1")
    assert not list(checkout.rglob("__pycache__"))


@pytest.mark.parametrize("tier", [1, 2, 3])
def test_what_starts_workers_sees_to_the_packages_that_are_imported_ahead(package: Path, tier: int) -> None:
    the_wall = wall.probe(tier)
    if the_wall.tier != tier:
        pytest.skip(f"NOT RUN: no wall of tier {tier} here")
    starter(the_wall, ("installed",)).close()
    assert compiled(package / "__init__.py").is_file()
    assert compiled(package / "part.py").is_file()


def test_nothing_is_started_for_what_has_byte_code_or_is_not_there(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bytecode.write(("installed",))
    monkeypatch.setattr(subprocess, "run", lambda *args, **kwargs: pytest.fail("a process was started"))
    bytecode.write(("installed", "installed.nothing", "nowhere_to_be_found"))


def test_a_package_that_cannot_be_imported_is_left_to_who_asks_for_it(package: Path) -> None:
    (package / "part.py").write_text("raise RuntimeError('broken')\n", encoding="utf-8")
    bytecode.write(("installed",))
    assert compiled(package / "part.py").is_file()
