"""The engine of many machines: tasks on a Dask cluster. The cluster is only where work is done; the store stays the queue.

What goes out and comes back is JSON. A worker that dies has its task done by another; a scheduler that dies ends the run, and the next
run does what is missing.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import queue
import secrets
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from grader import __version__
from grader.batch import remote
from grader.batch.engine import Job, Result, Setup, grade_from, job_record, setup_record
from grader.errors import CourseError, GraderFault

SCHEMES = {"dask": "tcp", "dask+tls": "tls"}
GPU = "GPU"  # the resource of workers that have one: dask worker --resources "GPU=1"
PLAIN = ["dask", "msgpack"]  # how a value may come back: as bytes, not as a pickle
_TICK = 1.0
_CONNECT = 15.0


class DaskEngine:
    """Grades on the cluster whose scheduler is at *address*. Raises CourseError if nobody answers there."""

    def __init__(self, setup: Setup, address: str, suite_hash: str, *, unsafe: bool = False) -> None:
        record = {**setup_record(setup), "hash": suite_hash, "kit": __version__, "unsafe": unsafe}
        self._setup = json.dumps(record, sort_keys=True)
        self._address = address
        self._client = _connected(address)
        self._run = secrets.token_hex(4)
        self._number = 0
        self._jobs: dict[str, tuple[Job, Any]] = {}
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()

    @property
    def slots(self) -> int:
        """How many jobs the cluster does at once, now."""
        return sum(self._client.nthreads().values())

    @property
    def devices(self) -> int:
        """How many workers have a GPU, now."""
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        return sum(worker.get("resources", {}).get(GPU, 0) > 0 for worker in workers)

    def submit(self, job: Job) -> None:
        self._number += 1
        key = f"grade-{self._run}-{self._number}"  # says nothing of a student: keys are shown on the dashboard
        resources = {GPU: 1} if job.only else None
        text = json.dumps(job_record(job))
        future = self._client.submit(remote.grade, self._setup, text, key=key, pure=False, resources=resources)
        self._jobs[key] = (job, future)
        future.add_done_callback(self._done.put)

    def results(self) -> Iterator[Result | None]:
        while self._jobs:
            try:
                future = self._done.get(timeout=_TICK)
            except queue.Empty:
                self._still_there()
                yield None
                continue
            if future.key in self._jobs:
                yield self._result(self._jobs.pop(future.key)[0], future)

    def _result(self, job: Job, future: Any) -> Result:
        if future.status == "cancelled":  # the scheduler is gone, or somebody cancelled it there
            self._still_there()
            return Result(job, None, lost="cancelled at the scheduler")
        if future.status != "finished":  # the words are a pickle: not read
            return Result(job, None, lost="the workers that had it died")
        try:
            answer: dict[str, Any] = json.loads(future.result(timeout=_CONNECT))
        except Exception as error:  # a worker that dies between its answer and our asking for it, say
            self._still_there()
            return Result(job, None, lost=f"its answer was lost: {type(error).__name__}")
        if "error" in answer:
            kind = CourseError if answer["error"] == "course" else GraderFault
            raise kind(answer["en"], zh=answer["zh"])
        if "lost" in answer:
            return Result(job, None, lost=answer["lost"])
        return Result(job, grade_from(answer["grade"]), answer["loaded"])

    def _still_there(self) -> None:
        if self._client.status != "running":
            raise GraderFault(
                f"the scheduler at {self._address} went away; what was graded is stored. Start it, and run the same command again",
                zh=f"{self._address} 的调度器断开了；已批改的都已保存。请重新启动它，再运行同一命令",
            )

    def close(self) -> None:
        """Cancel what is under way and leave the cluster as it was; its workers end the judges of what was cancelled."""
        with contextlib.suppress(Exception):  # of a scheduler that is gone nothing can be asked
            if self._jobs and self._client.status == "running":
                self._client.cancel([future for _, future in self._jobs.values()], force=True)
        self._jobs.clear()
        with contextlib.suppress(Exception):
            self._client.close(timeout=5)


def _connected(address: str) -> Any:  # the library has no types that mypy could use
    try:
        distributed: Any = importlib.import_module("distributed")
    except ModuleNotFoundError:
        text = "grading on a cluster needs Dask; type: pip install distributed"
        raise CourseError(text, zh="在集群上批改需要 Dask；请运行：pip install distributed") from None
    parts = urlsplit(address)
    try:
        protocol, port = SCHEMES[parts.scheme], parts.port
    except (KeyError, ValueError):
        protocol, port = "", None
    if not protocol or not parts.hostname or port is None:
        raise CourseError(f"{address}: not a scheduler's address; write dask://HOST:PORT or dask+tls://HOST:PORT")
    security = distributed.Security(require_encryption=True) if protocol == "tls" else None
    where = f"{protocol}://{parts.hostname}:{port}"
    try:
        socket.create_connection((parts.hostname, port), _CONNECT).close()  # Dask's own client would go on trying
        return distributed.Client(where, timeout=_CONNECT, set_as_default=False, security=security, deserializers=PLAIN)
    except (OSError, TimeoutError, ValueError, RuntimeError) as error:
        text = f"no scheduler answers at {address} ({type(error).__name__}); start one with 'dask scheduler', and workers beside it"
        raise CourseError(text, zh=f"{address} 没有调度器应答（{type(error).__name__}）；请先运行 'dask scheduler' 和若干 worker") from None
