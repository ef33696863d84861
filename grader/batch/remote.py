"""What runs on a worker of the cluster: judges of its own, behind its own wall, and plain records back.

A task is two JSON texts and its answer is one. A task that nobody waits for any more ends with its judge's whole process group.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from grader import __version__, wall
from grader.batch.engine import Job, Result, Setup, grade_record, job_from, setup_from
from grader.batch.local import LocalEngine
from grader.errors import CourseError, GraderFault
from grader.seeds import suite_hash

COURSE = "GRADE_COURSE"  # on a worker: where its copy of the course lies, if not where the run's does
_KEPT = 4  # idle judges of other set-ups that a worker keeps
_WANTED = ("executing", "long-running")


@dataclass
class Judges:
    """The judges of one worker: each has one job at a time; those without a job wait here."""

    idle: list[tuple[str, LocalEngine]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, name: str, setup: dict[str, Any]) -> LocalEngine:
        """Return a judge for the set-up *name*, a new one if none is free."""
        with self.lock:
            for place, (known, engine) in enumerate(self.idle):
                if known == name:
                    del self.idle[place]
                    return engine
        return LocalEngine(here(setup), 1)

    def give_back(self, name: str, engine: LocalEngine) -> None:
        with self.lock:
            self.idle.append((name, engine))
            old = [other for known, other in self.idle if known != name][:-_KEPT]
            self.idle = [pair for pair in self.idle if pair[1] not in old]
        for other in old:
            other.close()


def grade(setup: str, job: str) -> bytes:
    """Grade *job*, a task on a Dask worker; never raises, so that nothing but plain JSON goes back."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def wanted() -> bool:
        task = worker.state.tasks.get(key)
        return task is not None and task.state in _WANTED

    judges: Judges = vars(worker).setdefault("_grade_judges", Judges())
    try:
        result = _graded(judges, setup, job_from(json.loads(job)), wanted)
    except (CourseError, GraderFault) as error:
        kind = "course" if isinstance(error, CourseError) else "fault"
        return json.dumps({"error": kind, "en": error.in_language("en"), "zh": error.in_language("zh")}).encode()
    except Exception as error:
        return json.dumps({"lost": f"{socket.gethostname()}: {type(error).__name__}: {error}"}).encode()
    if result.grade is None:
        return json.dumps({"lost": f"{socket.gethostname()}: {result.lost}"}).encode()
    return json.dumps({"grade": grade_record(result.grade), "loaded": result.loaded}).encode()


def _graded(judges: Judges, setup: str, job: Job, wanted: Callable[[], bool]) -> Result:
    record = json.loads(setup)
    record["cuda"] = bool(job.only)  # what waited for a device comes to a worker that has one
    name = f"{setup} {record['cuda']}"
    engine = judges.take(name, record)
    try:
        engine.submit(job)
        for result in engine.results():
            if result is not None:
                judges.give_back(name, engine)
                return result
            if not wanted():
                break
    except BaseException:
        engine.close()
        raise
    engine.close()
    return Result(job, None, lost="nobody waits for it any more")


def here(record: dict[str, Any]) -> Setup:
    """Return the set-up as this machine has it: its own copy of the course, its own wall.

    Raises CourseError, with the machine's name, where the course is missing or another version, or the wall too weak.
    """
    host = socket.gethostname()
    if record["kit"] != __version__:
        raise CourseError(f"{host}: has version {__version__} of the kit, and the run {record['kit']}; install the same on both")
    root = os.environ.get(COURSE)
    if root:
        name = Path(record["folder"]).name
        record = {**record, "folder": f"{root}/assignments/{name}", "private": f"{root}/solutions/{name}"}
    if not Path(record["folder"]).is_dir():
        raise CourseError(f"{host}: there is no {record['folder']}; copy the course there, or start the worker with {COURSE}=/its/folder")
    setup = replace(setup_from(record), wall=wall.probe())
    if suite_hash(setup.assignment, setup.suites) != record["hash"]:
        raise CourseError(f"{host}: {record['folder']} is another version of the course; bring it up to date (git pull)")
    if setup.wall.tier > 2 and not record["unsafe"]:
        raise CourseError(f"{host}: hidden checks do not run behind a wall of tier {setup.wall.tier}: {setup.wall.reason}")
    return setup
