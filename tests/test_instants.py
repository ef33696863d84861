"""instants.csv: when each hand-in came, where its files do not know."""

from __future__ import annotations

import pytest
from batch_kit import TIER, course, hand_in_all, run  # noqa: F401

from grader import wall
from grader.errors import CourseError
from grader.gradebook import open_store
from grader.intake import instants

# ruff: noqa: F811  # fixtures are imported by name


def written(folder, text):
    (folder / "instants.csv").write_text(text, encoding="utf-8-sig")
    return instants.load(folder)


def test_instants_are_read_in_any_order_and_any_zone(tmp_path):
    """A spreadsheet's mark at the start, other columns, blank lines and another zone are all fine."""
    text = "name,Instant,id\nAda,2026-11-30T23:59:00+08:00,ada\n,,\nBob,,bob\nCy,2026-12-01 07:30:00Z,cy\n"
    assert written(tmp_path, text) == {"ada": "2026-11-30T15:59:00+00:00", "cy": "2026-12-01T07:30:00+00:00"}
    (tmp_path / "instants.csv").unlink()
    assert instants.load(tmp_path) == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("student,when\nada,2026-11-30T23:59:00Z\n", "columns id,instant"),
        ("id,instant\nada,yesterday\n", "line 2: 'yesterday' is not an instant"),
        ("id,instant\nada,2026-11-30T23:59:00\n", "with its time zone"),
        ("id,instant\nada,2026-11-30T23:59:00Z\nada,2026-11-30T23:59:00Z\n", "line 3: 'ada' is there twice"),
    ],
)
def test_a_slip_is_named_with_its_line_in_both_languages(tmp_path, text, says):
    """A time that was guessed would make somebody late."""
    with pytest.raises(CourseError) as found:
        written(tmp_path, text)
    assert says in found.value.in_language("en")
    assert found.value.in_language("zh") != found.value.in_language("en")


@pytest.mark.skipif(wall.probe().tier > 2, reason=f"NOT RUN: {TIER}")
def test_a_run_takes_the_instants_of_the_folder(course):
    """Graded and refused hand-ins alike; who is not listed has her file's own time."""
    hand_in_all(course, ("right", "wrong"))
    (course / "class" / "instants.csv").write_text("id,instant\nright,2026-03-01T00:00:00Z\nmissing,2026-03-02T00:00:00Z\n")
    done = run(course, "class")
    assert done.returncode == 0, done.stderr
    with open_store(course / "grades.sqlite") as book:
        when = {summary.student: summary.handed_in for summary in book.summaries()}
    assert when["right"] == "2026-03-01T00:00:00+00:00"
    assert when["missing"] == "2026-03-02T00:00:00+00:00"
    assert when["wrong"] > "2026-04"
    assert set(when) == {"right", "wrong", "missing"}
