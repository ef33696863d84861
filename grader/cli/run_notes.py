"""What ``grade run`` says about a class folder that does not fit: ids that nobody bears, and gradings of another suite."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.speak import say
from grader.shown import few

if TYPE_CHECKING:
    from grader.batch.plan import Entry
    from grader.gradebook import Summary

_NAMED = 20  # ids in one line


def strangers(entries: Sequence[Entry], roster: Collection[str]) -> None:
    """Warn of hand-ins of nobody on the roster; without a roster everybody is known."""
    handed_in = {entry.student for entry in entries}
    _warn(
        handed_in - set(roster) if roster else (),
        sorted(set(roster) - handed_in),
        ("not on the roster", "rename the hand-in, or add the id to roster.csv and type: grade gradebook roster roster.csv"),
        ("不在花名册里", "请给提交改名，或把学号加入 roster.csv 后运行：grade gradebook roster roster.csv"),
    )


def unplaced(folder: Path, entries: Sequence[Entry]) -> None:
    """Warn of ids in ``instants.csv`` that have no hand-in."""
    from grader.intake import instants

    ids = [entry.student for entry in entries]
    where = folder / instants.FILE_NAME
    _warn(
        set(instants.load(folder)) - set(ids),
        ids,
        (f"in {where}, but there is no such hand-in", "correct the id there"),
        (f"在 {where} 里，但没有对应的提交", "请改正那里的学号"),
    )


def passed_over(folder: Path) -> None:
    """Warn of files that nobody hands in: no student is made of them."""
    from grader.intake import strays

    _warn(
        strays(folder),
        (),
        (f"in {folder}, but no hand-in; nothing is stored", "if it is somebody's work, ask her for a folder, .zip, .tar.gz or .ipynb"),
        (f"在 {folder} 里，但不是提交，没有保存", "如果是学生的作业，请让她交文件夹、.zip、.tar.gz 或 .ipynb"),
    )


def of_another_suite(unchanged: Collection[tuple[str, str]], summaries: Iterable[Summary], suite_hash: str, hw: str) -> None:
    """Say how many hand-ins, graded by today's suite, have been graded by another one since; that other grading counts."""
    newest = {(s.student, s.submission): s.suite_hash for s in summaries if s.status == "graded"}
    count = sum(newest.get(one, suite_hash) != suite_hash for one in unchanged)
    if count:
        say(
            f"{count} hand-ins have marks of another version of the suite; to see what today's changes: grade run {hw} --regrade",
            f"{count} 份提交的分数来自另一版本的测试；要看现在的测试会改变什么：grade run {hw} --regrade",
        )


def _warn(ids: Iterable[str], known: Sequence[str], en: tuple[str, str], zh: tuple[str, str]) -> None:
    """Write one line: the ids, each with the nearest one that is known and free, what is wrong with them, and what to do."""
    found = sorted(ids)
    if found:
        near = [difflib.get_close_matches(one, known, n=1, cutoff=0.6) for one in found[:_NAMED]]  # which takes a while
        hinted = [f"{one} ({close[0]}?)" if close else one for one, close in zip(found, near, strict=False)]
        named, named_zh = few([*hinted, *found[_NAMED:]], _NAMED)
        say(f"warning: {named}: {en[0]}; {en[1]}", f"警告：{named_zh}：{zh[0]}；{zh[1]}")
