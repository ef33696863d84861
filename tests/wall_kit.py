"""Run snippets sealed, on a tier of the wall, each in a child of one clean process: as the zygote does, and nothing else of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from grader import wall

PACKAGE = Path(wall.__file__).resolve().parent.parent
WALLS = ("tier1", "tier1-user-namespaces", "tier2", "tier1-embryo", "tier2-embryo")

BOOT = r"""
import json, os, select, signal, sys, time
sys.path.append(sys.argv[1])
job = json.loads(sys.stdin.buffer.read())
from grader.worker import seal
from grader.worker.zygote import preload
preload(job["preload"], job["site"])
sys.path.extend(job["site"])
if job["policy"] is not None:
    seal.prepare(job["policy"])
results = {}
for name, source in job["snippets"].items():
    reading, writing = os.pipe()
    hearing, telling = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(writing, 1)
        os.dup2(writing, 2)
        layers = []
        if job["embryo"]:
            os.dup2(telling, 3)
            layers = seal.seal({**job["policy"], "keep": [3], "forks": True})
            born = seal.cloner()()
            if born:
                os.write(3, b"%d" % born)
                os._exit(0)
            seal.finish({**job["policy"], "keep": []})
        elif job["policy"] is not None:
            layers = seal.seal({**job["policy"], "keep": []})
        names = dict(job["names"], layers=layers, zygote=os.getppid())
        try:
            exec(compile(source, name, "exec"), names)
            answer = repr(names.get("answer"))
        except OSError as error:
            import errno
            answer = errno.errorcode.get(error.errno, str(error.errno))
        except BaseException as error:
            answer = f"{type(error).__name__}: {error}"
        os.write(1, b"\0" + answer.encode("utf-8", "replace"))
        os._exit(0)
    os.close(writing)
    os.close(telling)
    if job["embryo"]:
        born = os.read(hearing, 20)
        if born:
            os.waitpid(pid, 0)
            pid = int(born)
    os.close(hearing)
    said, end = b"", time.monotonic() + job["seconds"]
    while True:
        ready = select.select([reading], [], [], max(0, end - time.monotonic()))[0]
        data = os.read(reading, 65536) if ready else b""
        if not data:
            break
        said += data
    late = not ready
    if late:
        os.kill(pid, signal.SIGKILL)
    os.close(reading)
    status = os.waitpid(pid, 0)[1]
    printed, _, answer = said.decode("utf-8", "replace").rpartition("\0")
    code = os.waitstatus_to_exitcode(status)
    results[name] = {"answer": answer, "printed": printed, "late": late, "signal": -code if code < 0 else 0, "exit": code}
print(json.dumps(results))
"""


@dataclass(frozen=True)
class Result:
    """What became of a snippet: its ``answer`` as repr or an errno's name, and how its process ended."""

    answer: str
    printed: str
    late: bool
    signal: int
    exit: int


class WithEmbryo(wall.Wall):
    """A wall behind which snippets run in forks of a process that is sealed already."""


def build(name: str) -> wall.Wall:
    """Return the wall *name*, or mark the test loudly as not run when this machine cannot build it."""
    tier = 2 if name.startswith("tier2") else 1
    found = wall.probe(tier)
    if found.tier != tier:
        pytest.skip(f"NOT RUN, THE WALL IS UNPROVEN HERE: no tier {tier}: {found.reason}; {found.remedy}")
    if name == "tier1-user-namespaces":
        layers = tuple("user-namespaces" if layer == "namespaces" else layer for layer in found.layers)
        found = wall.Wall(1, layers, found.reason, found.remedy)
    if name.endswith("-embryo"):
        found = WithEmbryo(tier, found.layers, found.reason, found.remedy)
    return found


def sealed(
    the_wall: wall.Wall,
    snippets: Mapping[str, str],
    *,
    packages: Sequence[str] = (),
    preload: Sequence[str] = (),
    memory: int | None = 1024,
    cpu: float = 5,
    seconds: float = 10,
    names: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
) -> dict[str, Result]:
    """Run each of *snippets* in a sealed child behind *the_wall*; a snippet's ``answer`` comes back.

    ``changes`` replaces parts of the policy.
    """
    policy = {**wall.policy(the_wall, memory_mib=memory, cpu=cpu, packages=packages), **(changes or {})}
    site = [path for path in sys.path if path.endswith("site-packages")] if packages or preload else []
    job = {"snippets": dict(snippets), "policy": policy, "names": dict(names or {}), "seconds": seconds, "site": site}
    job["preload"], job["embryo"] = list(preload), isinstance(the_wall, WithEmbryo) and not policy.get("cuda")
    command = wall.command(the_wall, [sys.executable, "-s", "-P", "-S", "-c", BOOT, str(PACKAGE.parent)], read=[PACKAGE])
    done = subprocess.run(
        command,
        input=json.dumps(job).encode(),
        capture_output=True,
        env=wall.environment(the_wall),
        cwd="/",
        timeout=120,
        check=False,
        start_new_session=True,
    )
    assert done.returncode == 0, done.stderr.decode()
    return {name: Result(**result) for name, result in json.loads(done.stdout).items()}


def numbers(table: str) -> dict[str, int]:
    """Read ``name:x86_64:aarch64`` words; return this machine's numbers."""
    column = {"x86_64": 0, "aarch64": 1}[os.uname().machine]
    rows = (word.split(":") for word in table.split())
    return {name: int(found[column]) for name, *found in rows if int(found[column]) >= 0}
