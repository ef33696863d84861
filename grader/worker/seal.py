"""Seal a freshly forked worker, before it loads anything of the student's.

``prepare`` runs in the zygote, ``seal`` in each child. Linux on x86_64 and aarch64; standard library only, since this
file runs behind the wall. What is *not* named, here and in ``syscalls``, is refused.
"""

from __future__ import annotations

import errno
import math
import os
import stat
import struct
import sys
from collections.abc import Callable, Iterator, Mapping

from grader.worker import syscalls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Policy = Mapping[str, Any]

_LL_CREATE, _LL_ADD, _LL_RESTRICT = 444, 445, 446
_LL_FILE_READ, _LL_DIR_READ, _LL_FILE_WRITE, _LL_TRUNCATE, _LL_IOCTL = 1 << 2, 1 << 3, 1 << 1, 1 << 14, 1 << 15
_LL_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}

_PACKAGE_FOLDERS = ("site-packages", "dist-packages")

_CAP_DAC_READ_SEARCH, _CAP_SETGID, _CAP_SETUID = 2, 6, 7
_CAP_HEADER = struct.pack("=II", 0x20080522, 0)  # version 3, this process
_RULESETS = 64  # the first of the descriptors that they are kept at
_SPARE_IDS = 1_900_000_000  # numbers that no system hands out; each worker takes its own


class _Kit:
    """What the zygote makes once for all its children."""

    def __init__(self, libc: Any, answer: Any) -> None:
        self.libc = libc
        self.answer = answer  # where the kernel writes capabilities
        self.pid = os.getpid()
        self.processes = _own_processes()
        self.mapped: tuple[int, int] | None = None  # bytes of address space in use before the fork, and how many of them can be written
        self.unbound = False  # the bounding set is empty already
        self.spare: dict[str, int | None] = {}  # where numbers that nobody uses begin
        self.filters: dict[tuple[bool, ...], tuple[bytes, Any]] = {}
        self.rulesets: dict[tuple[Any, ...], int] = {}
        self.closed: dict[tuple[str, ...], bool] = {}


_kit: _Kit | None = None  # the one state: made before the fork, so that no child pays for it


def prepare(policy: Policy | None = None) -> None:
    """Load what ``seal`` needs; with the *policy* to come, also build its filter and its Landlock rules. Again costs nothing."""
    global _kit  # noqa: PLW0603
    if not sys.platform.startswith("linux"):
        return
    if _kit is None or _kit.pid != os.getpid():
        import ctypes
        import resource  # noqa: F401  (imported here so that the children have it)

        libc = ctypes.CDLL(None, use_errno=True)
        libc.syscall.restype = ctypes.c_long
        _kit = _Kit(libc, ctypes.create_string_buffer(24))
        _drop_bounding(_kit)
    _kit.mapped = _mapped()
    if policy is not None:
        _filter(_kit, policy)
        for one in ("forks", "last"):
            _filter(_kit, {**policy, one: True})
        for kind in ("uid", "gid"):
            _spare_id(_kit, kind)
        if policy.get("landlock") and not policy.get("cuda") and _paths(policy) not in _kit.rulesets:
            _closed(_kit, policy)
            made, kept = _ruleset(_kit, policy), _RULESETS + len(_kit.rulesets)
            _kit.rulesets[_paths(policy)] = os.dup2(made, kept, inheritable=False)  # out of the way of what a worker puts at 3
            os.close(made)


def seal(policy: Policy) -> list[str]:
    """Give up, for ever, all that *policy* does not grant; return the layers that hold.

    Raises OSError naming the layer when one of ``policy["require"]`` cannot be had. A layer that is not required and
    cannot be had is left out of the answer.
    """
    required = set(policy.get("require", ()))
    if not sys.platform.startswith("linux"):
        if required:
            raise OSError(errno.ENOSYS, f"layer {sorted(required)[0]}: this system has none of them")
        return []
    if _kit is None:
        prepare()
    assert _kit is not None
    if _kit.pid == os.getpid():  # nobody prepared before the fork
        _kit.pid = os.getppid()
    held: list[str] = []
    for name, layer in _LAYERS:
        try:
            if layer(_kit, policy):
                held.append(name)
                continue
            problem = OSError(errno.ENOSYS, "not asked for, or not to be had here")
        except OSError as error:
            problem = error
        if name in required:
            raise OSError(problem.errno, f"layer {name}: {problem.strerror}")
    return held


def finish(policy: Policy) -> None:
    """Seal the fork of a process that sealed itself with ``policy["forks"]``: all but that it may fork holds in it already."""
    assert _kit is not None
    for layer in (_session, _parent, _seccomp):
        layer(_kit, {**policy, "last": True})


def cloner() -> Callable[[], int]:
    """Return a fork whose child has this process's parent for its own; for a process with one thread.

    ``os.fork`` cannot ask for that. What it does besides is of no use here: no lock is held, and who loads a program seeds ``random``.
    """
    import ctypes

    syscall = ctypes.PyDLL(None, use_errno=True).syscall
    syscall.restype = ctypes.c_long
    number = syscalls.number("clone")
    assert _kit is not None
    kit = _kit
    return lambda: _call(kit, syscall(number, syscalls.FORK_FLAGS, 0, 0, 0, 0))


# --- the layers, in the order in which they are put on ---------------------------------------------------------------


def _session(kit: _Kit, policy: Policy) -> bool:
    """An own session; no descriptors but 0, 1, 2 and ``policy["keep"]``; no core dump, not even to a helper program."""
    if os.getsid(0) != os.getpid():
        os.setsid()
    if "keep" in policy:
        low = 3
        for fd in sorted({*policy["keep"], *kit.rulesets.values()}):
            os.closerange(low, fd)
            low = max(low, fd + 1)
        os.closerange(low, 1 << 20)
    return True


def _rlimits(kit: _Kit, policy: Policy) -> bool:
    """Address space above the clean zygote's, processor seconds, descriptors, file size; each hard. For seconds there is a signal first,
    by which the judge knows a program that is late from one that somebody killed."""
    import resource

    def cap(which: int, value: int, more: int = 0) -> None:
        hard = resource.getrlimit(which)[1]
        soft, most = (value, value + more) if hard == resource.RLIM_INFINITY else (min(value, hard), min(value + more, hard))
        resource.setrlimit(which, (soft, most))

    memory = policy.get("memory")
    if memory is not None:  # CUDA reserves address space that it never uses: there only writable memory counts
        mapped, writable = kit.mapped or _mapped()
        if policy.get("cuda"):
            cap(resource.RLIMIT_DATA, writable + int(memory))
        else:
            cap(resource.RLIMIT_AS, mapped + int(memory))
    if policy.get("cpu") is not None:
        cap(resource.RLIMIT_CPU, max(1, math.ceil(policy["cpu"])), more=1)
    cap(resource.RLIMIT_NOFILE, int(policy.get("nofile", 64)))
    cap(resource.RLIMIT_FSIZE, int(policy.get("fsize", 0)))
    cap(resource.RLIMIT_CORE, 0)
    cap(resource.RLIMIT_MSGQUEUE, 0)
    if not policy.get("cuda"):
        cap(resource.RLIMIT_MEMLOCK, 0)
    cap(resource.RLIMIT_NPROC, kit.processes + int(policy.get("threads", 64)))
    return True


def _uid(kit: _Kit, policy: Policy) -> bool:
    """A user number of its own, where we may take one: then even a bug elsewhere cannot signal a sibling or the judge."""
    if os.geteuid() != 0:
        return False
    number, group = _spare_id(kit, "uid"), _spare_id(kit, "gid")
    if number is None or group is None:
        return False
    closed = _closed(kit, policy)
    if closed and not policy.get("landlock"):
        return False  # reading would need a capability that nothing else holds in
    _drop_bounding(kit)
    _prctl(kit, 8, 1)  # PR_SET_KEEPCAPS, until the capabilities layer
    os.setgroups([])
    os.setresgid(group, group, group)
    os.setresuid(number, number, number)
    return True


def _capabilities(kit: _Kit, policy: Policy) -> bool:
    """No capability, but reading in the listed folders where they are closed to strangers."""
    _drop_bounding(kit)
    keep = 0
    if os.geteuid() != 0 and policy.get("landlock") and _closed(kit, policy):
        keep = (1 << _CAP_DAC_READ_SEARCH) & _permitted(kit)
    _call(kit, kit.libc.capset(_CAP_HEADER, struct.pack("=6I", keep, keep, 0, 0, 0, 0)))
    kit.libc.prctl(47, 4, 0, 0, 0)  # PR_CAP_AMBIENT_CLEAR_ALL; old kernels have no such set
    if _permitted(kit) != keep:
        raise OSError(errno.EPERM, "some capabilities remain")
    return True


def _parent(kit: _Kit, policy: Policy) -> bool:
    """Die with the zygote. After the change of user, which would clear it; and not dumpable, which means no core helper."""
    _prctl(kit, 1, 9)  # PR_SET_PDEATHSIG, SIGKILL
    _prctl(kit, 4, 0)  # PR_SET_DUMPABLE
    if os.getppid() != kit.pid:
        os._exit(1)  # the zygote went before we asked
    return True


def _no_new_privs(kit: _Kit, policy: Policy) -> bool:
    _prctl(kit, 38, 1)
    return True


def _landlock(kit: _Kit, policy: Policy) -> bool:
    """Read below the listed paths; no other right on any file, no TCP, no signal or abstract socket outwards."""
    if not policy.get("landlock"):
        return False
    ruleset = None if policy.get("cuda") else kit.rulesets.get(_paths(policy))
    if ruleset is None:
        ruleset = _ruleset(kit, policy)
    if policy.get("cuda"):  # the driver reads its own memory map, and names its threads through files of this process alone
        _grant(kit, ruleset, "/proc/self", _LL_FILE_READ | _LL_DIR_READ)
        _grant(kit, ruleset, "/proc/self/task", _LL_FILE_READ | _LL_DIR_READ | _LL_FILE_WRITE | (_LL_TRUNCATE & _handled(kit)))
    _call(kit, kit.libc.syscall(_LL_RESTRICT, ruleset, 0))
    for fd in {ruleset, *kit.rulesets.values()}:  # whoever holds one could add rules for a sibling
        os.close(fd)
    return True


def _seccomp(kit: _Kit, policy: Policy) -> bool:
    """The allow-list, on every thread."""
    if not policy.get("seccomp"):
        return False
    fprog, _ = _filter(kit, policy)
    number = {"x86_64": 317, "aarch64": 277}[os.uname().machine]
    _call(kit, kit.libc.syscall(number, 1, 1, fprog))  # SET_MODE_FILTER, TSYNC
    return True


_LAYERS: tuple[tuple[str, Callable[[_Kit, Policy], bool]], ...] = (
    ("session", _session),
    ("rlimits", _rlimits),
    ("uid", _uid),
    ("capabilities", _capabilities),
    ("parent", _parent),
    ("no_new_privs", _no_new_privs),
    ("landlock", _landlock),
    ("seccomp", _seccomp),
)


def _filter(kit: _Kit, policy: Policy) -> tuple[bytes, Any]:
    """Return what the kernel is given, and the buffer that it points into."""
    key = tuple(bool(policy.get(name)) for name in ("cuda", "landlock", "forks", "last"))
    if key not in kit.filters:
        import ctypes

        cuda, writes_held, forks, last = key
        machine = os.uname().machine
        program = syscalls.build_last(machine) if last else syscalls.build(machine, cuda=cuda, writes_held=writes_held, forks=forks)
        buffer = ctypes.create_string_buffer(program, len(program))
        kit.filters[key] = struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer)), buffer
    return kit.filters[key]


# --- Landlock --------------------------------------------------------------------------------------------------------


def _paths(policy: Policy) -> tuple[Any, ...]:
    return tuple(tuple(policy.get(key, ())) for key in ("read", "inside", "list", "write"))


def landlock_abi(libc: Any) -> int:
    """Return the kernel's Landlock version, 0 for none."""
    return max(0, int(libc.syscall(_LL_CREATE, None, 0, 1)))


def _handled(kit: _Kit) -> int:
    """Return all rights that this kernel's Landlock knows."""
    abi = landlock_abi(kit.libc)
    if abi < 1:
        raise OSError(errno.ENOSYS, "the kernel has no Landlock")
    return _LL_RIGHTS[min(abi, 5)]


def _ruleset(kit: _Kit, policy: Policy) -> int:
    """Return a ruleset's descriptor: all rights of this kernel handled, reading granted below the listed paths."""
    abi = landlock_abi(kit.libc)
    handled = _handled(kit)
    net, scoped = (3 if abi >= 4 else 0), (3 if abi >= 6 else 0)
    attr = struct.pack("=QQQ", handled, net, scoped)[: 8 if abi < 4 else 16 if abi < 6 else 24]
    ruleset = _call(kit, kit.libc.syscall(_LL_CREATE, attr, len(attr), 0))
    device = _LL_FILE_READ | _LL_FILE_WRITE | (_LL_IOCTL if policy.get("cuda") else 0)
    reading = _LL_FILE_READ | _LL_DIR_READ
    for path in policy.get("list", ()):
        _grant(kit, ruleset, path, _LL_DIR_READ)
    for path in (*policy.get("read", ()), *_inside(policy)):
        _grant(kit, ruleset, path, reading)
    for path in policy.get("write", ()):
        _grant(kit, ruleset, path, device & handled)
    return ruleset


def _inside(policy: Policy) -> Iterator[str]:
    """Yield what lies in the ``inside`` folders but installed packages: Landlock cannot take a part out of a folder."""
    for folder in policy.get("inside", ()):
        for entry in os.scandir(folder):
            if entry.name not in _PACKAGE_FOLDERS and not (entry.name.startswith("python") and entry.is_dir()):
                yield entry.path


def _grant(kit: _Kit, ruleset: int, path: str, rights: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return  # what is not there needs no right
    try:
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            rights &= ~_LL_DIR_READ
        if rights:
            _call(kit, kit.libc.syscall(_LL_ADD, ruleset, 1, struct.pack("=Qi", rights, fd), 0))
    finally:
        os.close(fd)


# --- small things ----------------------------------------------------------------------------------------------------


def _call(kit: _Kit, result: int) -> int:
    if result < 0:
        import ctypes

        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(result)


def _prctl(kit: _Kit, option: int, value: int) -> None:
    _call(kit, kit.libc.prctl(option, value, 0, 0, 0))


def _permitted(kit: _Kit) -> int:
    _call(kit, kit.libc.capget(_CAP_HEADER, kit.answer))
    low, high = struct.unpack_from("=I", kit.answer, 4)[0], struct.unpack_from("=I", kit.answer, 16)[0]
    return int(low | high << 32)


def _drop_bounding(kit: _Kit) -> None:
    """Without CAP_SETPCAP it stays, and gives nothing to a process without capabilities and with no_new_privs."""
    if kit.unbound:
        return
    kit.unbound = True
    for capability in range(64):
        if kit.libc.prctl(24, capability, 0, 0, 0) < 0:
            return


def _mapped() -> tuple[int, int]:
    """Return the address space in use now, and how much of it is data and stack, in bytes; zeros where it cannot be known."""
    try:
        with open("/proc/self/statm", "rb") as file:
            pages = file.read().split()
    except OSError:
        return 0, 0
    size = os.sysconf("SC_PAGE_SIZE")
    return int(pages[0]) * size, int(pages[5]) * size


def _own_processes() -> int:
    """Return how many threads this user runs: RLIMIT_NPROC counts them all."""
    mine, count = os.getuid(), 0
    try:
        for entry in os.scandir("/proc"):
            if entry.name.isdigit() and entry.stat().st_uid == mine:
                count += max(0, os.stat(f"{entry.path}/task").st_nlink - 2)
    except OSError:
        return 4096  # unknown: rather too many than a thread of hers refused
    return count


def _spare_id(kit: _Kit, kind: str) -> int | None:
    """Return a user or group number that nobody else uses, or None when this namespace has none."""
    if kind not in kit.spare:
        kit.spare[kind] = _first_spare(kind)
    first = kit.spare[kind]
    return None if first is None else first + os.getpid() % (100_000_000 if first == _SPARE_IDS else 5_000)


def _first_spare(kind: str) -> int | None:
    try:
        with open(f"/proc/self/{kind}_map", "rb") as file:
            ranges = [tuple(map(int, line.split())) for line in file]
    except OSError:
        return None
    for start, _, length in ranges:
        if start <= _SPARE_IDS and start + length > _SPARE_IDS + 100_000_000:
            return _SPARE_IDS
        if start == 0 and length >= 65_000:
            return 60_000
    return None


def _closed(kit: _Kit, policy: Policy) -> bool:
    """Return whether a stranger could not read all that the policy lists."""
    read = (*policy.get("read", ()), *policy.get("inside", ()))
    if read not in kit.closed:
        seen: set[str] = set()
        kit.closed[read] = any(not _open_to_all(os.path.realpath(path), seen) for path in read)
    return kit.closed[read]


def _open_to_all(path: str, seen: set[str]) -> bool:
    while path not in seen:
        seen.add(path)
        try:
            mode = os.stat(path).st_mode
        except OSError:
            return True
        if not mode & (0o001 if stat.S_ISDIR(mode) else 0o004):
            return False
        path = os.path.dirname(path)
    return True
