"""Collect a suite with pytest, validate it, and do the work in the place of pytest's own loop."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest

from grader import manifest
from grader.errors import CourseError, GraderFault, SuiteError, near
from grader.judge.bench import Bench, Check
from grader.model import Assignment
from grader.seeds import suite_folders
from grader.student.process import Starter

T = TypeVar("T")
QUIET = (  # plugins of pytest that a judge has no use for; each costs time at the start
    *("terminal", "cacheprovider", "junitxml", "doctest", "unittest", "pastebin", "stepwise", "setuponly", "setupplan"),
    *("faulthandler", "legacypath", "logging", "debugging", "unraisableexception", "threadexception"),
)


def validate(bench: Bench) -> None:
    """Refuse a suite whose points do not add up to its stages', or that is empty."""
    for suite in bench.suites:
        checks = [check for check in bench.checks if check.id.startswith(f"{suite}/")]
        if not checks:
            raise SuiteError(f"{bench.assignment.name}: the {suite} suite has no checks")
        for stage in bench.assignment.stages:
            due = getattr(stage, suite)
            has = sum(check.points for check in checks if check.stage == stage.name)
            if abs(due - has) > 1e-6:
                what = f"the {suite} checks of stage {stage.name!r} add up to {has:g} points"
                raise SuiteError(f"{bench.assignment.name}: {what}; {manifest.FILE_NAME} says {due:g}")


class _Loop:
    """Calls ``work`` in the place of pytest's own loop, when everything is collected."""

    def __init__(self, bench: Bench, work: Callable[[Bench], Any]) -> None:
        self._bench = bench
        self._work = work
        self.result: Any = None
        self.ran = False
        self.error: BaseException | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        try:
            if self._bench.faults:
                raise SuiteError("; ".join(self._bench.faults))
            self._bench.collected(session.items)
            validate(self._bench)
            self.result = self._work(self._bench)
            self.ran = True
        except BaseException as error:
            self.error = error
        return True


def with_suite(
    assignment: Assignment,
    suites: Sequence[str],
    starter: Callable[[], Starter],
    work: Callable[[Bench], T],
    *,
    cuda: bool = False,
) -> T:
    """Collect *suites* with pytest and return ``work(bench)``. Raises SuiteError for a suite that breaks the rules."""
    bench = Bench(assignment, suites, starter, cuda)
    loop = _Loop(bench, work)
    folders = suite_folders(assignment, suites)
    for folder in folders.values():
        if not folder.is_dir():
            raise SuiteError(f"{assignment.name}: no folder {folder}")
    root = Path(os.path.commonpath([assignment.folder, *folders.values()]))
    arguments = [
        *(str(folder) for folder in folders.values()),
        *(part for name in QUIET for part in ("-p", f"no:{name}")),
        "-c", os.devnull, f"--rootdir={root}", "--noconftest", "--import-mode=importlib", "--capture=sys", "--strict-markers",
    ]  # fmt: skip
    kept = {name: os.environ.pop(name, None) for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DEBUG")}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    paths = [str(folder) for folder in folders.values()]
    sys.path[:0] = paths
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            code = pytest.main(arguments, plugins=[bench, loop])
    finally:
        for path in paths:
            sys.path.remove(path)
        _forget([assignment.folder, *folders.values()])
        os.environ.update({name: value for name, value in kept.items() if value is not None})
    if loop.error is not None:
        raise loop.error
    if code == pytest.ExitCode.INTERRUPTED:  # Ctrl-C while the suite was collected
        raise KeyboardInterrupt
    if bench.faults:
        raise SuiteError("; ".join(bench.faults))
    if not loop.ran:
        raise GraderFault(f"pytest ended with {code!r}: {said.getvalue().strip()[-500:]}")
    return loop.result  # type: ignore[no-any-return]


def _forget(folders: Iterable[Path]) -> None:
    """Drop the modules of a suite, so that another assignment's of the same name is not taken for them."""
    inside = tuple(f"{folder}{os.sep}" for folder in folders)
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(inside):
            del sys.modules[name]


def stage_only(bench: Bench, stage: str) -> Callable[[Check], bool]:
    """Return a filter for one stage. Raises CourseError with the nearest name."""
    names = sorted({check.stage for check in bench.checks})
    if stage not in names:
        hint, zh = near(stage, names)
        raise CourseError(f"{bench.assignment.name} has no stage {stage!r}{hint}", zh=f"{bench.assignment.name} 没有阶段 {stage!r}{zh}")
    return lambda check: check.stage == stage
