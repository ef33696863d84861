"""course.toml -> Rules: deadlines with their time zone, grace days, penalties, extensions, and which attempt counts.

Lateness is keyed to the instant of the hand-in, never to that of a grading, so a regrade cannot make anyone late.
"""

from __future__ import annotations

import datetime as dt
import math
import tomllib
import zoneinfo
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from grader.errors import CourseError, closest, near

FILE_NAME = "course.toml"
COUNTS = ("last", "best", "last_on_time")
KINDS = ("none", "per_day", "curve", "cutoff")
_YEARS = range(1970, 3000)  # others are slips, and the first and the last year that Python knows leave no room for time zones
_MOST = 1e9  # of any number; Python's integers go further than its floats
_MOST_DAYS = 3650  # of an extension
_LISTED = 12  # words in a line
_USED = {"none": (), "per_day": ("percent", "points", "at_most"), "curve": ("curve", "at_most"), "cutoff": ()}

_TOP = {"name": str, "timezone": str, "grace_days": int, "counts": str, "late": dict, "assignment": dict, "extension": list}
_LATE = {"kind": str, "percent": (int, float), "points": (int, float), "at_most": (int, float), "curve": list, "cutoff_days": (int, float)}
_LATE["tolerance_minutes"] = (int, float)
_ASSIGNMENT = {"deadline": (str, dt.datetime, dt.date), "counts": str, "late": dict, "written": dict}
_EXTENSION = {"student": str, "assignment": str, "until": (str, dt.datetime, dt.date), "days": (int, float), "reason": str}


@dataclass(frozen=True, slots=True)
class Late:
    """What lateness costs: ``percent`` of what was earned, or ``points``, for each day begun, or a curve of both."""

    kind: str = "none"
    percent: float = 0.0
    points: float = 0.0
    at_most: float = 100.0  # percent
    curve: tuple[tuple[float, float], ...] = ()  # (days late, percent lost), straight lines between
    cutoff_days: float = math.inf
    tolerance_minutes: float = 0.0

    def penalty(self, score: float, passed: float, days: int) -> float:
        """Return the points that *score* loses when *passed* days, of which *days* were begun, lie beyond deadline and grace days."""
        if days <= 0:
            return 0.0
        if passed > self.cutoff_days:
            return score
        if self.kind == "per_day":
            lost = min(score * self.percent / 100 * days + self.points * days, score * self.at_most / 100)
        elif self.kind == "curve":
            lost = score * min(_on_curve(self.curve, passed), self.at_most) / 100
        else:
            lost = 0.0
        return round(min(max(lost, 0.0), score), 6)


@dataclass(frozen=True, slots=True)
class Try:
    """One graded hand-in, as the rules see it: ``score`` is before any penalty."""

    row: int
    number: int
    submission: str
    handed_in: str
    status: str
    score: float
    max_score: float
    given: float = 0.0  # points by hand, at most: a score of zero can still have something to lose


@dataclass(frozen=True, slots=True)
class Counted:
    """The try that counts, and what lateness did to it."""

    chosen: Try
    days_late: int
    grace_used: int
    penalty: float
    deadline: str = ""

    @property
    def final(self) -> float:
        return round(self.chosen.score - self.penalty, 6)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a course; without a course.toml nothing is ever late and the last attempt counts."""

    name: str = ""
    timezone: str = "UTC"
    grace_days: int = 0
    counts: str = "last"
    late: Late = field(default_factory=Late)
    deadlines: Mapping[str, dt.datetime] = field(default_factory=dict)
    counts_of: Mapping[str, str] = field(default_factory=dict)
    late_of: Mapping[str, Late] = field(default_factory=dict)
    extensions: Mapping[tuple[str, str], dt.datetime | dt.timedelta] = field(default_factory=dict)
    written: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # answers that a person marks, and their points

    @property
    def named(self) -> set[str]:
        """Every homework that the file speaks of."""
        return {*self.deadlines, *self.counts_of, *self.late_of, *self.written}

    def deadline(self, assignment: str, student: str) -> dt.datetime | None:
        """Return when *student*'s work at *assignment* is due, her extension included; None if there is no deadline."""
        due = self.deadlines.get(assignment)
        longer = self.extensions.get((student, assignment))
        if isinstance(longer, dt.timedelta):
            return due + longer if due is not None else None
        return longer if longer is not None else due

    def deadline_text(self, assignment: str, student: str) -> str:
        """Return the same in UTC, as the instants of the hand-ins are written; "" if there is no deadline."""
        due = self.deadline(assignment, student)
        return due.astimezone(dt.UTC).isoformat(timespec="seconds") if due is not None else ""

    def order(self, assignments: Iterable[str]) -> list[str]:
        """Return *assignments* by deadline, those without one last: in this order grace days are spent."""
        far = dt.datetime.max.replace(tzinfo=dt.UTC)
        return sorted(assignments, key=lambda name: (self.deadlines.get(name, far), name))

    def count(self, student: str, tries: Mapping[str, Iterable[Try]]) -> dict[str, Counted]:
        """Return, for each assignment, the try of *student* that counts. Grace days are spent in the order of the deadlines."""
        left, found = self.grace_days, {}
        for assignment in self.order(tries):
            choices = [self._cost(assignment, student, one, left) for one in _newest(tries[assignment])]
            if choices:
                found[assignment] = chosen = self._choose(assignment, choices)
                left -= chosen.grace_used
        return found

    def penalty_of(self, assignment: str, student: str, one: Try, grace: int) -> float:
        """Return what lateness costs *one* when *grace* days are spent on it."""
        days, passed = self._lateness(assignment, student, one)
        return self._late(assignment).penalty(one.score, passed - grace, days - grace)

    def _cost(self, assignment: str, student: str, one: Try, grace_left: int) -> Counted:
        days, passed = self._lateness(assignment, student, one)
        late, worth = self._late(assignment), one.score + one.given
        # The fewest grace days that save the most: none where there is nothing to lose, or where they cannot save it.
        grace = min(range(min(grace_left, days) + 1), key=lambda spent: late.penalty(worth, passed - spent, days - spent))
        lost = late.penalty(one.score, passed - grace, days - grace)
        return Counted(one, days, grace, lost, self.deadline_text(assignment, student))

    def _late(self, assignment: str) -> Late:
        return self.late_of.get(assignment, self.late)

    def _lateness(self, assignment: str, student: str, one: Try) -> tuple[int, float]:
        """Return how many days late *one* was begun, and how many passed."""
        due, handed_in = self.deadline(assignment, student), dt.datetime.fromisoformat(one.handed_in)
        if due is None or (handed_in - due).total_seconds() <= self._late(assignment).tolerance_minutes * 60:
            return 0, 0.0
        # On the course's clock, as extensions count: where clocks change, a day has 23 or 25 hours. The loop decides in the hour that
        # clocks show twice.
        passed = (handed_in.astimezone(due.tzinfo) - due) / dt.timedelta(days=1)
        days = math.floor(passed)
        while handed_in > due + dt.timedelta(days=days):
            days += 1
        return days, min(passed, days)

    def _choose(self, assignment: str, choices: list[Counted]) -> Counted:
        graded = [c for c in choices if c.chosen.status == "graded"]
        choices = graded or choices
        how = self.counts_of.get(assignment, self.counts)
        if how == "best":
            return max(choices, key=lambda c: (c.final, -c.grace_used, -c.chosen.number))
        if how == "last_on_time":
            on_time = [c for c in choices if c.days_late == 0]
            return on_time[-1] if on_time else choices[0]
        return choices[-1]


def _newest(tries: Iterable[Try]) -> list[Try]:
    """Return one try a hand-in, in their order: a regrade takes the place of the grading before; a fault only of nothing."""
    newest: dict[tuple[str, str], Try] = {}
    first: dict[tuple[str, str], int] = {}
    for one in sorted(tries, key=lambda t: t.number):
        came = one.submission, one.handed_in
        first.setdefault(came, one.number)
        if one.status != "fault" or came not in newest:
            newest[came] = one
    return [newest[came] for came in sorted(newest, key=lambda came: (came[1], first[came]))]


def _on_curve(curve: tuple[tuple[float, float], ...], days: float) -> float:
    before = (0.0, 0.0)
    for point in curve:
        if days <= point[0]:
            return before[1] + (point[1] - before[1]) * (days - before[0]) / (point[0] - before[0])
        before = point
    return before[1]


def load(path: Path) -> Rules:
    """Read a course.toml. Raises CourseError naming the key, its place and the nearest right one."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))  # Notepad writes a BOM
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CourseError(f"{path}: cannot be read: {error}", zh=f"{path}：无法读取：{error}") from None
    return _Reader(path).rules(data)


def find(start: Path) -> Rules:
    """Return the rules of the course.toml at or above *start*, or those of a course without one."""
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return load(folder / FILE_NAME)
    return Rules()


def doubts(rules: Rules, assignments: Iterable[str], students: Iterable[str]) -> list[tuple[str, str]]:
    """Return, in both languages, what in *rules* seems to name none of *assignments* and *students*: a line for each of the two.

    Nothing is refused. The dates of a homework may stand there before it is written, so those are no doubt as long as every homework that
    there is has a deadline; and a student with an extension may not have handed in yet.
    """
    found, there = [], set(assignments)
    strange = rules.named - there
    bare = sorted(there - set(rules.deadlines))
    if strange and bare:
        (en, zh), rest = _listed(strange, bare), ", ".join(bare)
        en, zh = f"no homework here is called {en}; without a deadline: {rest}", f"这里没有作业 {zh}；没有截止时间的作业：{rest}"
        found.append((f"{FILE_NAME}: [assignment]: {en}", f"{FILE_NAME}：[assignment]：{zh}"))
    class_list = sorted(students)
    unknown = {student for student, _ in rules.extensions} - set(class_list)
    if unknown and class_list:
        en, zh = _listed(unknown, class_list)
        en, zh = f"nobody on the roster or with a hand-in is called {en}", f"名单上和提交中都没有 {zh}"
        found.append((f"{FILE_NAME}: [[extension]]: {en}", f"{FILE_NAME}：[[extension]]：{zh}"))
    return found


def _listed(words: Iterable[str], known: list[str]) -> tuple[str, str]:
    """Return the first of *words*, each with the nearest right one, in both languages."""
    words = sorted(words)
    both = [(repr(word), closest(word, known)) for word in words[:_LISTED]]
    both += [("...", ("", ""))] if len(words) > _LISTED else []
    return ", ".join(word + hint[0] for word, hint in both), "、".join(word + hint[1] for word, hint in both)


class _Reader:
    """One reading of one file: every slip is named with the file and the table."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._zone: dt.tzinfo = dt.UTC

    def rules(self, data: dict[str, Any]) -> Rules:
        self._keys("", data, _TOP)
        self._zone = self._timezone(data.get("timezone", "UTC"))
        late = self._late("[late]", data.get("late", {}), Late())
        deadlines, counts_of, late_of, written = {}, {}, {}, {}
        for name, table in data.get("assignment", {}).items():
            where = f"[assignment.{name}]"
            self._keys(where, table, _ASSIGNMENT)
            if "deadline" in table:
                deadlines[name] = self._instant(f"{where} deadline", table["deadline"])
            if "counts" in table:
                counts_of[name] = self._one_of(f"{where} counts", table["counts"], COUNTS)
            if "written" in table:
                written[name] = self._written(f"{where} written", table["written"])
            if "late" in table:
                late_of[name] = self._late(f"{where} late", table["late"], late)
        grace = data.get("grace_days", 0)
        if grace < 0:
            raise self._slip(f"grace_days is {grace}, and cannot be below zero", f"grace_days 是 {grace}，不能小于零")
        return Rules(
            name=data.get("name", ""),
            timezone=data.get("timezone", "UTC"),
            grace_days=grace,
            counts=self._one_of("counts", data.get("counts", "last"), COUNTS),
            late=late,
            deadlines=deadlines,
            counts_of=counts_of,
            late_of=late_of,
            extensions=self._extensions(data.get("extension", []), deadlines),
            written=written,
        )

    def _written(self, where: str, table: dict[str, Any]) -> dict[str, float]:
        for item, most in table.items():
            if type(most) not in (int, float) or not 0 < most <= _MOST:
                en, zh = f"{where} {item} is {most!r}; give the points that it can earn", f"{where} {item} 是 {most!r}；请写它最多值多少分"
                raise self._slip(en, zh)
        return {item: float(most) for item, most in table.items()}

    def _extensions(self, tables: list[Any], deadlines: Mapping[str, dt.datetime]) -> dict[tuple[str, str], dt.datetime | dt.timedelta]:
        found: dict[tuple[str, str], dt.datetime | dt.timedelta] = {}
        for number, table in enumerate(tables, 1):
            where = f"[[extension]] {number}"
            self._keys(where, table, _EXTENSION)
            if not table.get("student") or not table.get("assignment"):
                raise self._slip(f"{where} needs a student and an assignment", f"{where} 要写 student 和 assignment")
            if ("until" in table) == ("days" in table):
                raise self._slip(f"{where} needs either until or days", f"{where} 要写 until 或 days，二者选一")
            student, name = who = table["student"], table["assignment"]
            if name not in deadlines:
                en, zh = f"{where} gives more time, but {name!r} has no deadline", f"{where} 延长时间，但 {name!r} 没有截止时间"
                raise self._slip(en, zh, close=(name, deadlines))
            if who in found:
                other = list(found).index(who) + 1
                en, zh = f"[[extension]] {other} is of {student!r} for {name!r} too; keep one", f"[[extension]] {other} 也是 {student!r} 的"
                raise self._slip(f"{where}: {en}", f"{where}：{zh} {name!r}；请只保留一个")
            found[who] = self._longer(where, table, deadlines[name])
        return found

    def _longer(self, where: str, table: dict[str, Any], due: dt.datetime) -> dt.datetime | dt.timedelta:
        """An extension gives more time: what would take some away is a slip."""
        if "until" not in table:
            if not 0 <= table["days"] <= _MOST_DAYS:
                en, zh = (
                    f"days is {table['days']}; give a number from 0 to {_MOST_DAYS}",
                    f"days 是 {table['days']}；请写 0 到 {_MOST_DAYS}",
                )
                raise self._slip(f"{where} {en}", f"{where} {zh} 之间的数")
            return dt.timedelta(days=table["days"])
        until = self._instant(f"{where} until", table["until"])
        if until < due:
            en, zh = f"until is {until:%Y-%m-%d %H:%M}, before the deadline", f"until 是 {until:%Y-%m-%d %H:%M}，早于截止时间"
            raise self._slip(f"{where} {en}, {due:%Y-%m-%d %H:%M}; give a later time", f"{where} {zh} {due:%Y-%m-%d %H:%M}；请写更晚的时间")
        return until

    def _late(self, where: str, table: dict[str, Any], base: Late) -> Late:
        self._keys(where, table, _LATE)
        kind = self._one_of(f"{where} kind", table.get("kind", base.kind), KINDS)
        curve = tuple(self._point(where, point) for point in table.get("curve", base.curve))
        if any(one[0] >= two[0] for one, two in zip(((0.0, 0.0), *curve), curve, strict=False)):
            en, zh = f"{where} curve must go up in days, and begin after day 0", f"{where} curve 的天数要递增，从第 0 天之后开始"
            raise self._slip(f"{en}: [[1, 10], [7, 50]]", f"{zh}：[[1, 10], [7, 50]]")
        if kind == "curve" and not curve:
            en, zh = f"{where} kind is 'curve', but there is none; write", f"{where} kind 是 'curve'，但没有曲线；请写"
            raise self._slip(f"{en} curve = [[1, 10], [7, 50]]", f"{zh} curve = [[1, 10], [7, 50]]")
        numbers = {}
        for key in ("percent", "points", "at_most", "cutoff_days", "tolerance_minutes"):
            if key in table:
                most = 100 if key in ("percent", "at_most") else _MOST
                if not (0 <= table[key] <= most or (key == "cutoff_days" and table[key] == math.inf)):
                    raise self._slip(f"{where} {key} is {table[key]}, which makes no sense", f"{where} {key} 是 {table[key]}，没有意义")
                numbers[key] = float(table[key])
        self._idle(where, table, kind)
        late = replace(base, kind=kind, curve=curve, **numbers)
        if kind == "per_day" and not (late.percent or late.points):
            en, zh = "neither percent nor points say how much", "percent 和 points 都没有写扣多少"
            raise self._slip(f"{where} kind is 'per_day', but {en}", f"{where} kind 是 'per_day'，但 {zh}")
        if kind == "cutoff" and math.isinf(late.cutoff_days):
            en, zh = "cutoff_days does not say when", "没有用 cutoff_days 写明何时截止"
            raise self._slip(f"{where} kind is 'cutoff', but {en}", f"{where} kind 是 'cutoff'，但{zh}")
        return late

    def _idle(self, where: str, table: dict[str, Any], kind: str) -> None:
        """Refuse a penalty that nobody would ever get. With ``kind = "none"`` written beside it, that is meant."""
        idle = [key for key in ("percent", "points", "at_most", "curve") if key in table and key not in _USED[kind]]
        if idle and table.get("kind") != "none":
            key, right = idle[0], "curve" if idle[0] == "curve" else "per_day"
            en, zh = f"{key} does nothing with kind {kind!r}", f"{key} 在 kind 为 {kind!r} 时不起作用"
            raise self._slip(
                f'{where} {en}; write kind = "{right}", or leave {key} out', f'{where} {zh}；请写 kind = "{right}"，或去掉 {key}'
            )

    def _point(self, where: str, point: Any) -> tuple[float, float]:
        numbers = isinstance(point, (list, tuple)) and len(point) == 2 and all(type(x) in (int, float) for x in point)
        if numbers and 0 <= point[0] <= _MOST and 0 <= point[1] <= 100:
            return float(point[0]), float(point[1])
        en, zh = "a point is [days, percent lost]", "一个点是 [天数, 扣的百分比]"
        raise self._slip(f"{where} curve holds {point!r}; {en}", f"{where} curve 里有 {point!r}；{zh}")

    def _timezone(self, name: str) -> dt.tzinfo:
        if name == "UTC":
            return dt.UTC
        try:
            return zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            known = zoneinfo.available_timezones()
            en, zh = f"timezone is {name!r}, which is none", f"timezone 是 {name!r}，没有这个时区"
            if not known:
                en, zh = f"{en}; this machine has no time zones: pip install tzdata", f"{zh}；本机没有时区数据：pip install tzdata"
            raise self._slip(en, zh, close=(name, known)) from None

    def _instant(self, where: str, value: str | dt.datetime | dt.date) -> dt.datetime:
        """A time without an offset is the course's; a day without a time lasts until its end. All come back on the course's clock."""
        try:
            moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
        except ValueError:
            en, zh = f'{where}: {value!r} is no time; write "2026-03-01 23:59"', f'{where}：{value!r} 不是时间；请写 "2026-03-01 23:59"'
            raise self._slip(en, zh) from None
        day_alone = not isinstance(moment, dt.datetime) or (isinstance(value, str) and len(value) <= 10)
        if day_alone:
            moment = dt.datetime.combine(moment, dt.time(23, 59, 59))
        assert isinstance(moment, dt.datetime)
        if moment.year not in _YEARS:
            en, zh = (
                f"the year {moment.year} is not from {_YEARS[0]} to {_YEARS[-1]}",
                f"年份 {moment.year} 不在 {_YEARS[0]} 到 {_YEARS[-1]} 之间",
            )
            raise self._slip(f'{where}: {en}; write "2026-03-01 23:59"', f'{where}：{zh}；请写 "2026-03-01 23:59"')
        return moment.astimezone(self._zone) if moment.tzinfo is not None else moment.replace(tzinfo=self._zone)

    def _one_of(self, where: str, value: str, known: tuple[str, ...]) -> str:
        if value not in known:
            raise self._slip(f"{where} is {value!r}", f"{where} 是 {value!r}", close=(value, known))
        return value

    def _keys(self, where: str, table: Any, known: Mapping[str, Any]) -> None:
        if not isinstance(table, dict):
            raise self._slip(f"{where} must be a table", f"{where} 要写成表")
        for key, value in table.items():
            if key not in known:
                raise self._slip(f"unknown key {key!r} {where}".rstrip(), f"{where} 没有 {key!r} 这个键".lstrip(), close=(key, known))
            if not isinstance(value, known[key]) or isinstance(value, bool):
                raise self._slip(f"{where} {key} has the wrong type: {value!r}".strip(), f"{where} {key} 的类型不对：{value!r}".strip())

    def _slip(self, en: str, zh: str, *, close: tuple[str, Iterable[str]] | None = None) -> CourseError:
        hint, hint_zh = near(*close) if close is not None else ("", "")
        return CourseError(f"{self._path}: {en}{hint}", zh=f"{self._path}：{zh}{hint_zh}")
