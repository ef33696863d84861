"""Find out which wall this machine can build, by trying."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from grader.errors import CourseError

TIERS = (1, 2, 3)
MACHINES = ("x86_64", "aarch64")
WORDS = {1: "namespaces, Landlock, seccomp and limits", 2: "Landlock, seccomp and limits", 3: "a process of its own and time limits"}


@dataclass(frozen=True)
class Wall:
    """One machine's wall: its tier (1 is the strongest), its layers, why it is not a better one, and what would make it so."""

    tier: int
    layers: tuple[str, ...]
    reason: str = ""
    remedy: str = ""

    @property
    def words(self) -> str:
        """What the tier consists of, in a few words."""
        return WORDS[self.tier]


def probe(force: int | None = None) -> Wall:
    """Return the strongest wall that can be built here, or a weaker one if *force* or ``GRADE_TIER`` asks for it.

    Neither can ask for a stronger one than there is. Raises CourseError for a tier that does not exist.
    """
    floor = max(_asked(force, "the wall"), _asked(os.environ.get("GRADE_TIER"), "GRADE_TIER"))
    held = _kernel_layers() if floor < 3 else ()
    if not isinstance(held, tuple):
        return held
    if floor == 3:
        return Wall(3, (), "a weaker wall was asked for", "unset GRADE_TIER")
    layers = (*held, "rlimits")
    if floor == 2:
        return Wall(2, layers, "a weaker wall was asked for", "unset GRADE_TIER")
    found = _namespaces()
    if isinstance(found, str):
        return Wall(1, (found, *layers))
    return Wall(2, layers, *found)


def _asked(value: int | str | None, who: str) -> int:
    if value is None or value == "":
        return 1
    try:
        tier = int(value)
    except ValueError:
        tier = 0
    if tier not in TIERS:
        raise CourseError(f"{who}: no tier {value!r}; a wall is of tier 1, 2 or 3", zh=f"{who}：没有第 {value!r} 级；只有 1、2、3 级")
    return tier


def _kernel_layers() -> tuple[str, ...] | Wall:
    """Return ("landlock", "seccomp"), or the wall of tier 3 with the reason why not."""
    if not sys.platform.startswith("linux"):
        return Wall(3, (), f"{sys.platform} has no Landlock and no seccomp", "grade on Linux, or in a Linux virtual machine")
    machine = os.uname().machine
    if machine not in MACHINES or sys.maxsize < 1 << 32:
        return Wall(3, (), f"no system call filter for {machine}", "grade on a 64-bit x86 or ARM machine")
    import ctypes
    import errno

    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    if libc.syscall(444, None, 0, 1) < 1:
        code = errno.errorcode.get(ctypes.get_errno(), "?")
        wanted = "Linux 5.13 or later, with landlock among the kernel's lsm= (see /sys/kernel/security/lsm)"
        return Wall(3, (), f"the kernel offers no Landlock ({code})", wanted)
    action = ctypes.c_uint32(0x00050000)  # SECCOMP_RET_ERRNO
    if libc.syscall({"x86_64": 317, "aarch64": 277}[machine], 2, 0, ctypes.byref(action)) != 0:
        return Wall(3, (), "the kernel offers no seccomp filters", "a kernel with CONFIG_SECCOMP_FILTER")
    return ("landlock", "seccomp")


def _namespaces() -> str | tuple[str, str]:
    """Return "namespaces" or "user-namespaces", as bubblewrap could make them, or (reason, remedy)."""
    from grader.wall import bubblewrap

    if shutil.which(bubblewrap.PROGRAM, path=bubblewrap.PATH) is None:
        return "bubblewrap is not installed", _install_command()
    said = ""
    kinds = ("namespaces", "user-namespaces") if os.geteuid() == 0 else ("user-namespaces",)
    for kind in kinds:
        argv = bubblewrap.command(Wall(1, (kind,)), _nothing(), read=[])
        try:
            done = subprocess.run(
                argv, env=bubblewrap.environment(None), stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False, cwd="/"
            )
        except (OSError, subprocess.SubprocessError) as error:
            said = str(error)
            continue
        if done.returncode == 0:
            return kind
        said = (done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"exit status {done.returncode}"])[-1]
    return f"bubblewrap could not build it: {said[:200]}", _userns_command()


def _nothing() -> list[str]:
    """Return the quickest command that can show whether a program starts in there."""
    quick = next((path for path in ("/usr/bin/true", "/bin/true") if os.access(path, os.X_OK)), None)
    return [quick] if quick else [sys.executable, "-I", "-S", "-c", ""]


def _install_command() -> str:
    for tool, line in (
        ("apt-get", "sudo apt-get install bubblewrap"),
        ("dnf", "sudo dnf install bubblewrap"),
        ("pacman", "sudo pacman -S bubblewrap"),
        ("zypper", "sudo zypper install bubblewrap"),
        ("apk", "sudo apk add bubblewrap"),
    ):
        if shutil.which(tool):
            return line
    return "install the package bubblewrap"


def _userns_command() -> str:
    """Return the command that allows user namespaces, for the switch that forbids them here."""
    for switch, forbids, allows in (
        ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
        ("kernel.unprivileged_userns_clone", "0", "1"),
        ("user.max_user_namespaces", "0", "15000"),
    ):
        try:
            value = Path("/proc/sys", *switch.split(".")).read_text(encoding="ascii").strip()
        except OSError:
            continue
        if value == forbids:
            return f"sudo sysctl -w {switch}={allows}"
    return "run outside the container, or start it with --security-opt seccomp=unconfined --security-opt systempaths=unconfined"
