"""Tier 1: start a process in namespaces of its own, where only Python and the system's libraries exist."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

PROGRAM = "bwrap"
PATH = "/usr/bin:/bin:/usr/local/bin"
SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/alternatives")
STORES = ("/nix/store", "/gnu/store")  # Pythons that come from one of these find their libraries all over it
SITE = ("site-packages", "dist-packages")
PREFIX_PARTS = ("bin", "lib", "lib64", "pyvenv.cfg")  # a virtual environment may be the course's own folder
DRIVER_LIBRARIES = ("/usr/local/nvidia", "/usr/local/cuda", "/run/opengl-driver", "/usr/lib/wsl")
# Real root without a user namespace keeps what a worker needs to become a user of its own, and the zygote to end it.
ROOT_CAPABILITIES = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_KILL", "CAP_DAC_READ_SEARCH")
_FIXED = {
    "PATH": "/nonexistent",  # nothing starts a program here: torch for CUDA looks for a compiler, and then writes a file for it
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",  # each arena reserves 64 MiB of the address space that a submission may use
    "CUDA_CACHE_DISABLE": "1",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
}
# Of the host's, only what a numerical library or the system's loader cannot do without.
_PASSED = ("OPENBLAS_CORETYPE", "CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "SYSTEMROOT", "WINDIR")


class _Layered(Protocol):
    @property
    def tier(self) -> int: ...

    @property
    def layers(self) -> tuple[str, ...]: ...


def environment(wall: _Layered | None) -> dict[str, str]:
    """Return the whole environment of a process behind *wall*: fixed, and nothing of the host's that could tell it something."""
    passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
    ours = [path for path in os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep) if path and _below(path, sys.base_prefix)]
    if ours:  # some builds of Python find their own library only so
        passed["LD_LIBRARY_PATH"] = os.pathsep.join(ours)
    return {**_FIXED, **passed}


def command(wall: _Layered, argv: Sequence[str], *, read: Sequence[Path], keep_fds: Sequence[int] = (), cuda: bool = False) -> list[str]:
    """Return the command that runs *argv* behind the namespaces of *wall*; on tiers 2 and 3 that is *argv* itself.

    Inside exist, read-only: Python, the system's libraries, and *read*. With *cuda* also the devices and the driver.
    The caller passes *keep_fds* on (``pass_fds``): bubblewrap hands over every open descriptor. None of them may be a standard one.
    """
    if wall.tier != 1:
        return list(argv)
    if any(fd < 3 for fd in keep_fds):
        raise ValueError("descriptors 0, 1 and 2 are kept anyway")
    flags = ["--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    if "namespaces" in wall.layers:
        flags += ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
        for capability in ROOT_CAPABILITIES:
            flags += ["--cap-add", capability]
    else:
        flags += ["--unshare-all"]
    flags += ["--chdir", "/", "--tmpfs", "/tmp"]  # before what may lie in it
    for path in _binds(read):
        flags += ["--symlink", os.readlink(path), path] if os.path.islink(path) else ["--ro-bind", path, path]
    if cuda:
        flags += _cuda_flags()
    flags += ["--proc", "/proc", "--dev", "/dev"]
    if cuda:
        for path in cuda_devices():
            flags += ["--dev-bind", path, path]
    else:
        flags += ["--remount-ro", "/dev"]
    flags += ["--remount-ro", "/tmp", "--remount-ro", "/"]
    return [_program(), *flags, "--", *argv]


def cuda_devices() -> list[str]:
    """Return the device nodes that a CUDA program opens."""
    names = ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset")
    found = [f"/dev/{name}" for name in names if os.path.exists(f"/dev/{name}")]
    found += sorted(str(path) for path in Path("/dev").glob("nvidia[0-9]*"))
    return found + [path for path in ("/dev/dxg",) if os.path.exists(path)]


def _cuda_flags() -> list[str]:
    flags = ["--ro-bind-try", "/sys/devices", "/sys/devices", "--ro-bind-try", "/sys/bus/pci", "/sys/bus/pci"]
    for path in DRIVER_LIBRARIES:
        if not path.startswith("/usr/"):  # all of /usr is there
            flags += ["--ro-bind-try", path, path]
    return flags


def _program() -> str:
    for folder in PATH.split(":"):
        if os.access(f"{folder}/{PROGRAM}", os.X_OK):
            return f"{folder}/{PROGRAM}"
    return PROGRAM


def python_roots() -> list[str]:
    """Return the folders of this Python: the virtual environment's parts and the base's, also by their real names."""
    prefixes = [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix]
    prefixes.append(os.path.dirname(os.path.dirname(os.path.realpath(sys.executable))))
    prefixes += [os.path.realpath(prefix) for prefix in prefixes]
    roots = {f"{prefix.rstrip('/')}/{part}" for prefix in prefixes for part in PREFIX_PARTS}
    roots |= {store for store in STORES if _below(os.path.realpath(sys.executable), store)}
    return sorted(root for root in roots if os.path.exists(root) and not os.path.islink(root))


def site_folders() -> list[str]:
    """Return the folders that hold installed packages; some lie elsewhere than Python: ``pip install --user``, or a .pth file."""
    return [path for path in dict.fromkeys(sys.path) if os.path.basename(path) in SITE and os.path.isdir(path)]


def _binds(read: Sequence[Path]) -> list[str]:
    """Return what to bind, parents before children and nothing twice."""
    package = str(Path(__file__).resolve().parent.parent)
    wanted = [path for path in SYSTEM if os.path.exists(path)]  # links among them stay links
    site = site_folders()
    wanted += [*python_roots(), package, *site, *map(os.path.realpath, site)]
    for path in read:
        if os.path.exists(path):
            wanted += [os.path.realpath(path)] if os.path.islink(path) else [str(path), os.path.realpath(path)]
    chosen: list[str] = []
    for name in sorted({os.path.normpath(name) for name in wanted}, key=lambda name: (name.count("/"), name)):
        if not any(_below(name, other) for other in chosen):
            chosen.append(name)
    return chosen


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
