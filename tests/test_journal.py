"""The journal: what is written, what shows tampering, what may be handed in, and the class's figures made of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from class_kit import journal_of, plant_class

from grader import figures, journal
from grader.errors import CourseError
from grader.model import Grade, Outcome, Verdict


def grade(misconception: str | None = None, **outcomes: bool) -> Grade:
    """A grade whose checks are named by the keywords."""
    verdicts = tuple(
        Verdict(f"public/{name}", "s", "c", "c", Outcome.PASS if good else Outcome.FAIL, 10.0 * good, 10.0, misconception=misconception)
        for name, good in outcomes.items()
    )
    return Grade("hw9", "me", "sha256:0", ("public",), "", "graded", 3, "cpu", 0, verdicts, 0.0)


def rows(folder) -> list[dict]:
    return [json.loads(line) for line in journal.path_of(folder).read_text(encoding="utf-8").splitlines()]


def test_only_what_changed_is_written(tmp_path):
    """A run that changes nothing leaves no line: the journal is a history of changes."""
    journal.record(tmp_path, grade(a=False, b=True))
    journal.record(tmp_path, grade(a=False, b=True))
    journal.record(tmp_path, grade(a=True, b=True))
    assert [(row["data"]["passed"], row["data"]["failed"]) for row in rows(tmp_path)] == [
        (["public/b"], ["public/a"]),
        (["public/a"], []),
    ]


def test_it_holds_no_code_and_no_person(tmp_path):
    """Names of checks and misconceptions, times and points: nothing else."""
    journal.record(tmp_path, grade("assigns", a=False))
    journal.opened(tmp_path, "a", 1)
    first, second = rows(tmp_path)
    assert set(first) == set(second) == {"t", "kind", "data", "prev", "hash"}
    assert set(first["data"]) == {"passed", "failed", "misconceptions", "score"}
    assert second["data"] == {"check": "a", "level": 1}
    assert "me" not in json.dumps(first["data"])


def test_a_eureka_is_a_check_that_went_from_fail_to_pass(tmp_path):
    """What passed from the beginning is no eureka."""
    journal.record(tmp_path, grade(a=False, b=True))
    journal.record(tmp_path, grade(a=True, b=False))
    journal.record(tmp_path, grade(a=True, b=True))
    kept = journal.read(tmp_path)
    assert [eureka.check for eureka in kept.eurekas()] == ["public/a", "public/b"]
    assert kept.eurekas()[0].since is None
    assert kept.eurekas()[1].since is not None
    assert kept.best == 20
    assert kept.passed == {"public/a", "public/b"}


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines[1:],
        lambda lines: [lines[0], lines[2]],
        lambda lines: [lines[1], lines[0], lines[2]],
        lambda lines: [lines[0].replace(b'"score": 10.0', b'"score": 20.0'), *lines[1:]],
        lambda lines: [*lines, b"{}"],
        lambda lines: [*lines, b"[" * 5000],
        lambda lines: [*lines, b"\xff\xfe"],
    ],
    ids=["first dropped", "one dropped", "swapped", "points raised", "an empty line put in", "too deep", "no text"],
)
def test_a_journal_that_was_changed_is_not_intact_and_is_not_handed_in(tmp_path, change):
    journal.record(tmp_path, grade(a=False, b=True))
    journal.opened(tmp_path, "a", 1)
    journal.record(tmp_path, grade(a=True, b=True))
    journal.set_consent(tmp_path, True)
    assert journal.to_hand_in(tmp_path)
    path = journal.path_of(tmp_path)
    path.write_bytes(b"\n".join(change(path.read_bytes().splitlines())) + b"\n")
    assert not journal.read(tmp_path).intact
    assert journal.to_hand_in(tmp_path) is None
    journal.opened(tmp_path, "a", 1)  # a new one is begun, the old one kept aside
    assert journal.read(tmp_path).intact
    assert path.with_name("journal.jsonl.1.bak").is_file()


def test_a_journal_that_was_set_aside_stays(tmp_path):
    """A second one that is not intact does not take the place of the first."""
    path = journal.path_of(tmp_path)
    path.parent.mkdir()
    for broken in ("one\n", "two\n"):
        path.write_text(broken)
        journal.opened(tmp_path, "a", 1)
    assert [path.with_name(f"journal.jsonl.{number}.bak").read_text() for number in (1, 2)] == ["one\n", "two\n"]
    assert journal.read(tmp_path).intact


def test_without_consent_nothing_is_handed_in(tmp_path):
    """Asked once: None before she was asked, and her answer is kept."""
    journal.record(tmp_path, grade(a=True))
    assert journal.consent(tmp_path) is None
    assert journal.to_hand_in(tmp_path) is None
    journal.set_consent(tmp_path, False)
    assert journal.consent(tmp_path) is False
    assert journal.to_hand_in(tmp_path) is None


def history(passes_after: float | None) -> journal.Journal:
    """A student who began at 12:00, passed `a` so many seconds later or never, and was last seen after 1000 s."""
    start = datetime(2026, 1, 1, 12, tzinfo=UTC)

    def entry(seconds: float, passed: list[str], failed: list[str]) -> journal.Entry:
        data = {"passed": passed, "failed": failed, "misconceptions": [], "score": 0.0}
        return journal.Entry((start + timedelta(seconds=seconds)).isoformat(), journal.CHECK, data)

    middle = [] if passes_after is None else [entry(passes_after, ["a"], [])]
    return journal.Journal((entry(0, [], ["a", "z"]), *middle, entry(1000, ["z"], [])))


def test_time_to_first_pass_counts_those_who_never_did_as_censored():
    """By hand: of four, one passes at 100 s (3/4 wait), one at 200 s (1/2 wait); two never do."""
    (a, _) = figures.class_figures({}, [history(100), history(200), history(None), history(None)]).curves
    assert (a.check, a.students, a.never) == ("a", 4, 2)
    at = dict(zip(a.seconds, a.waiting, strict=True))
    assert at[100] == pytest.approx(0.75)
    assert at[200] == pytest.approx(0.5)
    assert a.median == 200


def test_nobody_passing_is_steep_and_a_changed_journal_does_not_count():
    steep = figures.class_figures({}, [history(None)] * 5).curves[0]
    assert (steep.median, steep.verdict) == (None, "steep")
    broken = journal.Journal(history(100).entries, intact=False)
    assert figures.class_figures({}, [broken]).curves == ()


def test_misconceptions_are_counted_by_student():
    """Three failing checks of one student are one student."""
    grades = {"ann": grade("assigns", a=False, b=False), "bob": grade("assigns", a=False), "cat": grade(a=True)}
    assert figures.class_figures(grades).misconceptions == (("assigns", 2),)


def test_the_journals_of_a_class_are_found_in_its_hand_ins(tmp_path):
    """A folder or a zip each; what holds no journal, or cannot be read, is left out, and a changed one is not intact."""
    plant_class(tmp_path / "course", 4)
    hand_ins = tmp_path / "course" / "hand-ins"
    (hand_ins / "nothing").mkdir()
    (hand_ins / "broken.zip").write_bytes(b"PK\x03\x04 no zip")
    (hand_ins / "changed").mkdir()
    (hand_ins / "changed" / "journal.jsonl").write_bytes(journal_of(0).replace(b'"score": 0.0', b'"score": 9.0', 1))
    found = journal.of_hand_ins(hand_ins)
    assert sorted(found) == ["changed", "s00", "s01", "s02", "s03"]
    assert [name for name, one in found.items() if not one.intact] == ["changed"]
    assert figures.class_figures({}, found.values()).journals == 4


def test_two_mistakes_at_once_count_for_both():
    assert figures.class_figures({"ann": grade("assigns+late", a=False)}).misconceptions == (("assigns", 1), ("late", 1))


@contextmanager
def full_disk(bytes_left: int, path) -> Iterator[None]:
    """No file grows past what *path* has and *bytes_left* more: a write takes what still fits, and the next one fails."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + bytes_left, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.skipif(sys.platform == "win32", reason="NOT RUN: no limit for files on Windows")
def test_a_full_disk_leaves_the_journal_as_it_was(tmp_path):
    """A part of a line fits: it does not stay, and she is told what to do."""
    journal.record(tmp_path, grade(a=False))
    path = journal.path_of(tmp_path)
    before = path.read_bytes()
    with full_disk(40, path), pytest.raises(CourseError, match="free some space"):
        journal.record(tmp_path, grade(a=True))
    assert path.read_bytes() == before
    journal.record(tmp_path, grade(a=True))
    assert [eureka.check for eureka in journal.read(tmp_path).eurekas()] == ["public/a"]


@pytest.mark.parametrize("torn", [b'{"t": "2026-01-01T12:00:00+00:00", "ki', b"\0\0\0", b"{}"])
def test_a_line_that_was_cut_short_is_no_tampering(tmp_path, torn):
    """A kill or a power cut in the middle of a write: what was there counts, and the next line takes the place of the torn one."""
    journal.record(tmp_path, grade(a=False))
    path = journal.path_of(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    assert journal.read(tmp_path).intact
    assert journal.to_hand_in(tmp_path, agreed=True) == whole
    journal.record(tmp_path, grade(a=True))
    assert path.read_bytes().startswith(whole + b'{"t"')
    assert [len(row["data"]["passed"]) for row in rows(tmp_path)] == [0, 1]
    assert not list(path.parent.glob("*.bak"))


def test_an_answer_that_cannot_be_kept_is_asked_for_again(tmp_path):
    (tmp_path / ".grade").write_text("a file in the way\n")
    journal.set_consent(tmp_path, True)
    assert journal.consent(tmp_path) is None
