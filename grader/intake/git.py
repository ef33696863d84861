"""Run git with an environment and settings of ours: no hooks, no filters, no submodules, no prompt, no protocol but one that is named."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from grader.errors import CourseError

SAFE = {
    "core.hooksPath": os.devnull, "core.fsmonitor": "false", "core.pager": "cat", "gc.auto": "0", "protocol.allow": "never",
    "safe.directory": "*", "fetch.recurseSubmodules": "false", "transfer.fsckObjects": "true", "http.followRedirects": "false",
}  # fmt: skip
KEPT = ("PATH", "SYSTEMROOT", "TEMP", "TMP")
REMOTE = ("HOME", "SSH_AUTH_SOCK")  # what a password or key is found by: for talking to a server only
ERRORS = 4096  # bytes of what git says that are looked at


PROTOCOLS = ("https", "http", "ssh", "git", "file")


def protocol_of(url: str) -> str:
    """Return the protocol of a repository's address. Raises CourseError for what is no such address, an option or a command say."""
    scheme = urlsplit(url).scheme if "://" in url else ("ssh" if re.match(r"[\w.-]+@[\w.-]+:", url) else "file")
    if scheme not in PROTOCOLS or url.startswith("-"):
        raise CourseError(f"{url!r} is not the address of a repository; use one of {', '.join(PROTOCOLS)}://")
    return scheme


@dataclass(frozen=True, slots=True)
class Ran:
    """How a git command ended. ``over``: it had more to say than was asked for, and was ended; ``late``: it did not end in time."""

    code: int
    out: bytes
    said: str = ""
    over: bool = False
    late: bool = False


def run(
    arguments: Sequence[str],
    *,
    repo: Path | None = None,
    protocol: str = "",
    cap: int = 1 << 24,
    seconds: float = 60.0,
    megabytes: int | None = None,
    stdin: bytes = b"",
    extra: Mapping[str, str] | None = None,
) -> Ran:
    """Run one git command on the bare repository *repo* and return at most *cap* bytes of what it prints.

    *protocol* is the one that may be spoken, with the user's keys; without it there is no network, and no file of the user's is read.
    *megabytes* bounds each file that git writes. Raises CourseError where git is not installed.
    """
    settings = SAFE | ({f"protocol.{protocol}.allow": "always"} if protocol else {})
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    place = [f"--git-dir={repo}"] if repo is not None else []
    command = ["git", "--no-replace-objects", "--no-optional-locks", *place, *options, *arguments]
    limit = _file_limit(megabytes) if megabytes is not None and os.name == "posix" else None
    with tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as asked:
        asked.write(stdin)
        asked.seek(0)
        try:
            child = subprocess.Popen(
                command, stdin=asked, stdout=subprocess.PIPE, stderr=errors, env=_environment(bool(protocol), extra or {}),
                start_new_session=True, preexec_fn=limit,  # noqa: PLW1509  # sets a limit, and takes no lock
            )  # fmt: skip
        except FileNotFoundError:
            raise CourseError(
                "git is not installed; install it to read and collect pushed work", zh="没有安装 git；请安装后再读取和收集推送的作业"
            ) from None
        out, over, late = _read(child, cap, seconds)
        errors.seek(0)
        return Ran(child.returncode, out, errors.read(ERRORS).decode("utf-8", "replace"), over, late)


def _environment(remote: bool, extra: Mapping[str, str]) -> dict[str, str]:
    kept = {key: os.environ[key] for key in (*KEPT, *(REMOTE if remote else ())) if key in os.environ}
    ours = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1", "LC_ALL": "C"}
    return {**kept, **ours, **({} if remote else {"GIT_CONFIG_GLOBAL": os.devnull, "HOME": os.devnull}), **extra}


def _read(child: subprocess.Popen[bytes], cap: int, seconds: float) -> tuple[bytes, bool, bool]:
    """Return (what was printed, whether there was more, whether time ran out); the whole process group is gone afterwards."""
    late: list[bool] = []

    def expire() -> None:
        late.append(True)
        _end(child)

    timer = threading.Timer(seconds, expire)
    timer.start()
    try:
        assert child.stdout is not None
        with child.stdout as stream:
            out = stream.read(cap)
            over = len(out) >= cap and stream.read(1) != b""
        if over:
            _end(child)
        child.wait()
    finally:
        timer.cancel()
        _end(child)
    return out, over, bool(late)


def _end(child: subprocess.Popen[bytes]) -> None:
    """End git and what it started (a transport, say)."""
    try:
        if os.name == "posix":
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
    except (ProcessLookupError, PermissionError):
        pass


def _file_limit(megabytes: int) -> Callable[[], None]:
    def limit() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (megabytes << 20, megabytes << 20))

    return limit
