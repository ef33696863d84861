"""What a sealed worker may still do, as plain data for ``grader/worker/seal.py``."""

from __future__ import annotations

import functools
import os
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from grader.wall import bubblewrap
from grader.wall.probe import Wall

NOFILE = 64
THREADS = 64
ALWAYS = ("session", "rlimits", "capabilities", "parent", "no_new_privs")
DEVICES = ("/dev/null", "/dev/urandom", "/dev/random", "/dev/zero")
# What NVIDIA's driver was seen to open while torch trained; its own process's folder is granted when that process is there.
DRIVER_READS = ("/proc/cpuinfo", "/proc/devices", "/proc/meminfo", "/proc/sys/vm", "/proc/driver", "/sys/devices", "/sys/bus/pci")
LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib")
LOADER = ("/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo")
ALONE = {"numpy": ("numpy", "numpy.libs")}  # needs nothing else; known, so that nothing need be looked up
USES = {"torch": ("numpy",)}  # uses it where it is there, and does not say so in its metadata


def policy(wall: Wall, *, memory_mib: int | None, cpu: float, packages: Sequence[str], cuda: bool = False) -> dict[str, Any]:
    """Return the policy of one worker: *memory_mib* above the zygote's own, *cpu* seconds, and the *packages* it may import.

    Plain JSON, the same for the same arguments. On tier 3 it asks for nothing.
    """
    if wall.tier == 3:
        return {"read": [], "landlock": False, "seccomp": False, "require": []}
    inside, read = _stdlib()
    devices = bubblewrap.cuda_devices() if cuda else []
    drivers = [*DRIVER_READS, *bubblewrap.DRIVER_LIBRARIES] if cuda else []
    return {
        "read": [*read, *(str(path) for path in _packages(tuple(packages))), *DEVICES[1:], *drivers],
        "inside": [str(path) for path in inside],
        "list": sorted({str(path.parent) for path in _packages(tuple(packages))} | {str(path) for path in inside}),
        "write": [DEVICES[0], *devices],
        "memory": None if memory_mib is None else memory_mib << 20,
        "cpu": cpu,
        "nofile": 1024 if cuda else NOFILE,
        "fsize": 0,
        "threads": 1024 if cuda else THREADS,
        "landlock": True,
        "seccomp": True,
        "cuda": cuda,
        "require": [*ALWAYS, "landlock", "seccomp"],
    }


def readable(packages: Sequence[str]) -> tuple[Path, ...]:
    """Return the files and folders that a sealed worker may read: the standard library without installed packages,
    the shared libraries, and *packages* with all that they need."""
    inside, read = _stdlib()
    parts = [entry for folder in inside for entry in sorted(folder.iterdir()) if not _is_foreign(entry)]
    return (*(Path(path) for path in read), *parts, *_packages(tuple(packages)))


def _is_foreign(entry: Path) -> bool:
    return entry.name in bubblewrap.SITE or (entry.name.startswith("python") and entry.is_dir())


@functools.cache
def _stdlib() -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Return (folders to read but for the packages installed in them, paths to read whole)."""
    names = {os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}
    inside = {Path(name) for name in names if os.path.isdir(name)}
    read = {path for path in LOADER if os.path.exists(path)}
    for folder in sorted(_library_folders()):
        if any(_is_foreign(entry) for entry in folder.iterdir()):
            inside.add(folder)
        else:
            read.add(str(folder))
    return tuple(sorted(inside)), tuple(sorted(read))


def _library_folders() -> set[Path]:
    """Return the folders that the loader looks in: /lib64 and friends, one level down for multiarch, and this Python's own."""
    found = {Path(os.path.realpath(path)) for path in LIBRARIES if os.path.isdir(path)}
    multiarch = getattr(sys.implementation, "_multiarch", None)  # what sysconfig would read from a module of 40 KiB
    narrow = {folder / multiarch for folder in found if multiarch and (folder / multiarch).is_dir()}
    found = {folder for folder in found if folder.name == "lib64"} | narrow or found
    own = Path(os.path.realpath(sys.base_prefix)) / "lib"
    found |= {own} if own.is_dir() else set()
    return found | {Path(store) for store in bubblewrap.STORES if os.path.isdir(store)}


@functools.cache
def _packages(packages: tuple[str, ...]) -> tuple[Path, ...]:
    """Return the folders and files of *packages* and of all that they require."""
    found: dict[str, None] = {}
    unknown = []
    used = [other for name in packages for other in USES.get(name, ())]
    for name in dict.fromkeys((*packages, *used)):
        roots = [root for root in map(Path, bubblewrap.site_folders()) if (root / name).exists()]
        if name in ALONE and roots:
            found |= {str(roots[0] / part): None for part in ALONE[name] if (roots[0] / part).exists()}
        else:
            unknown.append(name)
    if unknown:  # importlib.metadata is slow to import
        found |= dict.fromkeys(_from_metadata(unknown))
    return tuple(Path(path) for path in found)


def _from_metadata(names: Sequence[str]) -> Iterator[str]:
    """Yield what the distributions of the modules *names* installed, and those that they require here, by way of extras too."""
    from importlib import metadata

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    pending, seen = [(name, frozenset[str]()) for name in names], set()
    providers = None
    while pending:
        module, extras = pending.pop()
        name = canonicalize_name(module)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            if module in names:  # a module whose distribution has another name
                providers = metadata.packages_distributions() if providers is None else providers
                pending += [(other, extras) for other in providers.get(module, ()) if other.lower() != name]
            continue
        yield from _installed(distribution)
        for requirement in map(Requirement, distribution.requires or ()):
            if requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
                pending.append((requirement.name, frozenset(requirement.extras)))


def _installed(distribution: Any) -> Iterator[str]:
    """Yield the top-level entries of one distribution, from its RECORD."""
    root = str(distribution.locate_file(""))
    record = distribution.read_text("RECORD") or ""
    tops = {line.split(",", 1)[0].split("/", 1)[0].strip('"') for line in record.splitlines()}
    for top in sorted(tops - {"", "..", "__pycache__", "bin"}):
        path = os.path.join(root, top)
        if os.path.exists(path):
            yield path
