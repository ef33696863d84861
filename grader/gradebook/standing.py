"""What counts: attempts, manual marks and the course's rules put together, for reports, exports and nbgrader."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from grader.gradebook.records import Attempt, Mark, Summary
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
    marks: dict[str, list[Mark]] = {}
    for (student, _), mark in book.marks(assignment).items():
        marks.setdefault(student, []).append(mark)
    counted: dict[str, Counted] = {}
    for student, mine in by_student.items():
        tries = {name: [one for s in these for one in _tries(s)] for name, these in mine.items()}
        chosen = rules.count(student, tries).get(assignment)
        if chosen is not None:
            counted[student] = chosen
    attempts = {attempt.grade.student: attempt for attempt in book.load(c.chosen.row for c in counted.values())}
    return [
        _standing(
            person,
            assignment,
            counted.get(person.id),
            attempts.get(person.id),
            rules=rules,
            marks=tuple(marks.get(person.id, ())),
            tries=len({(one.submission, one.handed_in) for s in by_student.get(person.id, {}).get(assignment, ()) for one in _tries(s)}),
        )
        for person in book.roster()
    ]


def _tries(s: Summary) -> list[Try]:
    """Return one try for each time that this work was handed in."""
    return [Try(s.row, s.number, s.submission, when, s.status, s.score, s.max_score) for when in (s.handed_in, *s.again)]


def _standing(
    person: Person,
    assignment: str,
    counted: Counted | None,
    attempt: Attempt | None,
    *,
    rules: Rules,
    marks: tuple[Mark, ...],
    tries: int,
) -> Standing:
    if counted is None or attempt is None:
        due = rules.deadline(assignment, person.id)
        score, most = _with_marks(0.0, 0.0, {}, marks)
        return Standing(person, assignment, None, tries, 0.0, score, most, 0, 0, 0.0, due.isoformat() if due else "", marks)
    points = {verdict.id: (verdict.points, verdict.max_points) for verdict in attempt.grade.verdicts}
    score, most = _with_marks(counted.chosen.score, counted.chosen.max_score, points, marks)
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
        most,
        counted.days_late,
        counted.grace_used,
        penalty,
        counted.deadline,
        marks,
    )


def _with_marks(score: float, most: float, points: dict[str, tuple[float, float]], marks: tuple[Mark, ...]) -> tuple[float, float]:
    """A mark for a check takes the place of its points, one for "" that of the whole, any other is added."""
    whole = next((mark for mark in marks if mark.item == "" and mark.points is not None), None)
    for mark in marks:
        if mark.points is None or mark.item == "":
            continue
        if mark.item in points:
            score += mark.points - points[mark.item][0]
        else:
            score += mark.points
            most += mark.max_points or 0.0
    if whole is not None and whole.points is not None:
        return whole.points, whole.max_points if whole.max_points is not None else most
    return round(score, 6), round(most, 6)
