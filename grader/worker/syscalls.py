"""The system calls that a sealed worker may make, as a seccomp program for x86_64 and aarch64.

An allow-list: a call which the kernel learns tomorrow is refused too. Standard library only; nothing of the grader.
"""

from __future__ import annotations

import errno
import os
import struct
import sys
from collections.abc import Iterable

# name, number on x86_64, number on aarch64 (-1: not there). The hottest first: the filter is read in this order.
_ALLOWED = """
read:0:63 write:1:64 readv:19:65 writev:20:66 recvfrom:45:207 futex:202:98 close:3:57 munmap:11:215 mprotect:10:226
mremap:25:216 brk:12:214 fstat:5:80 newfstatat:262:79 lseek:8:62 clock_gettime:228:113 gettimeofday:96:169 time:201:-1
getpid:39:172 gettid:186:178 sched_yield:24:124 rt_sigaction:13:134 rt_sigprocmask:14:135 rt_sigreturn:15:139
rt_sigpending:127:136 rt_sigtimedwait:128:137 rt_sigsuspend:130:133 sigaltstack:131:132 pause:34:-1
restart_syscall:219:128 pread64:17:67 pwrite64:18:68 preadv:295:69 pwritev:296:70 preadv2:327:286 pwritev2:328:287
close_range:436:436 dup:32:23 dup2:33:-1 dup3:292:24 pipe:22:-1 pipe2:293:59 select:23:-1 pselect6:270:72 poll:7:-1
ppoll:271:73 epoll_create:213:-1 epoll_create1:291:20 epoll_ctl:233:21 epoll_wait:232:-1 epoll_pwait:281:22
epoll_pwait2:441:441 eventfd:284:-1 eventfd2:290:19 stat:4:-1 lstat:6:-1 statx:332:291 access:21:-1 faccessat:269:48
faccessat2:439:439 readlink:89:-1 readlinkat:267:78 getdents:78:-1 getdents64:217:61 getcwd:79:17 chdir:80:49
fchdir:81:50 umask:95:166 set_robust_list:273:99 set_tid_address:218:96 rseq:334:293 exit:60:93 exit_group:231:94
arch_prctl:158:-1 sched_getaffinity:204:123 membarrier:324:283 getcpu:309:168 nanosleep:35:101 clock_nanosleep:230:115
clock_getres:229:114 times:100:153 getrusage:98:165 sysinfo:99:179 uname:63:160 getrandom:318:278 setitimer:38:103
getitimer:36:102 alarm:37:-1 getppid:110:173 getuid:102:174 geteuid:107:175 getgid:104:176 getegid:108:177
getresuid:118:148 getresgid:120:150 getgroups:115:158 getpgrp:111:-1 getpgid:121:155 getsid:124:156 wait4:61:260
waitid:247:95 getrlimit:97:163 setrlimit:160:164 getsockopt:55:209 getsockname:51:204 getpeername:52:205 shutdown:48:210
get_mempolicy:239:236 sched_getparam:143:121 sched_getscheduler:145:120 sched_get_priority_max:146:125
sched_get_priority_min:147:126
"""
_CUDA = """mlock:149:228 munlock:150:229 mincore:27:232 statfs:137:43 fstatfs:138:44 sched_setaffinity:203:122 mbind:237:235
bind:49:200 listen:50:201"""
_GUARDED = """clone:56:220 fcntl:72:25 ioctl:16:29 prctl:157:167 prlimit64:302:261 sendto:44:206 mmap:9:222
madvise:28:233 open:2:-1 openat:257:56 clone3:435:435 openat2:437:437"""
# The driver does not start without a socket to listen at, of a kind that nothing else here has; it is never accepted from.
_CUDA_GUARDED = " socket:41:198 setsockopt:54:208 connect:42:203 unlink:87:-1 unlinkat:-1:35"
# More for an embryo: it forks, hears of descriptors, and lets each fork of it put on a filter that refuses all of this.
_FORKS = " recvmsg:47:212 setsid:112:157 seccomp:317:277"
FORK_FLAGS = 0x8011  # CLONE_PARENT | SIGCHLD
_LAST_KNOWN = 470  # above it the C library is told ENOSYS, and falls back

_THREAD = 0x00010000
_THREAD_FLAGS = 0x007D0F00  # what a pthread_create asks for, and nothing else
_FCNTL = (0, 1, 2, 3, 1030, 1032)  # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC, F_GETPIPE_SZ
_SETFL = 4  # the driver makes its own pipes and events non-blocking
_PASSCRED, _UNIX, _SEQPACKET = 16, 1, 5 | 0o2000000  # SO_PASSCRED, AF_UNIX, SOCK_SEQPACKET|SOCK_CLOEXEC
_IOCTL = (0x5401, 0x5413, 0x541B, 0x5450, 0x5451)  # TCGETS, TIOCGWINSZ, FIONREAD, FIONCLEX, FIOCLEX
_PRCTL = (3, 15, 16, 23, 0x53564D41)  # GET_DUMPABLE, SET_NAME, GET_NAME, CAPBSET_READ, SET_VMA
_PRCTL_FORKED = (1, 4)  # SET_PDEATHSIG, SET_DUMPABLE
_MADVISE = (0, 1, 2, 3, 4, 8, 10, 11, 14, 15, 16, 17, 18, 19, 22, 23)  # none that evicts, merges or poisons pages
_MAP_HUGETLB = 0x40000
_OPEN_WRITES = 0o3 | 0o100 | 0o1000 | 0o20000000  # O_WRONLY|O_RDWR, O_CREAT, O_TRUNC, O_TMPFILE without O_DIRECTORY

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column of the tables, AUDIT_ARCH
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH = 0, 4  # offsets in struct seccomp_data


def _table(text: str, column: int) -> dict[str, int]:
    rows = (entry.split(":") for entry in text.split())
    return {name: number for name, *numbers in rows if (number := int(numbers[column])) >= 0}


def number(name: str) -> int:
    """Return the number of a guarded system call on this machine."""
    return _table(_GUARDED, _MACHINES[os.uname().machine][0])[name]


def _op(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("=HBBI", code, then, otherwise, value)


def _refuse(number: int = errno.EPERM) -> bytes:
    return _op(_RETURN, _ERRNO | number)


def _low(argument: int) -> int:
    """Offset of the low half of an argument; both machines are little-endian."""
    return 16 + 8 * argument


def _one_of(argument: int, values: Iterable[int]) -> bytes:
    """Allow when the argument, an int to the kernel, is one of *values*."""
    tests = [_op(_EQUAL, value, 0, 1) + _op(_RETURN, _ALLOW) for value in values]
    return _op(_LOAD, _low(argument)) + b"".join(tests) + _refuse()


def _without(argument: int, bits: int) -> bytes:
    """Allow when the argument has none of *bits*."""
    return _op(_LOAD, _low(argument)) + _op(_BITS, bits, 0, 1) + _refuse() + _op(_RETURN, _ALLOW)


def _zero(argument: int) -> bytes:
    """Allow when all 64 bits of the argument are zero."""
    allow = _op(_EQUAL, 0, 0, 1) + _op(_RETURN, _ALLOW)
    return _op(_LOAD, _low(argument)) + _op(_EQUAL, 0, 0, 3) + _op(_LOAD, _low(argument) + 4) + allow + _refuse()


def _only_thread() -> bytes:
    return _op(_LOAD, _low(0)) + _op(_BITS, _THREAD, 1, 0) + _refuse() + _without(0, ~_THREAD_FLAGS & 0xFFFFFFFF)


def _cuda_ioctl() -> bytes:
    """Everything for the driver; of terminals (0x54..) what all may ask, and nothing of sockets (0x89..)."""
    asked = _one_of(1, _IOCTL)[: -len(_refuse())]
    load = _op(_LOAD, _low(1)) + _op(0x54, 0xFF00)  # A &= 0xff00
    return asked + load + _op(_EQUAL, 0x5400, 1, 0) + _op(_EQUAL, 0x8900, 0, 1) + _refuse() + _op(_RETURN, _ALLOW)


def _guards(*, cuda: bool, writes_held: bool, forks: bool) -> dict[str, bytes]:
    """The calls that depend on their arguments."""
    fork = _op(_LOAD, _low(0)) + _op(_EQUAL, FORK_FLAGS, 0, 1) + _op(_RETURN, _ALLOW) if forks else b""
    allow = _op(_RETURN, _ALLOW)
    unix = _op(_LOAD, _low(0)) + _op(_EQUAL, _UNIX, 1, 0) + _refuse()
    return {
        "socket": unix + _one_of(1, (_SEQPACKET,)),
        "setsockopt": _one_of(2, (_PASSCRED,)),
        **dict.fromkeys(("connect", "unlink", "unlinkat"), _refuse(errno.ENOENT)),  # as where nothing is, which it takes for an answer
        "mmap": _without(3, _MAP_HUGETLB),  # the pool of huge pages is everybody's
        "openat": allow if writes_held else _without(2, _OPEN_WRITES),
        "open": allow if writes_held else _without(1, _OPEN_WRITES),
        "openat2": _refuse(errno.ENOSYS),  # its flags lie in memory, where a filter cannot look
        "sendto": _zero(4),  # no address: only to the peer that is there
        "madvise": _one_of(2, _MADVISE),
        "clone": fork + _only_thread(),
        "clone3": _refuse(errno.ENOSYS),
        "ioctl": _cuda_ioctl() if cuda else _one_of(1, _IOCTL),
        "fcntl": _one_of(1, (*_FCNTL, _SETFL) if cuda else _FCNTL),
        "prctl": _one_of(0, (*_PRCTL, *_PRCTL_FORKED) if forks else _PRCTL),
        "prlimit64": _one_of(0, (0,)),
    }


def build(machine: str, *, cuda: bool = False, writes_held: bool = True, forks: bool = False) -> bytes:
    """Return the BPF program for *machine* (``x86_64`` or ``aarch64``); OSError for any other.

    With *writes_held* something else (Landlock) keeps files from being written, so that opening needs no guard here.
    """
    if machine not in _MACHINES or sys.maxsize < 1 << 32:
        raise OSError(errno.ENOSYS, f"no system call filter for {machine}")
    column, arch = _MACHINES[machine]
    parts = [_op(_LOAD, _ARCH), _op(_EQUAL, arch, 1, 0), _op(_RETURN, _KILL), _op(_LOAD, _NUMBER)]
    if machine == "x86_64":  # the x32 way in has other numbers for the same calls
        parts += [_op(_AT_LEAST, 0x40000000, 0, 1), _op(_RETURN, _KILL)]
    guards = _guards(cuda=cuda, writes_held=writes_held, forks=forks)
    for name, number in _table(_GUARDED + (_CUDA_GUARDED if cuda else ""), column).items():
        block = guards[name]
        parts += [_op(_EQUAL, number, 0, len(block) // 8), block]
    for number in _table(_ALLOWED + (_CUDA if cuda else "") + (_FORKS if forks else ""), column).values():
        parts += [_op(_EQUAL, number, 0, 1), _op(_RETURN, _ALLOW)]
    parts += [_op(_AT_LEAST, _LAST_KNOWN, 0, 1), _refuse(errno.ENOSYS), _refuse()]
    return b"".join(parts)


def build_last(machine: str) -> bytes:
    """Return the program that takes from a fork what only forking needed: with the one that ``build`` makes for ``forks`` it allows
    what the one without does. A filter is compiled by the kernel in each process that puts it on: this one is a twelfth as long.
    """
    column, _ = _MACHINES[machine]
    parts = [_op(_LOAD, _NUMBER)]
    for name, block in {"clone": _only_thread(), "prctl": _one_of(0, _PRCTL)}.items():
        parts += [_op(_EQUAL, _table(_GUARDED, column)[name], 0, len(block) // 8), block]
    for number in _table(_FORKS, column).values():
        parts += [_op(_EQUAL, number, 0, 1), _refuse()]
    return b"".join([*parts, _op(_RETURN, _ALLOW)])
