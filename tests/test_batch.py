"""A class run by its outcome: every hand-in gets its due, once, whatever dies on the way."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import time
import unicodedata

import pytest
from batch_kit import HAND_INS, HIDDEN, RIGHT, SCORES, children, command, course, environment, hand_in, hand_in_all, orphans, records, run

from grader import manifest, roster, wall
from grader.batch.classrun import ClassRun, Step
from grader.batch.engine import Setup
from grader.batch.local import LocalEngine
from grader.batch.originals import Originals
from grader.batch.plan import Scheme, hand_ins
from grader.errors import CourseError
from grader.gradebook import Mark, open_store, standings
from grader.gradebook.leases import Owner
from grader.rules import Rules

__all__ = ["course", "orphans"]  # fixtures
pytestmark = pytest.mark.skipif(wall.probe().tier > 2, reason="NOT RUN: no wall of tier 1 or 2 here")


def test_every_hand_in_gets_its_due(course):
    """Right, wrong, broken, endless, crashing and missing: each is told of once, stored, and keeps nobody else from being graded."""
    hand_in_all(course)
    done = run(course, "class", "--json", "--workers", "2")
    assert done.returncode == 0, done.stderr
    told = {record["student"]: record for record in records(done.stdout)}
    assert {name: record["score"] for name, record in told.items() if record["status"] == "graded"} == SCORES
    assert told["missing"]["status"] == "rejected"
    assert "has no double.py" in told["missing"]["message"]
    assert {check["outcome"] for check in told["loop"]["checks"]} == {"TIMEOUT"}
    assert {check["outcome"] for check in told["crash"]["checks"]} == {"CRASH"}
    with open_store(course / "grades.sqlite") as book:
        stored = {s.student: (s.status, s.score) for s in book.summaries("hw1")}
    assert stored == {name: (record["status"], record["score"]) for name, record in told.items()}


def test_a_second_run_grades_only_what_is_new_or_changed(course):
    """Work that stands in the store is not done again; a changed hand-in is a new attempt."""
    hand_in_all(course, ("right", "wrong"))
    first = run(course, "class", "--json")
    again = run(course, "class", "--json")
    assert len(records(first.stdout)) == 3
    assert (again.returncode, again.stdout) == (0, "")
    assert "3 unchanged" in again.stderr
    hand_in(course, "wrong", RIGHT)
    hand_in(course, "new", RIGHT)
    third = records(run(course, "class", "--json").stdout)
    assert [(r["student"], r["attempt"], r["score"]) for r in third] == [("new", 1, 100.0), ("wrong", 2, 100.0)]


def test_the_table_goes_to_people_and_the_json_to_programs(course):
    hand_in_all(course, ("right",))
    plain = run(course, "class")
    assert plain.stdout == ""
    assert "100 / 100" in plain.stderr
    assert "1 graded, 1 rejected" in plain.stderr


@pytest.mark.parametrize(
    ("arguments", "variables", "says"),
    [
        (("nowhere",), {}, "no such folder"),
        ((), {}, "grade run hw1 FOLDER"),
        (("class", "--regrade"), {}, "leave the folder out"),
        (("class", "--engine", "moon"), {}, "no engine 'moon'"),
        (("class",), {"GRADE_TIER": "3"}, "grade doctor"),
        (("class", "--store", "class/right/double.py"), {}, "not a database"),
    ],
)
def test_what_cannot_be_run_is_refused_with_a_remedy(course, arguments, variables, says):
    """One line, exit 2, nothing graded."""
    hand_in(course, "right", RIGHT)
    done = run(course, *arguments, "--json", **variables)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_weak_wall_grades_only_when_told_to(course):
    """--unsafe grades at tier 3, and every grade says so."""
    hand_in(course, "right", RIGHT)
    (told,) = records(run(course, "class", "--json", "--unsafe", GRADE_TIER="3").stdout)
    assert (told["tier"], told["score"]) == (3, 100.0)


def test_a_slip_in_the_suite_is_told_once_and_nothing_is_stored(course):
    hand_in(course, "right", RIGHT)
    (course / "solutions/hw1/hidden/test_more.py").write_text(HIDDEN.replace("points=40", "points=30"))
    done = run(course, "class", "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "add up to 60 points" in done.stderr


def test_a_submission_that_costs_its_judge_is_a_fault_and_never_a_zero(course):
    """It is tried three times, recorded as our fault, left out of nobody else's way, and tried again in the next run."""
    hand_in(course, "unlucky", RIGHT, note_json='"end the judge"')
    hand_in(course, "other", RIGHT)
    done = run(course, "class", "--json", "--workers", "1")
    other, unlucky = records(done.stdout)
    assert (other["status"], other["score"]) == ("graded", 100.0)
    assert (unlucky["status"], unlucky["checks"]) == ("fault", [])
    assert "SIGKILL" in unlucky["message"]
    assert done.returncode == 3
    (course / "solutions/hw1/hidden/test_more.py").write_text(HIDDEN.replace("os.kill(", "print("))
    again = {record["student"]: record["score"] for record in records(run(course, "class", "--json").stdout)}
    assert again["unlucky"] == 100.0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing_running(course, orphans, number):
    """Ctrl-C and SIGTERM end the judges and everything behind the wall; the next run finishes the class."""
    for index in range(12):
        hand_in(course, f"s{index}", HAND_INS["loop"] + f"# {index}\n")
    process = subprocess.Popen(command("class", "--json"), cwd=course, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr is not None
    process.stderr.readline()  # the wall's tier: it has begun
    while len(children(process.pid)) < 2 and process.poll() is None:
        pass
    process.send_signal(number)
    out, error = process.communicate(timeout=30)
    assert process.returncode == 130, error
    assert orphans() == []
    with open_store(course / "grades.sqlite") as book:
        assert {s.student for s in book.summaries("hw1")} == {record["student"] for record in records(out.decode())}
        assert book.leases.held() == {}


def test_two_runs_at_once_share_the_class(course):
    """Each submission is graded by one of them, and both see the whole."""
    for index in range(24):
        hand_in(course, f"s{index:02}", RIGHT + f"# {index}\n")
    pair = [
        subprocess.Popen(
            command("class", "--json", "--workers", "1"), cwd=course, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=120) for process in pair]
    told = [record["student"] for out, _ in outputs for record in records(out.decode())]
    assert sorted(told) == [f"s{index:02}" for index in range(24)]
    assert [process.returncode for process in pair] == [0, 0]


def test_without_bubblewrap_the_next_tier_grades(course):
    """A missing program is no fault: the tier falls, is printed, and stands in every grade."""
    program = shutil.which("bwrap")
    if program is None or wall.probe().tier != 1:
        pytest.skip("NOT RUN: bubblewrap is needed to hide bubblewrap")
    hand_in(course, "right", RIGHT)
    hide = (program, "--dev-bind", "/", "/", "--ro-bind", os.devnull, os.path.realpath(program), "--")
    done = run(course, "class", "--json", prefix=hide)
    assert "tier 2" in done.stderr
    (told,) = records(done.stdout)
    assert (told["tier"], told["score"]) == (2, 100.0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="NOT RUN: no limits on file sizes here")
def test_a_full_disk_loses_nothing_that_was_told(course, orphans):
    """The run ends with a remedy; what it told of is stored; with room again the next run finishes the class."""
    import resource

    for index in range(30):
        hand_in(course, f"s{index:02}", RIGHT + f"# {index}\n")
    with open_store(course / "grades.sqlite"):
        pass
    limit = 300_000

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    full = subprocess.run(
        command("class", "--json"), cwd=course, env=environment(), capture_output=True, text=True, check=False, preexec_fn=little_room
    )
    assert full.returncode == 2, full.stderr
    assert "fault" not in full.stderr
    assert "run the same command again" in full.stderr
    assert orphans() == []
    told = {record["student"] for record in records(full.stdout)}
    rest = {record["student"] for record in records(run(course, "class", "--json").stdout)}
    assert told, "some were stored before the disk was full"
    with open_store(course / "grades.sqlite") as book:
        attempts = [s.student for s in book.summaries("hw1")]
    assert sorted(attempts) == [f"s{index:02}" for index in range(30)]
    assert told | rest == set(attempts)
    assert not told & rest


# in this process, where the moment can be chosen


@pytest.fixture
def parts(course):
    """Return a function that makes a class run on the course's store, and the entries of its hand-ins."""

    def make(book, workers=2) -> tuple[ClassRun, list]:
        setup = Setup(manifest.find("hw1", course), ("public", "hidden"), wall.probe())
        scheme = Scheme.of(setup, b"key")
        entries = hand_ins(course / "class", scheme)
        return ClassRun(scheme, book, Originals(course / ".grade/submissions"), LocalEngine(setup, workers)), entries

    return make


def finished(steps) -> dict[str, Step]:
    return {step.entry.student: step for step in steps if step.entry is not None and step.state != "again"}


def test_judges_that_are_killed_cost_nobody_anything(course, parts, orphans):
    """Whatever was under way is graded by the judge that takes their place."""
    for index in range(10):
        hand_in(course, f"s{index}", RIGHT + f"# {index}\n")
    others = children(os.getpid())
    with open_store(course / "grades.sqlite") as book:
        run_, entries = parts(book)
        seen: dict[str, Step] = {}
        killed = 0
        for step in run_.steps(entries):
            if step.entry is not None and step.state == "graded":
                assert step.entry.student not in seen, "told twice"
                seen[step.entry.student] = step
                if killed < 3:
                    killed += 1
                    for pid in children(os.getpid()).keys() - others:
                        os.kill(pid, signal.SIGKILL)
    assert {name: step.grade.score for name, step in seen.items()} == {f"s{index}": 100.0 for index in range(10)}
    assert killed == 3
    assert orphans() == []


@pytest.mark.parametrize("more", [0, 1])
def test_a_judge_to_a_processor_keeps_to_it(course, parts, orphans, more):
    """Where there are as many judges as processors; also the judge that takes a dead one's place. Else each runs where there is room."""
    mine = os.sched_getaffinity(0)
    for index in range(4 * len(mine) + 8):
        hand_in(course, f"s{index}", RIGHT + f"# {index}\n")
    places: list[list[set[int]]] = []
    others = children(os.getpid())
    with open_store(course / "grades.sqlite") as book:
        run_, entries = parts(book, len(mine) + more)
        for step in run_.steps(entries):
            if step.state == "graded":
                judges = list(children(os.getpid()).keys() - others)
                places.append([os.sched_getaffinity(pid) for pid in judges])
                if len(places) == 1:
                    os.kill(judges[0], signal.SIGKILL)
                    while judges[0] in children(os.getpid()):
                        time.sleep(0.01)
    if more:
        assert {frozenset(place) for one in places for place in one} == {frozenset(mine)}
    else:
        assert all(len(place) == 1 for one in places for place in one)
        assert all(set().union(*one) <= mine and len(set().union(*one)) == len(one) for one in places)
        assert max(map(len, places[4:])) == len(mine)
    assert orphans() == []


def test_a_store_that_is_locked_half_way_ends_the_run_and_loses_nothing(course, parts, orphans):
    hand_in_all(course, ("right", "numpy", "wrong"))
    store = course / "grades.sqlite"
    with open_store(store, wait=0.2) as book:
        run_, entries = parts(book)
        steps = run_.steps(entries)
        told = {next(step for step in steps if step.grade is not None).entry.student}
        blocker = sqlite3.connect(store, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        with pytest.raises(CourseError, match="locked"):
            finished(steps)
    assert orphans() == []
    blocker.close()
    with open_store(store) as book:  # what the end of this process would do: a dead one's leases are nobody's
        for name in set(book.leases.held().values()):
            book.leases.release(Owner(name=name))
    rest = {record["student"] for record in records(run(course, "class", "--json", GRADE_COURSE_KEY="key").stdout)}
    assert len(told) == 1
    assert not told & rest
    assert told | rest == {"right", "numpy", "wrong", "missing"}


def test_a_clock_that_is_set_back_changes_nothing(course, parts, monkeypatch):
    """Attempts are numbered, not dated: the next one counts on, and nothing is graded twice."""
    hand_in_all(course, ("right", "wrong"))
    with open_store(course / "grades.sqlite") as book:
        run_, entries = parts(book)
        finished(run_.steps(entries))
        monkeypatch.setattr("time.time", lambda: 86_400.0)
        monkeypatch.setattr("grader.gradebook.store._now", lambda: "1970-01-02T00:00:00+00:00")
        run_, entries = parts(book)
        assert {step.state for step in finished(run_.steps(entries)).values()} == {"unchanged"}
        hand_in(course, "wrong", RIGHT)
        run_, entries = parts(book)
        step = finished(run_.steps(entries))["wrong"]
        assert (step.grade.attempt, step.grade.score) == (2, 100.0)
        assert book.attempts("hw1", "wrong")[-1].grade.score == 100.0


def test_a_regrade_shows_before_it_writes(course):
    """The originals, though the folder is gone; a table of who moves and why; nothing without consent; marks of people stay."""
    hand_in_all(course, ("right", "wrong"))
    run(course, "class")
    shutil.rmtree(course / "class")
    with open_store(course / "grades.sqlite") as book:
        before = book.attempts("hw1")
        book.add_marks([Mark("hw1", "wrong", "", 77.0, 100.0, "well argued")])
    (course / "solutions/hw1/hidden/test_more.py").write_text(HIDDEN.replace("student.double(-3) == -6", "student.double(-3) in (6, -6)"))
    shown = run(course, "--regrade", "--json")
    assert (shown.returncode, shown.stdout) == (2, "")
    assert "1 scores change, 1 stay" in shown.stderr
    assert "hidden/test_more.py::test_below_zero FAIL -> PASS" in shown.stderr
    assert "--yes" in shown.stderr
    with open_store(course / "grades.sqlite") as book:
        assert book.attempts("hw1") == before
    written = records(run(course, "--regrade", "--yes", "--json").stdout)
    assert [(r["student"], r["attempt"], r["score"]) for r in written] == [("right", 2, 100.0), ("wrong", 2, 100.0)]
    with open_store(course / "grades.sqlite") as book:
        first, second = book.attempts("hw1", "wrong")
        assert first.handed_in == second.handed_in
        assert book.marks("hw1")["wrong", ""].points == 77.0
    assert "nothing to regrade" in run(course, "--regrade", "--yes").stderr


def test_a_suite_that_is_put_back_counts_again(course):
    """A correction that is taken back leaves no mark of its own: shown first, written as new attempts, without grading anew."""
    hand_in_all(course, ("right", "wrong"))
    hidden = course / "solutions/hw1/hidden/test_more.py"
    run(course, "class")
    hidden.write_text(HIDDEN.replace("== number + number", "== 7"))
    run(course, "--regrade", "--yes")
    hidden.write_text(HIDDEN)
    again = run(course, "class")
    assert "2 hand-ins have marks of another version of the suite" in again.stderr
    assert "grade run hw1 --regrade" in again.stderr
    shown = run(course, "--regrade")
    assert shown.returncode == 2
    assert "2 scores change, 0 stay" in shown.stderr
    assert run(course, "--regrade", "--yes").returncode == 0
    with open_store(course / "grades.sqlite") as book:
        assert {s.person.id: s.final for s in standings(book, "hw1", Rules())} == {"right": 100.0, "wrong": 60.0, "missing": None}
        assert [s.score for s in book.summaries("hw1") if s.student == "right"] == [100.0, 60.0, 100.0]
    assert "nothing to regrade" in run(course, "--regrade", "--yes").stderr
    assert "another version" not in run(course, "class").stderr


@pytest.mark.parametrize("option", ["--regrade", "--pending"])
def test_a_store_that_is_not_there_has_nothing_to_regrade(course, option):
    """A slip in its name is told, and makes no empty store."""
    done = run(course, option, "--store", "typo.sqlite")
    assert done.returncode == 2
    assert "typo.sqlite: no store there yet" in done.stderr
    assert not (course / "typo.sqlite").exists()


def test_a_name_that_no_roster_knows_is_told(course):
    """With the nearest id that has handed in nothing; accents may be written either way; without a roster nobody is a stranger."""
    name = "jos\u00e9"
    for student in ("alise", "Ghost Writer", unicodedata.normalize("NFD", name)):
        hand_in(course, student, RIGHT)
    assert "roster" not in run(course, "class").stderr
    (course / "roster.csv").write_text(f"id,name\nalice,\nbob,\n{name},José\n", encoding="utf-8")
    with open_store(course / "grades.sqlite") as book:
        book.import_roster(roster.load(course / "roster.csv"))
    (told,) = [line for line in run(course, "class").stderr.splitlines() if line.startswith("warning:")]
    assert "Ghost Writer, alise (alice?): not on the roster" in told
    assert name not in told
    with open_store(course / "grades.sqlite") as book:
        assert [s.status for s in standings(book, "hw1", Rules()) if unicodedata.normalize("NFC", s.person.id) == name] == ["graded"]


def test_what_cannot_be_read_is_rejected_with_a_line(course):
    """An archive that we do not know, a text: each a line and no zero. A note beside her work, and what staff lay there, does no harm."""
    hand_in(course, "ada", RIGHT)
    for name in ("s36.rar", "s37.7z", "s38.txt", "ada.docx", "s39.tar.xz"):
        (course / "class" / name).write_bytes(b"Rar!")
    for name in ("roster.csv", ".DS_Store", "Thumbs.db", "desktop.ini", "collected.jsonl", "notes.md", "Makefile"):
        (course / "class" / name).write_bytes(b"x")
    done = run(course, "class")
    assert "1 graded, 4 rejected" in done.stderr
    (told,) = [line for line in done.stderr.splitlines() if line.startswith("warning:")]
    assert "Makefile, notes.md: in class, but no hand-in; nothing is stored" in told
    assert "s36.rar: is not a hand-in; use a folder, .zip" in done.stderr
    with open_store(course / "grades.sqlite") as book:
        assert {s.student: s.status for s in book.summaries("hw1")} == {"ada": "graded"} | dict.fromkeys(
            ("s36", "s37", "s38", "s39"), "rejected"
        )
