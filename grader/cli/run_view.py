"""What ``grade run`` shows on stderr: progress with an estimate on a terminal, and tables."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from grader.batch.classrun import Step
from grader.batch.regrade import Change
from grader.gradebook import Summary
from grader.phrases import in_language
from grader.shown import line, points

if TYPE_CHECKING:
    from grader.model import Verdict

STATES = {
    "graded": ("graded", "已批改"),
    "unchanged": ("unchanged", "未变"),
    "returned": ("handed in again", "再次提交"),
    "corrected": ("time corrected", "时间已更正"),
    "rejected": ("rejected", "被拒收"),
    "fault": ("our fault", "工具故障"),
    "elsewhere": ("another run has it", "另一次运行正在批改"),
}
_SHOWN = 6  # changed checks named in a row of a regrade


def interactive() -> bool:
    """Return whether a person can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


class _Ended(NamedTuple):
    """What is kept of a step for the table: its grade is 50 KiB, and a class has hundreds."""

    state: str
    digest: str
    note: str


def _news(step: Step) -> str:
    """Return what was learnt of a hand-in that had been graded before."""
    return "corrected" if step.noted is not None and step.noted.replaces else "returned"


class View:
    """The progress and the outcome of one run, in the reader's language. Names and messages are shown, never interpreted."""

    def __init__(self, total: int, lang: str) -> None:
        self._zh = lang == "zh"
        self._console = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=not sys.stderr.isatty())
        self._ended: dict[str, _Ended] = {}
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn(self._pick("left", "剩余"), markup=False),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
            refresh_per_second=2,
        )
        self._task = self._progress.add_task(self._pick("grading", "批改中"), total=total)

    def __enter__(self) -> View:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._progress.stop()

    def _pick(self, en: str, zh: str) -> str:
        return zh if self._zh else en

    def _table(self, *heads: tuple[str, str]) -> Table:
        table = Table(box=None)
        for head in heads:
            table.add_column(Text(self._pick(*head)))
        return table

    def saw(self, step: Step) -> None:
        """Take one step of the run."""
        if step.entry is None or step.state == "again":
            return
        state = _news(step) if step.state == "unchanged" and step.noted is not None else step.state
        self._ended[step.entry.student] = _Ended(state, step.entry.digest, self._note(step))
        if step.state == "unchanged":  # it took no time: the estimate is of what is graded
            self._progress.update(self._task, total=(self._progress.tasks[0].total or 1) - 1)
        else:
            self.tick(True)

    def tick(self, done: bool) -> None:
        if done:
            self._progress.advance(self._task)

    def count(self, state: str) -> int:
        """Return how many hand-ins ended so."""
        return sum(ended.state == state for ended in self._ended.values())

    @property
    def known_before(self) -> list[tuple[str, str]]:
        """(student, submission) of what had been graded by the same suite before this run."""
        before = ("unchanged", "returned", "corrected")
        return [(student, ended.digest) for student, ended in self._ended.items() if ended.state in before]

    def table(self, summaries: Iterable[Summary]) -> None:
        """Print one row a hand-in, and the sums."""
        scores = {(s.student, s.submission): s for s in summaries}
        table = self._table(("student", "学生"), ("", ""), ("points", "分数"), ("", ""))
        for student, ended in sorted(self._ended.items()):
            known = scores.get((student, ended.digest))
            score = f"{points(known.score)} / {points(known.max_score)}" if known is not None and known.status == "graded" else "-"
            table.add_row(*(Text(cell) for cell in (line(student), self._pick(*STATES[ended.state]), score, ended.note)))
        self._console.print(table)
        counts = Counter(ended.state for ended in self._ended.values())
        self._console.print(Text(", ".join(f"{counts[state]} {self._pick(*words)}" for state, words in STATES.items() if counts[state])))

    def _note(self, step: Step) -> str:
        if step.noted is None:
            return self._outcome(step)
        was = self._pick(f" (was {step.noted.replaces})", f"（原为 {step.noted.replaces}）") if step.noted.replaces else ""
        if step.state == "unchanged":  # the row's state says which
            return step.noted.instant + was
        told = f"{self._pick(*STATES[_news(step)])}: {step.noted.instant}{was}"
        return "; ".join(part for part in (told, self._outcome(step)) if part)

    def _outcome(self, step: Step) -> str:
        grade = step.grade
        if grade is None:
            return self._told(step.entry.refusal) if step.entry is not None else ""
        if grade.status != "graded":
            return self._told(grade.message)
        lost = Counter(verdict.outcome.value for verdict in grade.verdicts)
        return " ".join(f"{lost[name]} {name}" for name in ("FAIL", "CRASH", "TIMEOUT", "PENDING") if lost[name])

    def _told(self, message: str) -> str:
        return line(in_language(message, "zh" if self._zh else "en"))

    def changes(self, found: Sequence[Change]) -> None:
        """Print whose score would change, and why."""
        table = self._table(("student", "学生"), ("before", "原来"), ("after", "现在"), ("why", "原因"))
        moved = [change for change in found if change.moves]
        for change in moved:
            before = points(change.before.score) if change.before else "-"
            after = points(change.after.score) if change.after.status == "graded" else self._pick(*STATES["fault"])
            table.add_row(*(Text(cell) for cell in (line(change.entry.student), before, after, self._why(change))))
        if moved:
            self._console.print(table)
        kept = len(found) - len(moved)
        words = f"{len(moved)} scores change, {kept} stay", f"{len(moved)} 个分数改变，{kept} 个不变"
        self._console.print(Text(self._pick(*words)))

    def _why(self, change: Change) -> str:
        if change.after.status != "graded":
            return self._told(change.after.message)
        reasons = change.reasons()
        told = [self._reason(*pair) for pair in reasons[:_SHOWN]]
        more = len(reasons) - len(told)
        return "; ".join([*told, *([self._pick(f"and {more} more", f"还有 {more} 个")] if more else [])])

    def _reason(self, before: Verdict | None, after: Verdict | None) -> str:
        name = line((after or before).id)  # type: ignore[union-attr]  # one of them is there
        if before is None:
            return self._pick(f"new check {name}", f"新测试 {name}")
        if after is None:
            return self._pick(f"{name} is gone", f"{name} 已删除")
        if before.outcome is after.outcome:
            return f"{name} {points(before.points)} -> {points(after.points)}"
        return f"{name} {before.outcome.value} -> {after.outcome.value}"
