"""The system call filters, as programs: run on calls that no kernel is asked for."""

from __future__ import annotations

import errno
import functools
import itertools
import struct

import pytest

from grader.worker import syscalls

ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000
ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
CLONE = {"x86_64": 56, "aarch64": 220}
PRCTL = {"x86_64": 157, "aarch64": 167}
THREAD = 0x3D0F00  # as the C library asks for one
EDGES = (0, 1, 2, 3, 4, 5, 15, 16, 22, 23, 38, 0x11, 0x8011, 0x8012, 0x18011, THREAD, THREAD | 0x8000, 0x10000, 0x5401, 0xFFFFFFFF)


@functools.cache
def steps_of(program: bytes) -> list[tuple[int, ...]]:
    return list(struct.iter_unpack("=HBBI", program))


def verdict(program: bytes, machine: str, number: int, first: int = 0, rest: int = 0) -> int:
    """Return what *program* says of a call; the few instructions that the filters are made of, after the kernel's definition of BPF."""
    call = struct.pack("=IIQ6Q", number, ARCH[machine], 0, first, *[rest] * 5)
    steps = steps_of(program)
    at = held = 0
    while True:
        code, then, otherwise, value = steps[at]
        at += 1
        if code == 0x06:  # return
            return value
        if code == 0x20:  # load a word
            (held,) = struct.unpack_from("=I", call, value)
        elif code == 0x54:  # and
            held &= value
        else:
            holds = {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[code]
            at += then if holds else otherwise


def strictest(*verdicts: int) -> int:
    """Return what the kernel does where several filters are on: kill before refuse before allow."""
    return next((found for kind in (KILL, ERRNO) for found in verdicts if found & 0xFFFF0000 == kind), ALLOW)


@pytest.mark.parametrize("writes_held", [True, False])
@pytest.mark.parametrize("machine", sorted(ARCH))
def test_a_worker_of_an_embryo_may_call_what_any_worker_may(machine: str, writes_held: bool) -> None:
    """The embryo's filter and the short one on top of it, against the one of a worker that the zygote forked."""
    alone = syscalls.build(machine, writes_held=writes_held)
    embryo = syscalls.build(machine, writes_held=writes_held, forks=True)
    last = syscalls.build_last(machine)
    seen = set()
    for number, first, rest in itertools.product([*range(480), 0x40000000, 0x40000038, 0xFFFFFFFF], EDGES, (0, 0x40000)):
        both = strictest(verdict(embryo, machine, number, first, rest), verdict(last, machine, number, first, rest))
        assert both == verdict(alone, machine, number, first, rest), (number, hex(first), rest)
        seen.add(both)
    assert {ALLOW, ERRNO | errno.EPERM, ERRNO | errno.ENOSYS} <= seen


@pytest.mark.parametrize("machine", sorted(ARCH))
def test_the_short_filter_takes_the_fork_and_leaves_the_thread(machine: str) -> None:
    embryo, last = syscalls.build(machine, forks=True), syscalls.build_last(machine)
    assert verdict(embryo, machine, CLONE[machine], syscalls.FORK_FLAGS) == ALLOW
    assert verdict(last, machine, CLONE[machine], syscalls.FORK_FLAGS) == ERRNO | errno.EPERM
    assert verdict(last, machine, CLONE[machine], THREAD) == ALLOW
    assert verdict(embryo, machine, PRCTL[machine], 1) == ALLOW  # PR_SET_PDEATHSIG
    assert verdict(last, machine, PRCTL[machine], 1) == ERRNO | errno.EPERM
    assert len(last) * 10 < len(embryo)


def test_a_call_of_another_machine_is_the_end() -> None:
    assert verdict(syscalls.build("x86_64"), "aarch64", 0) == KILL
    assert verdict(syscalls.build("x86_64"), "x86_64", 0x40000000) == KILL  # x32
    with pytest.raises(OSError, match="riscv64"):
        syscalls.build("riscv64")
