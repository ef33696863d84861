"""``grade run``: grade a class; a second run grades only what is new or changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.cli.speak import emit, language, pick, say

if TYPE_CHECKING:
    from grader.batch.engine import Engine, Setup
    from grader.batch.originals import Originals
    from grader.batch.plan import Scheme
    from grader.gradebook.store import Gradebook
    from grader.model import Assignment

GRADED, OURS = 0, 3


@click.command(
    help="Grade a folder with one folder, zip, tar or notebook per student. Exit 0: graded (or refused), 3: a fault of ours."
    " / 批改一个文件夹：每个学生一个文件夹、zip、tar 或笔记本。退出码 0：已批改（或拒收）；3：工具故障。"
)
@click.argument("hw")
@click.argument("submissions", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--store", default=None, help="File or postgresql:// URL (grades.sqlite). / 成绩库：文件或 postgresql:// 地址。")
@click.option("--workers", type=click.IntRange(1, 256), default=None, help="Judges at once (one per core). / 同时批改的数目（每核一个）。")
@click.option("--engine", default="local", help="What grades: local. / 由谁批改：local。")
@click.option("--regrade", is_flag=True, help="Grade the recorded originals with today's suite. / 用现在的测试重新批改已存的原始提交。")
@click.option("--yes", is_flag=True, help="Write a regrade without asking. / 重新批改后直接写入，不再询问。")
@click.option("--unsafe", is_flag=True, help="Grade even behind a weak wall. / 隔离较弱时也批改。")
@click.option("--json", "as_json", is_flag=True, help="One JSON line on stdout per attempt. / 每次批改在 stdout 上输出一行 JSON。")
def command(
    *,
    hw: str,
    submissions: Path | None,
    store: str | None,
    workers: int | None,
    engine: str,
    regrade: bool,
    yes: bool,
    unsafe: bool,
    as_json: bool,
) -> int:
    from grader import manifest
    from grader.gradebook import open_store

    _check_arguments(hw, submissions, regrade, engine)
    root = _root()
    assignment = manifest.find(hw, root)
    setup = _setup(assignment, unsafe)
    with _terminated_like_interrupted(), open_store(store or root / "grades.sqlite") as book:
        scheme, originals = _scheme(setup, root), _originals(book, root)
        wanted = workers or _cores()
        if regrade:
            return _regrade(scheme, book, originals, workers=wanted, yes=yes, as_json=as_json)
        assert submissions is not None
        return _grade(scheme, book, originals, submissions, workers=wanted, as_json=as_json)


def _check_arguments(hw: str, submissions: Path | None, regrade: bool, engine: str) -> None:
    from grader.errors import CourseError

    if engine != "local":
        raise CourseError(f"no engine {engine!r}; known: local", zh=f"没有批改引擎 {engine!r}；可用：local")
    if submissions is None and not regrade:
        raise CourseError(
            f"which folder holds the hand-ins? Type: grade run {hw} FOLDER", zh=f"提交放在哪个文件夹？请运行：grade run {hw} 文件夹"
        )
    if submissions is not None and regrade:
        raise CourseError(
            "--regrade takes the recorded originals; leave the folder out", zh="--regrade 使用已存的原始提交；请不要再给文件夹"
        )
    if submissions is not None and not submissions.is_dir():
        raise CourseError(f"{submissions}: no such folder", zh=f"{submissions}：没有这个文件夹")


def _root() -> Path:
    from grader import manifest
    from grader.errors import CourseError

    root = manifest.course_root(Path.cwd())
    if root is None:
        raise CourseError(
            "no assignments/ here or above; go into the course repository", zh="这里和上级目录都没有 assignments/；请进入课程仓库"
        )
    return root


def _setup(assignment: Assignment, unsafe: bool) -> Setup:
    """Probe the wall. Raises CourseError where a hidden suite would run behind one that is too weak."""
    from grader import wall
    from grader.batch.engine import Setup
    from grader.errors import CourseError

    built = wall.probe()
    say(f"wall: tier {built.tier} ({built.words})", f"隔离墙：第 {built.tier} 级（{built.words}）")
    if built.tier > 2 and not unsafe:
        raise CourseError(
            f"hidden checks do not run behind a wall of tier {built.tier}: {built.reason}; 'grade doctor' says how to get a better one, "
            "--unsafe grades all the same",
            zh=f"隔离墙只有第 {built.tier} 级，不运行隐藏测试：{built.reason}；'grade doctor' 会说明怎么改进，--unsafe 则照样批改",
        )
    return Setup(assignment, ("public", "hidden"), built, cuda=_cuda(assignment))


def _cuda(assignment: Assignment) -> bool:
    """Return whether a check asks for a CUDA device and torch finds one; torch is asked in a process of its own."""
    import subprocess
    import sys

    if all(rule.device == "cpu" for rule in assignment.rules) or not any(Path("/dev").glob("nvidia[0-9]*")):
        return False
    asked = [sys.executable, "-c", "import torch; raise SystemExit(not torch.cuda.is_available())"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def _scheme(setup: Setup, root: Path) -> Scheme:
    from grader.batch.plan import Scheme
    from grader.judge import course_key

    return Scheme.of(setup, course_key(root))


def _originals(book: Gradebook, root: Path) -> Originals:
    from grader.batch.originals import FOLDER, Originals

    home = Path(book.label).parent if "://" not in book.label else root
    return Originals(home / FOLDER)


def _engine(setup: Setup, workers: int) -> Engine:
    from grader.batch.local import LocalEngine

    return LocalEngine(setup, workers)


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Turn SIGTERM into what Ctrl-C is, so that both leave nothing running."""
    import signal

    def stop(_number: int, _frame: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _grade(scheme: Scheme, book: Gradebook, originals: Originals, folder: Path, *, workers: int, as_json: bool) -> int:
    from grader import reports
    from grader.batch.classrun import ClassRun
    from grader.batch.plan import hand_ins
    from grader.cli import run_view

    entries = hand_ins(folder, scheme)
    engine = _engine(scheme.setup, min(workers, len(entries)))
    run = ClassRun(scheme, book, originals, engine, ahead=max(16, 8 * workers))
    view = run_view.View(len(entries), language())
    with view:
        for step in run.steps(entries):
            view.saw(step)
            if as_json and step.grade is not None:
                emit(reports.to_json(step.grade, language()))
    view.table(book.summaries(scheme.setup.assignment.name))
    return OURS if view.count("fault") else GRADED


def _regrade(scheme: Scheme, book: Gradebook, originals: Originals, *, workers: int, yes: bool, as_json: bool) -> int:
    from grader import reports
    from grader.batch import regrade
    from grader.batch.plan import recorded
    from grader.cli import run_view
    from grader.errors import CourseError

    name = scheme.setup.assignment.name
    attempts = book.attempts(name)
    entries, missing = recorded(attempts, originals, scheme)
    done = book.known(name)
    new = [entry for entry in entries if entry.work not in done]
    for attempt in missing:
        who, number = attempt.grade.student, attempt.number
        say(f"{who}, attempt {number}: the original was not kept here; not regraded", f"{who} 第 {number} 次：没有原始提交，无法重新批改")
    if not new:
        say("nothing to regrade: today's suite has graded every original", "没有需要重新批改的：现在的测试已批改过全部原始提交")
        return GRADED
    engine = _engine(scheme.setup, min(workers, len(new)))
    view = run_view.View(len(new), language())
    found = []
    try:
        with view:
            for change in regrade.changes(new, attempts, scheme, engine):
                view.tick(change is not None)
                if change is not None:
                    found.append(change)
    finally:
        engine.close()
    found.sort(key=lambda change: (change.entry.student, change.handed_in))
    view.changes(found)
    if not yes and not (run_view.interactive() and click.confirm(pick("Write these attempts?", "写入这些批改结果？"), err=True)):
        if run_view.interactive():
            say("nothing was written", "没有写入")
            return GRADED
        raise CourseError("nothing was written; the same command with --yes writes it", zh="没有写入；加上 --yes 再运行一次即可写入")
    for grade in regrade.write(found, book):
        if as_json:
            emit(reports.to_json(grade, language()))
    say(f"wrote {len(found)} attempts; manual marks are as they were", f"已写入 {len(found)} 次批改；人工评分没有改变")
    return OURS if any(change.after.status == "fault" for change in found) else GRADED
