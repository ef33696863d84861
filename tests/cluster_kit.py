"""A real Dask cluster on loopback: a scheduler and worker processes, any of which a test may kill."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from batch_kit import descendants, environment


class Cluster:
    """One scheduler and its workers. ``address`` is what ``--engine`` takes."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self.workers: list[subprocess.Popen[bytes]] = []
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.scheduler = self._start_scheduler()

    @property
    def address(self) -> str:
        return f"dask://127.0.0.1:{self.port}"

    def _start_scheduler(self) -> subprocess.Popen[bytes]:
        process = self._dask("scheduler", "--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard", "--no-show")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.2):
                return process
            assert process.poll() is None, self._log.read_text()
            time.sleep(0.1)
        raise AssertionError("the scheduler does not answer")

    def _dask(self, *words: str, **variables: str) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "dask", *words]
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment(**variables), cwd=self._log.parent
            )

    def start_worker(self, *, gpu: bool = False, **variables: str) -> subprocess.Popen[bytes]:
        """Start a worker process with one thread, without a nanny; labelled where it is to have a GPU."""
        label = ["--resources", "GPU=1"] if gpu else []
        words = ("worker", f"tcp://127.0.0.1:{self.port}", "--nthreads", "1", "--no-nanny", "--no-dashboard", *label)
        self.workers.append(self._dask(*words, **variables))
        return self.workers[-1]

    def restart_scheduler(self) -> None:
        self.scheduler = self._start_scheduler()

    def kill_scheduler(self) -> None:
        self.scheduler.send_signal(signal.SIGKILL)
        self.scheduler.wait()

    def judges(self) -> list[int]:
        """Return the processes below the workers."""
        return [pid for worker in self.workers if worker.poll() is None for pid in descendants(worker.pid)]

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


def gone(pids: list[int], wait: float = 10.0) -> bool:
    """Return whether none of *pids* is left after a moment to end."""
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline:
        if not any(_alive(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z" and os.path.exists(f"/proc/{pid}")
