"""Both ways: first what people marked comes home, then what was graded or marked goes out. Running it again changes nothing."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from grader.gradebook import EXTRA, Mark, Standing, orphans, standings
from grader.gradebook.store import Gradebook
from grader.model import Assignment, Outcome
from grader.nbgrader_sync import database
from grader.nbgrader_sync.cells import WORK, GradedCell, cells_of, notebook, told
from grader.nbgrader_sync.seen import Memory, Seen
from grader.pack import write as write_file
from grader.pack import write_many
from grader.rules import Rules
from grader.shown import line, points

AUTHOR = "formgrader"

CONFIG = """# Made by `grade gradebook sync`. Open formgrader here: jupyter lab, then the menu Nbgrader, Formgrader.
c = get_config()
c.CourseDirectory.course_id = {course!r}
c.CourseDirectory.root = {root!r}
"""


@dataclass(frozen=True, slots=True)
class Done:
    """What a sync did: marks that came home, students and checks that went out, scores that changed under a mark."""

    home: int
    students: int
    cells: int
    look_again: tuple[tuple[str, str], ...]  # (student, item)
    orphans: tuple[Mark, ...] = ()  # marks that do not count: their check is no more


Files = Callable[[Standing], Mapping[str, bytes]]


def sync(book: Gradebook, assignment: Assignment, rules: Rules, folder: Path, files: Files) -> Done:
    """Sync *assignment* with the nbgrader course in *folder*. *files* gives a standing's hand-in, as far as it is kept."""
    with database.opened(folder) as theirs:
        seen = Memory(theirs.db)
        home = book.add_marks(_marked(theirs, book, assignment.name, seen))
        everybody = standings(book, assignment.name, rules)
        there = _students(theirs, assignment.name)  # also of whom nothing counts any more: what stood there must not stay
        found = [s for s in everybody if s.final is not None or s.person.id in there]
        cells = cells_of(found, rules.written.get(assignment.name, {}))
        out = _Out(theirs, assignment, rules, cells, seen)
        look_again = out.write(found, book.marks(assignment.name))
    _write_notebooks(folder, assignment, cells, found, files)
    config = folder / "nbgrader_config.py"
    if not config.exists():
        write_file(config, CONFIG.format(course=rules.name or "course", root=str(folder.absolute())).encode())
    return Done(home, len(found), len(cells), tuple(look_again), orphans(everybody))


def _marked(theirs: Any, book: Gradebook, name: str, seen: Memory) -> list[Mark]:
    """Return what people marked in formgrader since the last sync."""
    from nbgrader import api  # type: ignore[import-untyped, import-not-found, unused-ignore]

    assignment = theirs.db.query(api.Assignment).filter_by(name=name).one_or_none()
    home = _Home(name, book.marks(name), seen, [] if seen.synced(assignment) else book.mark_history(name))
    known = {person.id for person in book.roster()}
    found: list[Mark] = []
    for submission in _submissions(theirs, api, name):
        student = submission.student.id
        if student not in known:  # erased here: nothing of hers comes back
            continue
        items = _items(submission.notebook)
        notes = {comment.cell_id: comment for comment in submission.comments}
        for row in submission.grades:
            if (item := items.get(row.cell_id)) is not None:
                found += home.grade(student, item, row, notes.get(row.cell_id))
        found += [mark for cell, note in notes.items() if items.get(cell) == WORK for mark in home.work(student, note)]
    return found


class _Home:
    """The way home: a field that a person changed there counts, any other is as our store has it.

    An older kit remembered nothing of what it left there: what stands in the *history* of our marks was written by a sync of its.
    """

    def __init__(self, name: str, current: Mapping[tuple[str, str], Mark], seen: Memory, history: Sequence[Mark]) -> None:
        self._name, self._current, self._seen = name, current, seen
        self._history: dict[tuple[str, str], list[Mark]] = {}
        for mark in history:
            self._history.setdefault((mark.student, mark.item), []).append(mark)

    def grade(self, student: str, item: str, row: Any, note: Any) -> list[Mark]:
        """Return what *row* and its *note* say that our store does not."""
        ours, seen = self._current.get((student, item)), self._seen.before(row)
        before = ours or Mark(self._name, student, item, None)
        left = {seen.points, *(mark.points for mark in self._history.get((student, item), ()))}
        given = row.manual_score if ours is None or row.manual_score not in left else ours.points
        comment = self._comment(ours, note)
        confirmed = seen.flagged and not row.needs_manual_grade and given is not None
        found = []
        if confirmed or (given, comment) != (before.points, before.comment):
            found.append(Mark(self._name, student, item, given, row.cell.max_score, comment, AUTHOR, row.auto_score))
        beyond, there = self._current.get((student, EXTRA + item)), row.extra_credit or None
        more = {seen.extra, *(mark.points for mark in self._history.get((student, EXTRA + item), ()))}
        if there != (beyond.points if beyond else None) and (beyond is None or there not in more):
            found.append(Mark(self._name, student, EXTRA + item, there, 0.0, author=AUTHOR))
        return found

    def work(self, student: str, note: Any) -> list[Mark]:
        """Return the comment on the whole, if our store has another."""
        ours = self._current.get((student, WORK))
        before = ours or Mark(self._name, student, WORK, None)
        comment = self._comment(ours, note)
        return [replace(before, comment=comment, author=AUTHOR, given_at="")] if comment != before.comment else []

    def _comment(self, ours: Mark | None, note: Any) -> str:
        there = (note.manual_comment or "") if note is not None else ""
        if ours is None:
            return there
        if note is None:
            return ours.comment
        left = {self._seen.before(note).comment, *(mark.comment for mark in self._history.get((ours.student, ours.item), ()))}
        return there if there not in left else ours.comment


def _submissions(theirs: Any, api: Any, name: str) -> list[Any]:
    query = theirs.db.query(api.SubmittedNotebook).join(api.Notebook).join(api.Assignment, api.Notebook.assignment_id == api.Assignment.id)
    query = query.options(*_together(api.SubmittedNotebook.grades, api.SubmittedNotebook.comments, api.SubmittedNotebook.assignment))
    return list(query.filter(api.Assignment.name == name, api.Notebook.name == name).all())


def _students(theirs: Any, name: str) -> set[str]:
    from nbgrader import api

    query = theirs.db.query(api.SubmittedAssignment.student_id).join(api.SubmittedAssignment.assignment)
    return {row.student_id for row in query.filter(api.Assignment.name == name)}


def _together(*relations: Any) -> list[Any]:
    """Return options that load *relations* for all rows at once: a class of a thousand is not a thousand questions."""
    from sqlalchemy.orm import selectinload

    return [selectinload(relation) for relation in relations]


def _items(theirs: Any) -> dict[str, str]:
    """Return cell's row -> what our store calls it, which the last line of its source tells, also of a check that is no more."""
    named = {cell.name: (cell.source or "").rpartition("\n")[2].removeprefix("# ") for cell in theirs.source_cells}
    return {cell.id: named.get(cell.name) or cell.name for cell in _cells(theirs)}


def _cells(theirs: Any) -> list[Any]:
    return [*theirs.grade_cells, *theirs.solution_cells]


class _Out:
    """One way out: everything of one assignment in one transaction."""

    def __init__(self, theirs: Any, assignment: Assignment, rules: Rules, cells: Sequence[GradedCell], seen: Memory) -> None:
        from nbgrader import api

        self._api, self._theirs, self._db = api, theirs, theirs.db
        self._seen = seen
        self._given: list[tuple[Any, str, Any, Any]] = []  # row, field, what stands there, what our store has instead
        self._kept: list[tuple[Any, Seen]] = []
        self._name, self._rules, self._cells = assignment.name, rules, list(cells)
        due = rules.deadlines.get(assignment.name)
        options = {"duedate": due.astimezone(dt.UTC).replace(tzinfo=None)} if due is not None else {}
        theirs.update_or_create_assignment(self._name, **options)
        self._notebook = theirs.update_or_create_notebook(self._name, self._name)
        self._assignment = self._notebook.assignment

    def write(self, found: Sequence[Standing], marks: Mapping[tuple[str, str], Mark]) -> list[tuple[str, str]]:
        """Write all standings; return the (student, item) whose automatic score changed under a manual one."""
        rows = self._cell_rows()
        _submissions(self._theirs, self._api, self._name)  # into the session, at once
        query = self._db.query(self._api.SubmittedAssignment).filter_by(assignment_id=self._assignment.id)
        there = {s.student_id: s for s in query.options(*_together(self._api.SubmittedAssignment.notebooks))}
        look_again = []
        for standing in found:
            who = standing.person.id
            one = _Hers(self._submission(standing, there.get(who)), standing)
            for cell in self._cells:
                mark, extra = marks.get((who, cell.item)), marks.get((who, EXTRA + cell.item))
                if self._grade(one, cell, rows[cell.name], mark, extra.points if extra is not None else None):
                    look_again.append((who, cell.item))
            self._comment(one, rows[WORK], marks.get((who, WORK)), marks.get((who, "")))
        self._db.flush()
        for row, name, there, given in self._given:  # unless somebody was quicker in formgrader: that comes home with the next sync
            table = type(row).__table__
            still = (table.c.id == row.id) & table.c[name].is_not_distinct_from(there)
            self._db.execute(table.update().where(still).values({name: given}))
        for row, seen in self._kept:
            self._seen.keep(row, seen)
        self._seen.keep_synced(self._assignment)
        self._seen.write()
        self._db.commit()
        return look_again

    def _new(self, row: Any) -> Any:
        self._db.add(row)
        return row

    def _cell_rows(self) -> dict[str, Any]:
        """Make the rows of today's cells, and drop those of checks that are no more."""
        api, nb = self._api, self._notebook
        there = {cell.name: cell for cell in _cells(nb)}
        sources = {cell.name: cell for cell in nb.source_cells}
        wanted = {cell.name for cell in self._cells} | {WORK}
        for name in there.keys() - wanted:
            for old in (*there[name].grades, *there[name].comments, there.pop(name), sources.pop(name, None)):
                if old is not None:
                    self._db.delete(old)
        for cell in self._cells:
            kind = "markdown" if cell.written else "code"
            row = there.get(cell.name) or self._new(api.GradeCell(name=cell.name, notebook=nb, cell_type=kind, max_score=cell.max_score))
            row.max_score = cell.max_score
            there[cell.name] = row
            self._source(sources, cell.name, cell.source, kind, locked=not cell.written)
        if WORK not in there:
            there[WORK] = self._new(api.SolutionCell(name=WORK, notebook=nb))
        self._source(sources, WORK, WORK, "code", locked=False)
        self._db.flush()
        return there

    def _source(self, sources: dict[str, Any], name: str, text: str, kind: str, *, locked: bool) -> None:
        if name not in sources:
            sources[name] = self._new(self._api.SourceCell(name=name, notebook=self._notebook, cell_type=kind, locked=locked, source=text))
        sources[name].source = text

    def _submission(self, standing: Standing, submitted: Any) -> Any:
        api, person = self._api, standing.person
        student = self._db.get(api.Student, person.id) or api.Student(id=person.id)
        first, last = _names(person.name)
        student.first_name, student.last_name, student.email = first, last, _plain(person.email)
        self._db.add(student)
        if submitted is None:
            submitted = self._new(api.SubmittedAssignment(assignment=self._assignment, student=student))
        if standing.attempt is not None:
            submitted.timestamp = dt.datetime.fromisoformat(standing.attempt.handed_in).astimezone(dt.UTC).replace(tzinfo=None)
        due, own = self._rules.deadlines.get(self._name), self._rules.deadline(self._name, person.id)
        submitted.extension = own - due if due is not None and own is not None and own != due else None
        if not submitted.notebooks:
            self._new(api.SubmittedNotebook(notebook=self._notebook, assignment=submitted))
        mine = submitted.notebooks[0]
        mine.late_submission_penalty = standing.penalty
        return mine

    def _grade(self, one: _Hers, cell: GradedCell, row: Any, mark: Mark | None, extra: float | None) -> bool:
        """Write one automatic score, and the manual one that counts. True if it changed under a manual one."""
        grade = one.grades.get(row.id)
        fresh = grade is None
        if grade is None:
            grade = self._new(self._api.Grade(cell=row, notebook=one.submitted))
        auto = None if cell.written else one.automatic(cell.item)
        manual = mark.points if mark is not None else None
        other = fresh or grade.auto_score != auto
        changed = not fresh and other and manual is not None
        if cell.written:
            grade.needs_manual_grade = manual is None
            self._note(one, row, mark)
        elif other or grade.manual_score != manual:
            grade.needs_manual_grade = changed
        grade.auto_score = auto
        self._give(grade, "manual_score", manual)
        self._give(grade, "extra_credit", extra)
        self._kept.append((grade, Seen(manual, extra, flagged=bool(manual is not None and grade.needs_manual_grade))))
        return changed

    def _give(self, row: Any, name: str, given: Any) -> None:
        """Let *row* hold what our store has; what formgrader calls nothing ("", 0 extra credit) is nothing."""
        there = getattr(row, name)
        if there == given or (name != "manual_score" and not there and not given):
            return
        self._given.append((row, name, there, given))

    def _comment(self, one: _Hers, row: Any, mark: Mark | None, whole: Mark | None) -> None:
        lost = [f"{line(v.concept)}\n{told(v)}" for v in one.verdicts.values() if v.outcome is not Outcome.PASS]
        if whole is not None and whole.points is not None:  # nbgrader has no place for it but this
            lost.insert(0, f"Marked as a whole: {points(one.score)} / {points(one.max_score)}. The points of the cells do not count.")
        if whole is not None and whole.comment:
            lost.insert(0, line(whole.comment))
        self._note(one, row, mark, "\n".join(lost))

    def _note(self, one: _Hers, row: Any, mark: Mark | None, auto: str | None = None) -> None:
        note = one.comments.get(row.id)
        if note is None:
            note = self._new(self._api.Comment(cell=row, notebook=one.submitted))
        if auto is not None and note.auto_comment != auto:
            note.auto_comment = auto
        manual = mark.comment if mark is not None else ""
        self._give(note, "manual_comment", manual or None)
        self._kept.append((note, Seen(comment=manual)))


class _Hers:
    """One student's rows by their cell, and her verdicts by their check."""

    def __init__(self, submitted: Any, standing: Standing) -> None:
        self.submitted, self.score, self.max_score = submitted, standing.score, standing.max_score
        self.grades = {grade.cell_id: grade for grade in submitted.grades}
        self.comments = {comment.cell_id: comment for comment in submitted.comments}
        self.verdicts = {verdict.id: verdict for verdict in (standing.attempt.grade.verdicts if standing.attempt is not None else ())}

    def automatic(self, check: str) -> float | None:
        """Return what the check earned; None while it waits for a device, or for us."""
        verdict = self.verdicts.get(check)
        if verdict is None or verdict.outcome in (Outcome.PENDING, Outcome.FAULT):
            return None
        return verdict.points


def _names(name: str) -> tuple[str, str]:
    last, comma, first = _plain(name).partition(",")
    return (first.strip(), last.strip()) if comma else ("", last.strip())


def _plain(text: str) -> str:
    """formgrader writes names into its pages as they are: nothing of HTML gets there."""
    return line(text).translate(str.maketrans("<>&\"'", "‹›＆”’"))[:120]


def _write_notebooks(folder: Path, assignment: Assignment, cells: Sequence[GradedCell], found: Sequence[Standing], files: Files) -> None:
    name = assignment.name
    empty = _dump(notebook(name, cells, None, {}, assignment.source_name))
    for kind in ("source", "release"):
        write_file(folder / kind / name / f"{name}.ipynb", empty)

    def changed() -> Iterator[tuple[Path, bytes]]:
        for standing in found:
            text = _dump(notebook(name, cells, standing, files(standing), assignment.source_name))
            path = folder / "autograded" / standing.person.id / name / f"{name}.ipynb"
            if not path.is_file() or path.read_bytes() != text:
                yield path, text

    write_many(changed())


def _dump(cells: dict[str, Any]) -> bytes:
    return (json.dumps(cells, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")
