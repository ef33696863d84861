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
    from grader.batch.engine import Setup
    from grader.batch.originals import Originals
    from grader.batch.plan import Entry, Scheme
    from grader.batch.regrade import Change
    from grader.cli.run_engine import Chosen
    from grader.cli.run_view import View
    from grader.gradebook import Attempt
    from grader.gradebook.store import Gradebook

GRADED, OURS = 0, 3


@click.command(
    help="Grade a folder with one folder, zip, tar or notebook per student. Exit 0: graded (or refused), 3: a fault of ours."
    " / 批改一个文件夹：每个学生一个文件夹、zip、tar 或笔记本。退出码 0：已批改（或拒收）；3：工具故障。"
)
@click.argument("hw")
@click.argument("submissions", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--store", default=None, help="File or postgresql:// URL (grades.sqlite). / 成绩库：文件或 postgresql:// 地址。")
@click.option("--workers", type=click.IntRange(1, 256), default=None, help="Judges at once (one per core). / 同时批改的数目（每核一个）。")
@click.option("--engine", default="local", help="What grades: local, dask://HOST:PORT. / 由谁批改：local、dask://HOST:PORT。")
@click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", help="Where checks run that may use a GPU. / 用什么设备。"
)
@click.option("--pending", is_flag=True, help="Only the checks that waited for a GPU. / 只运行等待 GPU 的测试。")
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
    device: str,
    pending: bool,
    regrade: bool,
    yes: bool,
    unsafe: bool,
    as_json: bool,
) -> int:
    from grader import manifest
    from grader.cli import staff_store
    from grader.cli.run_engine import Chosen, prepared
    from grader.gradebook import open_store

    _check_arguments(hw, submissions, regrade, pending)
    root = _root()
    setup = prepared(manifest.find(hw, root), engine, device, unsafe=unsafe)
    opened = staff_store.open_existing(store, root) if pending or regrade else open_store(store or root / "grades.sqlite")
    with _terminated_like_interrupted(), opened as book:
        scheme, originals = _scheme(setup, root), _originals(book, root)
        chosen = Chosen(scheme, engine, workers or _cores(), unsafe)
        if pending:
            return _pending(scheme, book, originals, chosen, device=device, as_json=as_json)
        if regrade:
            return _regrade(scheme, book, originals, chosen, yes=yes, as_json=as_json)
        assert submissions is not None
        return _grade(scheme, book, originals, submissions, chosen, as_json=as_json)


def _check_arguments(hw: str, submissions: Path | None, regrade: bool, pending: bool) -> None:
    from grader.errors import CourseError

    if submissions is None and not (regrade or pending):
        raise CourseError(
            f"which folder holds the hand-ins? Type: grade run {hw} FOLDER", zh=f"提交放在哪个文件夹？请运行：grade run {hw} 文件夹"
        )
    if submissions is not None and (regrade or pending):
        option = "--regrade" if regrade else "--pending"
        raise CourseError(
            f"{option} takes the recorded originals; leave the folder out", zh=f"{option} 使用已存的原始提交；请不要再给文件夹"
        )
    if regrade and pending:
        raise CourseError("--regrade runs all checks, --pending those that waited; choose one", zh="--regrade 和 --pending 只能选一个")
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


def _scheme(setup: Setup, root: Path) -> Scheme:
    from grader.batch.plan import Scheme
    from grader.seeds import course_key

    return Scheme.of(setup, course_key(root))


def _originals(book: Gradebook, root: Path) -> Originals:
    from grader.batch.originals import FOLDER, Originals

    home = Path(book.label).parent if "://" not in book.label else root
    return Originals(home / FOLDER)


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


def _grade(scheme: Scheme, book: Gradebook, originals: Originals, folder: Path, chosen: Chosen, *, as_json: bool) -> int:
    from grader import reports
    from grader.batch.classrun import ClassRun
    from grader.batch.plan import hand_ins
    from grader.cli import run_notes, run_view

    entries = hand_ins(folder, scheme)
    run_notes.strangers(entries, book.listed())
    run_notes.unplaced(folder, entries)
    run_notes.passed_over(folder)
    engine = chosen.open(len(entries))
    run = ClassRun(scheme, book, originals, engine, ahead=chosen.ahead(engine))
    view = run_view.View(len(entries), language())
    with view:
        for step in run.steps(entries):
            view.saw(step)
            if as_json and step.grade is not None:
                emit(reports.to_json(step.grade, language()))
    name = scheme.setup.assignment.name
    summaries = book.summaries(name)
    view.table(summaries)
    run_notes.of_another_suite(view.known_before, summaries, scheme.suite_hash, name)
    late = _waiting_there(scheme, book, originals, chosen, as_json=as_json)
    return OURS if view.count("fault") else late


def _waiting_there(scheme: Scheme, book: Gradebook, originals: Originals, chosen: Chosen, *, as_json: bool) -> int:
    """On a cluster with GPUs, complete what the CPUs left waiting."""
    if chosen.local or not book.pending(scheme.setup.assignment.name) or not chosen.devices():
        return GRADED
    return _pending(scheme, book, originals, chosen, device="cuda", as_json=as_json)


def _pending(scheme: Scheme, book: Gradebook, originals: Originals, chosen: Chosen, *, device: str, as_json: bool) -> int:
    """Exit 0: nothing waits any more, or what waits cannot be completed today (told why); 3: some were lost."""
    from grader import reports
    from grader.batch.pendings import PendingRun, waiting
    from grader.cli import run_view
    from grader.errors import CourseError

    name = scheme.setup.assignment.name
    found, left = waiting(book, originals, scheme)
    for attempt, why in left:
        say(f"{attempt.grade.student}, attempt {attempt.number}: {why}", f"{attempt.grade.student} 第 {attempt.number} 次：{why}")
    if not found:
        say("no check waits for a GPU", "没有等待 GPU 的测试")
        return GRADED
    if chosen.local and (device == "cpu" or not scheme.setup.cuda):
        text = f"{len(found)} attempts have checks that wait for a CUDA device, and there is none here; they go on waiting"
        raise CourseError(text, zh=f"{len(found)} 次批改有测试在等待 CUDA 设备，这里没有；会继续等待")
    view, lost = run_view.View(len(found), language()), 0
    with view:
        for one in PendingRun(book, chosen.open(len(found))).steps(found):
            view.tick(one is not None)
            lost += one is not None and bool(one.lost)
            if as_json and one is not None and one.checks:
                (fresh,) = book.load([one.waiting.attempt.row])
                emit(reports.to_json(fresh.grade, language()))
    say(f"{name}: {len(found) - lost} attempts completed, {lost} lost", f"{name}：完成 {len(found) - lost} 次，失败 {lost} 次")
    return OURS if lost else GRADED


def _regrade(scheme: Scheme, book: Gradebook, originals: Originals, chosen: Chosen, *, yes: bool, as_json: bool) -> int:
    from grader import reports, rules
    from grader.batch import regrade
    from grader.batch.plan import recorded
    from grader.cli import run_view
    from grader.cli.marking import tell_orphans
    from grader.errors import CourseError
    from grader.gradebook import orphans, standings

    name, in_force = scheme.setup.assignment.name, rules.find(_root())  # a slip in course.toml stops it before anything is written
    attempts = book.attempts(name)
    entries, missing = recorded(attempts, originals, scheme)
    done = book.known(name)
    new = [entry for entry in entries if entry.work not in done]
    found = regrade.returned(entries, attempts, scheme)
    for attempt in missing:
        who, number = attempt.grade.student, attempt.number
        say(f"{who}, attempt {number}: the original was not kept here; not regraded", f"{who} 第 {number} 次：没有原始提交，无法重新批改")
    if not new and not found:
        say("nothing to regrade: today's suite has graded every original", "没有需要重新批改的：现在的测试已批改过全部原始提交")
        return GRADED
    view = run_view.View(len(new), language())
    if new:
        found += _graded_anew(new, attempts, scheme, chosen, view)
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
    tell_orphans(name, orphans(standings(book, name, in_force)))
    return OURS if any(change.after.status == "fault" for change in found) else GRADED


def _graded_anew(new: list[Entry], attempts: list[Attempt], scheme: Scheme, chosen: Chosen, view: View) -> list[Change]:
    from grader.batch import regrade

    engine, found = chosen.open(len(new)), []
    try:
        with view:
            for change in regrade.changes(new, attempts, scheme, engine):
                view.tick(change is not None)
                if change is not None:
                    found.append(change)
    finally:
        engine.close()
    return found
