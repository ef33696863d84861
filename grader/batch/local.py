"""The engine of this machine: some judges, each a process of its own; one that dies is replaced."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grader.batch.engine import Job, Result, Setup, grade_from, job_record, setup_record
from grader.errors import CourseError, GraderFault

_HOME = str(Path(__file__).resolve().parent.parent.parent)
_TICK = 1.0
_STARTS = 3  # judges in a row that end before they are ready


def judge_command() -> list[str]:
    """Return the command that starts a judge, wherever the kit lies."""
    return [sys.executable, "-P", "-c", f"import sys; sys.path.append({_HOME!r}); from grader.batch.judging import main; main()"]


class _Judge:
    """The parent's end of one judge."""

    def __init__(self, setup: Setup, inbox: queue.SimpleQueue[tuple[_Judge, bytes | None]], processor: int | None) -> None:
        self.processor = processor
        self.job: Job | None = None
        self.ready = False
        self.shared = False
        self.longest = 0.0
        self.deadline = float("inf")
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the judge
        self._process = subprocess.Popen(
            judge_command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, start_new_session=True
        )
        if processor is not None and sys.platform == "linux":
            with contextlib.suppress(OSError):  # the processor was taken from us meanwhile, or the judge has ended already
                os.sched_setaffinity(self._process.pid, {processor})
        self._listener = threading.Thread(target=self._listen, args=(inbox,), daemon=True)
        self._listener.start()
        self._send({"parent": os.getpid(), "setup": setup_record(setup)})

    def _listen(self, inbox: queue.SimpleQueue[tuple[_Judge, bytes | None]]) -> None:
        assert self._process.stdout is not None
        with contextlib.suppress(OSError, ValueError), self._process.stdout as lines:
            for line in lines:
                if line.endswith(b"\n"):  # half a line is what a judge was killed in
                    inbox.put((self, line))
        inbox.put((self, None))

    def _send(self, record: Any) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # a judge that is gone says so by its closed pipe
            self._process.stdin.write(json.dumps(record).encode() + b"\n")
            self._process.stdin.flush()

    def give(self, job: Job, shared: bool) -> None:
        self.job, self.shared = job, shared
        self.deadline = time.monotonic() + self.longest
        self._send(job_record(job))

    def ended(self) -> str:
        """Return how the judge ended, in a few words."""
        code = self._process.wait()
        self._errors.seek(0)
        said = self._errors.read()[-2000:].decode("utf-8", "replace").strip().splitlines()
        how = f"by {signal.Signals(-code).name}" if code < 0 else f"with status {code}"
        return f"the judge ended {how}" + (f": {said[-1]}" if said else "")

    def kill(self) -> None:
        """End the judge and its fork at once; the wall's processes follow by themselves."""
        with contextlib.suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()

    def hang_up(self) -> None:
        """Let the judge end by itself, with all that it started."""
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()

    def close(self, wait: float = 3.0) -> None:
        """End the judge and wait for it."""
        self.hang_up()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(wait)
        self.kill()
        self._process.wait()
        self._listener.join(wait)
        self._errors.close()


class LocalEngine:
    """Up to *workers* judges on this machine, started when there is work for them."""

    def __init__(self, setup: Setup, workers: int) -> None:
        self._setup = setup
        self._workers = workers
        self._processors = _processors(workers)
        self._inbox: queue.SimpleQueue[tuple[_Judge, bytes | None]] = queue.SimpleQueue()
        self._waiting: deque[Job] = deque()
        self._judges: list[_Judge] = []
        self._failed_starts = 0

    def submit(self, job: Job) -> None:
        self._waiting.append(job)
        self._dispatch()

    def results(self) -> Iterator[Result | None]:
        while self._waiting or self._busy():
            self._dispatch()
            try:
                judge, line = self._inbox.get(timeout=_TICK)
            except queue.Empty:
                self._end_hanging()
                yield None
                continue
            result = self._gone(judge) if line is None else self._heard(judge, json.loads(line))
            if result is not None:
                yield result

    def _busy(self) -> list[_Judge]:
        return [judge for judge in self._judges if judge.job is not None]

    def _dispatch(self) -> None:
        """Give waiting jobs to idle judges, and start more judges while there is work for them."""
        idle = [judge for judge in self._judges if judge.job is None]
        for judge in idle:
            if judge.ready and self._waiting:
                job = self._waiting.popleft()
                others = self._busy()
                for other in others:
                    other.shared = True
                judge.give(job, bool(others) or _loaded())
        coming = sum(not judge.ready for judge in self._judges)
        for _ in range(min(len(self._waiting) - coming, self._workers - len(self._judges))):
            taken = {judge.processor for judge in self._judges}
            processor = next((number for number in self._processors if number not in taken), None)
            self._judges.append(_Judge(self._setup, self._inbox, processor))

    def _heard(self, judge: _Judge, message: dict[str, Any]) -> Result | None:
        if "error" in message:
            kind = CourseError if message["error"] == "course" else GraderFault
            raise kind(message["en"], zh=message["zh"])
        if "ready" in message:
            judge.ready, judge.longest, self._failed_starts = True, message["ready"], 0
            self._dispatch()
            return None
        job, judge.job = judge.job, None
        judge.deadline = float("inf")
        self._dispatch()  # first the next one, then whatever is done with this
        if job is None:
            return None
        if "lost" in message:
            return Result(job, None, judge.shared, message["lost"])
        return Result(job, grade_from(message["grade"]), judge.shared)

    def _gone(self, judge: _Judge) -> Result | None:
        if judge not in self._judges:
            return None
        self._judges.remove(judge)
        why = judge.ended()
        judge.close()
        if not judge.ready:
            self._failed_starts += 1
            if self._failed_starts >= _STARTS:
                raise GraderFault(f"no judge could be started: {why}; `grade doctor` says what is missing")
        return Result(judge.job, None, judge.shared, why) if judge.job is not None else None

    def _end_hanging(self) -> None:
        for judge in self._judges:
            if time.monotonic() > judge.deadline:
                judge.kill()

    def close(self) -> None:
        """End every judge; nothing of them is left when this returns."""
        self._waiting.clear()
        for judge in self._judges:
            if judge.job is None:
                judge.hang_up()
            else:
                judge.kill()  # nobody waits for what it is grading
        while self._judges:
            self._judges.pop().close()


def _processors(workers: int) -> list[int]:
    """Return a processor for each of *workers* where there are just as many, else none.

    A judge and the workers that it questions take turns: on one processor they wake each other without a call across, and find its caches
    warm. Where processors are left over they are better used by letting the two overlap.
    """
    mine = sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else []
    return mine if len(mine) == workers else []


def _loaded() -> bool:
    """Return whether the machine has more to do than it has processors."""
    return hasattr(os, "getloadavg") and os.getloadavg()[0] > (os.cpu_count() or 1)
