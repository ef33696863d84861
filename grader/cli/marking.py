"""What `grade gradebook mark` refuses, what a new mark keeps of the one before, and which marks no longer count."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.speak import say
from grader.cli.staff_store import known
from grader.errors import CourseError, near
from grader.gradebook import EXTRA, Mark, is_check, standings

if TYPE_CHECKING:
    from grader.gradebook.store import Gradebook
    from grader.rules import Rules

_NAMED = 10  # orphaned marks in one line


@dataclass(frozen=True, slots=True)
class Given:
    """What stood on the command line; None where nothing did."""

    points: float | None
    most: float | None
    comment: str | None
    author: str
    clear: bool

    def check(self) -> None:
        """Refuse what says nothing, and numbers that are none."""
        said = [value is not None for value in (self.points, self.most, self.comment)]
        if self.clear and any(said):
            raise CourseError(
                "--clear takes the mark back and stands without --points, --of and --comment", zh="--clear 撤销评分，不能与其他选项同用"
            )
        if not self.clear and not any(said):
            raise CourseError("give --points, --comment, or both", zh="请给出 --points、--comment 或两者")
        for name, value in (("--points", self.points), ("--of", self.most)):
            if value is not None and not math.isfinite(value):
                raise CourseError(f"{name} is {value}; give a number", zh=f"{name} 是 {value}；请给出一个数")
        if self.most is not None and self.most < 0:
            raise CourseError(f"--of is {self.most:g}, and cannot be below zero", zh=f"--of 是 {self.most:g}，不能小于零")

    def upon(self, before: Mark) -> Mark:
        """Return the mark that counts from now on: what was not said stays as it was."""
        if self.clear:
            return Mark(before.assignment, before.student, before.item, None, author=self.author)
        points = before.points if self.points is None else self.points
        most = before.max_points if self.most is None else self.most
        if points is None and self.most is not None:
            raise CourseError("--of says out of how many; give --points too", zh="--of 是满分；请同时给出 --points")
        comment = before.comment if self.comment is None else self.comment
        basis = before.basis if self.points is None else None
        return Mark(before.assignment, before.student, before.item, points, most, comment, self.author, basis)


def new_mark(book: Gradebook, root: Path, rules: Rules, given: Given, *, hw: str, student: str, item: str) -> Mark:
    """Return the mark that *given* makes of the one that counts now. Raises CourseError for what the course does not have."""
    given.check()
    known(book, hw, root, rules)
    if student not in {person.id for person in book.roster()}:
        raise CourseError(f"no student {student!r}; see: grade gradebook roster", zh=f"没有学生 {student!r}；见 grade gradebook roster")
    before = book.marks(hw).get((student, item))
    if given.clear and before is None:
        en, zh = (f"{item!r}",) * 2 if item else ("the whole", "整份作业")
        raise CourseError(f"{student} has no mark for {en} to take back", zh=f"{student} 没有可撤销的评分：{zh}")
    if not (given.clear and before is not None):  # a mark for a check that is no more can be taken back, and no more than that
        _item(book, rules, given, hw=hw, student=student, item=item)
        if before is None and given.most is None:
            _slip(hw, item, rules)
    return given.upon(before or Mark(hw, student, item, None))


def _item(book: Gradebook, rules: Rules, given: Given, *, hw: str, student: str, item: str) -> None:
    """Refuse a check that her grading does not have, and a maximum other than the course's own."""
    worth = dict(rules.written.get(hw, {}))
    plain = item.removeprefix(EXTRA)
    if is_check(plain):
        worth = next((dict(s.worth) for s in standings(book, hw, rules) if s.person.id == student), worth)
        if plain not in worth:
            hint, hint_zh = near(plain, sorted(worth))
            text = f"{hw} has no check {plain!r}{hint or '; its ids are in: grade run --json, grade report --out'}"
            raise CourseError(text, zh=f"{hw} 没有测试 {plain!r}{hint_zh or '；id 见 grade run --json 或 grade report --out'}")
    if given.most is not None and item in worth and given.most != worth[item]:
        most = f"{worth[item]:g}"
        text = f"{item} is worth {most} points for everybody, by the suite or course.toml; leave --of out"
        raise CourseError(text, zh=f"按测试或 course.toml，{item} 对每个人都值 {most} 分；请不写 --of")


def _slip(hw: str, item: str, rules: Rules) -> None:
    """Refuse an item that looks like a misspelt one of course.toml: it would be points on top."""
    written, plain = rules.written.get(hw, {}), item.removeprefix(EXTRA)
    close = difflib.get_close_matches(plain, written, n=1, cutoff=0.7)
    if plain in written or not close:
        return
    en = f"{hw} has no written item {plain!r} in course.toml (did you mean {close[0]!r}?); for an item of your own say --of too"
    zh = f"course.toml 的 {hw} 没有人工评分项 {plain!r}（是不是 {close[0]!r}？）；如果是你自己的项目，请加上 --of"
    raise CourseError(en, zh=zh)


def tell_orphans(hw: str, found: Iterable[Mark]) -> None:
    """Name in one line the marks whose check is no more: they count for nothing until they are given again or taken back."""
    from grader.shown import few

    lost = [f"{mark.student} {mark.item}" for mark in found]
    if not lost:
        return
    en, zh = few(lost, _NAMED)
    say(
        f"{hw}: marks for checks that are no more do not count: {en}; give them for today's checks, or take them back with --clear",
        f"{hw}：这些评分的测试已不存在，不计分：{zh}；请给现在的测试评分，或用 --clear 撤销",
    )
