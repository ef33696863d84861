"""The peers' own virtual environments: made when they are first needed, with the versions of ``bench/pins``."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from bench.work import ROOT

HOME = ROOT / ".bench"
PINS = Path(__file__).parent / "pins"
_TORCH_HOOK = "import os, sys; p = os.environ.get('BENCH_TORCH'); p and sys.path.append(p)\n"


def python(peer: str) -> Path:
    """Return the Python of *peer*'s environment; build it first where it is missing or was made with other versions."""
    pins = PINS / f"{peer}.txt"
    folder, stamp = HOME / peer, HOME / peer / ".made"
    due = hashlib.sha256(pins.read_bytes() + sys.version.encode()).hexdigest()
    made = folder / "bin" / "python"
    if stamp.is_file() and stamp.read_text() == due:
        return made
    print(f"bench: making the environment of {peer} in .bench/", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    commands = (
        [sys.executable, "-m", "venv", str(folder)],
        [str(made), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(pins)],
        [str(made), "-m", "compileall", "-q", str(folder / "lib")],
    )
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode and "compileall" not in command:  # some packages carry files of other Pythons
            raise SystemExit(f"bench: {peer}'s environment could not be made; pip's last words:\n{done.stderr[-2000:]}")
    (next(folder.glob("lib/python*/site-packages")) / "bench_torch.pth").write_text(_TORCH_HOOK)
    stamp.write_text(due)
    return made


def version(peer: str) -> str:
    """Return the pinned version of *peer*."""
    found = re.search(rf"^{re.escape(peer)}==(.+)$", (PINS / f"{peer}.txt").read_text(), re.MULTILINE)
    assert found, f"bench/pins/{peer}.txt does not name {peer}"
    return found[1]


def plain() -> dict[str, str]:
    """Return the variables that every contender gets: nothing of the user's own settings but language, time zone and PATH."""
    return {name: os.environ[name] for name in ("LANG", "LC_ALL", "TZ", "TMPDIR", "PATH") if name in os.environ}


def environment(peer: str, home: Path, *, torch: bool) -> dict[str, str]:
    """Return the variables for *peer*'s commands: its programs first on PATH, a home of its own, torch only where it is wanted."""
    home.mkdir(parents=True, exist_ok=True)
    path = f"{python(peer).parent}{os.pathsep}{os.environ['PATH']}"
    made = {**plain(), "PATH": path, "HOME": str(home), "VIRTUAL_ENV": str(HOME / peer)}
    return {**made, "BENCH_TORCH": str(_torch())} if torch else made


def _torch() -> Path:
    """Return a folder with links to the torch of this environment and what it needs, so that all contenders import the same one."""
    folder = HOME / "torch"
    if not (folder / "torch").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in _closure("torch"):
            found = metadata.distribution(name)
            for top in {file.parts[0] for file in found.files or () if file.parts[0] not in ("..", "__pycache__", "bin")}:
                (folder / top).symlink_to(Path(str(found.locate_file(top))).resolve())
    return folder


def _closure(name: str, seen: frozenset[str] = frozenset()) -> frozenset[str]:
    seen = seen | {name}
    for needed in metadata.requires(name) or ():
        if "extra ==" in needed:
            continue
        other = re.split(r"[^A-Za-z0-9._-]", needed)[0]
        try:
            metadata.distribution(other)
        except metadata.PackageNotFoundError:
            continue  # for another system or Python
        if other not in seen:
            seen = _closure(other, seen)
    return seen
