"""What counts: attempts, manual marks and the course's rules put together, for reports, exports and nbgrader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from grader.gradebook.records import EXTRA, Attempt, Mark, Summary
from grader.roster import Person
from grader.rules import Counted, Rules, Try

if TYPE_CHECKING:
    from grader.gradebook.store import Gradebook


@dataclass(frozen=True, slots=True)
class Standing:
    """One student at one assignment. ``final`` is None as long as nothing could be graded: that is not a zero."""

    person: Person
    assignment: str
    attempt: Attempt | None
    tries: int
    automatic: float
    score: float  # with manual marks, before the penalty
    max_score: float
    days_late: int
    grace_used: int
    penalty: float
    deadline: str
    marks: tuple[Mark, ...]
    orphans: tuple[Mark, ...] = ()  # for checks that her grading does not have (any more): they do not count
    worth: Mapping[str, float] = field(default_factory=dict)  # item -> what it can earn, as suite and course.toml say

    @property
    def status(self) -> str:
        """graded, rejected, fault, or missing."""
        return self.attempt.grade.status if self.attempt is not None else "missing"

    @property
    def final(self) -> float | None:
        """The mark: score less penalty."""
        if self.status == "graded" or any(mark.points is not None for mark in self.marks):
            return round(self.score - self.penalty, 6)
        return None


def standings(book: Gradebook, assignment: str, rules: Rules) -> list[Standing]:
    """Return the standing of everybody on the roster or in the store, by id."""
    summaries = book.summaries(None if rules.grace_days else assignment)  # grace days are spent over the whole course
    by_student: dict[str, dict[str, list[Summary]]] = {}
    for summary in summaries:
        by_student.setdefault(summary.student, {}).setdefault(summary.assignment, []).append(summary)
    marks: dict[tuple[str, str], list[Mark]] = {}
    for name in {assignment, *(summary.assignment for summary in summaries)}:
        for (student, _), mark in book.marks(name).items():
            marks.setdefault((student, name), []).append(mark)
    counted: dict[str, Counted] = {}
    for student, mine in by_student.items():
        tries = {name: [one for s in these for one in _tries(s, marks.get((student, name), ()))] for name, these in mine.items()}
        chosen = rules.count(student, tries).get(assignment)
        if chosen is not None:
            counted[student] = chosen
    attempts = {attempt.grade.student: attempt for attempt in book.load(c.chosen.row for c in counted.values())}
    newest = _newest(attempts.values())
    return [
        _standing(
            person,
            assignment,
            counted.get(person.id),
            attempts.get(person.id),
            newest,
            rules=rules,
            marks=tuple(marks.get((person.id, assignment), ())),
            tries=len({(s.submission, when) for s in by_student.get(person.id, {}).get(assignment, ()) for when in s.instants}),
        )
        for person in book.roster()
    ]


def _tries(s: Summary, marks: Iterable[Mark]) -> list[Try]:
    """Return one try for each time that this work was handed in."""
    given = sum(max(mark.points or 0.0, 0.0) for mark in marks)
    return [Try(s.row, s.number, s.submission, when, s.status, s.score, s.max_score, given) for when in s.instants]


def _newest(attempts: Iterable[Attempt]) -> Attempt | None:
    return max((one for one in attempts if one.grade.status == "graded"), key=lambda one: one.row, default=None)


def _standing(
    person: Person,
    assignment: str,
    counted: Counted | None,
    attempt: Attempt | None,
    newest: Attempt | None,
    *,
    rules: Rules,
    marks: tuple[Mark, ...],
    tries: int,
) -> Standing:
    worth = _worth(attempt, newest, rules.written.get(assignment, {}))
    orphans = tuple(mark for mark in marks if mark.points is not None and is_check(mark.item) and mark.item not in worth)
    marks = tuple(mark for mark in marks if mark not in orphans)
    most = {item: one[1] for item, one in worth.items()}
    if counted is None or attempt is None:
        deadline = rules.deadline_text(assignment, person.id)
        score, possible = _with_marks(0.0, worth, marks)
        return Standing(person, assignment, None, tries, 0.0, score, possible, 0, 0, 0.0, deadline, marks, orphans, most)
    score, possible = _with_marks(counted.chosen.score, worth, marks)
    # The penalty is what the rules take of the whole, manual marks included.
    again = replace(counted.chosen, score=score)
    penalty = counted.penalty if score == counted.chosen.score else rules.penalty_of(assignment, person.id, again, counted.grace_used)
    return Standing(
        person,
        assignment,
        replace(attempt, handed_in=counted.chosen.handed_in),
        tries,
        counted.chosen.score,
        score,
        possible,
        counted.days_late,
        counted.grace_used,
        penalty,
        counted.deadline,
        marks,
        orphans,
        most,
    )


def orphans(found: Iterable[Standing]) -> tuple[Mark, ...]:
    """Return everybody's marks that do not count since their check is no more."""
    return tuple(mark for standing in found for mark in standing.orphans)


def is_check(item: str) -> bool:
    """Return whether *item* is the id of a check, and no name that a person gave."""
    return "::" in item and not item.startswith(EXTRA)


def _worth(mine: Attempt | None, newest: Attempt | None, written: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    """Return item -> points earned and possible. Who has no grading earned none of what the class's *newest* can earn."""
    graded = mine is not None and mine.grade.status == "graded"
    model = mine if graded else newest
    found = {v.id: (v.points if graded else 0.0, v.max_points) for v in (model.grade.verdicts if model is not None else ())}
    return found | {item: (0.0, most) for item, most in written.items()}  # also unmarked: one maximum for everybody


def _with_marks(score: float, worth: Mapping[str, tuple[float, float]], marks: tuple[Mark, ...]) -> tuple[float, float]:
    """A mark for a check or written answer takes the place of its points, one for "" that of the whole, any other is added."""
    whole = next((mark for mark in marks if mark.item == "" and mark.points is not None), None)
    most = sum(possible for _, possible in worth.values())
    for mark in marks:
        if mark.points is None or mark.item == "":
            continue
        if mark.item in worth:
            score += mark.points - worth[mark.item][0]
        else:
            score += mark.points
            most += mark.max_points or 0.0
    most = round(most, 6)
    if whole is not None and whole.points is not None:
        return whole.points, whole.max_points if whole.max_points is not None else most
    return round(score, 6), most
