"""A loss threshold lies above mean + 4 sigma of the reference and below the nearest wrong program, and the audit says when it does not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from grader import manifest
from grader.audit import programs, thresholds
from grader.errors import SuiteError
from grader.scaffold import scaffold

COURSE = Path(__file__).resolve().parents[1]
DUE = {"hw1": {"the neuron": 20}, "hw3": {"the line": 20, "friction": 20}, "hw4": {"fixed": 20, "stretch": 10}}  # least seeds


@pytest.fixture
def course(tmp_path):
    (tmp_path / "assignments").mkdir()
    scaffold("hw5", "fit", tmp_path)
    return tmp_path


def measured(course: Path) -> tuple[list[tuple[str, str]], list[str]]:
    """Return what is amiss, and what was said while it was found out."""
    assignment, said = manifest.find("hw5", course), []
    return list(thresholds.check(assignment, programs.wrong_programs(assignment), said.append)), said


def change(path: Path, find: str, replace: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(find) == 1
    path.write_text(text.replace(find, replace), encoding="utf-8")


def test_a_fresh_homework_comes_with_a_threshold_that_holds(course):
    """Measured once, kept, and not measured again while nothing changes but a comment."""
    assert measured(course) == ([], ["hw5: measuring the threshold the line over 200 seeds"])
    change(course / "solutions/hw5/fit.py", "    slope = start\n", "    # where the walk begins\n\n    slope = start\n")
    assert measured(course) == ([], [])


def test_a_threshold_that_chance_would_fail_is_found(course):
    change(course / "solutions/hw5/hidden/test_line.py", "THRESHOLD = 0.02", "THRESHOLD = 0.014")
    ((program, what),) = measured(course)[0]
    assert program == "reference"
    assert re.search(r"test_training_reaches_the_loss, 0\.014, lies below mean 0\.00\d+ \+ 4 x 0\.00\d+ = 0\.01\d+ \(200 seeds\)", what)


def test_a_threshold_that_lets_a_wrong_program_pass_is_found(course):
    change(course / "solutions/hw5/hidden/test_line.py", "THRESHOLD = 0.02", "THRESHOLD = 1e300")
    ((program, what),) = measured(course)[0]
    assert program == "climbs"
    assert "does not stop this program" in what


def test_a_reference_that_got_worse_is_measured_anew(course):
    """The record does not speak for another program than the one that was measured."""
    assert measured(course)[0] == []
    change(course / "solutions/hw5/fit.py", "for _ in range(steps):", "for _ in range(steps // 20):")
    found, said = measured(course)
    assert [program for program, _ in found] == ["reference"]
    assert len(said) == 1


def test_a_program_that_raises_reaches_nothing(course):
    """It counts as stopped, and an infinite loss does not break the figures."""
    change(course / "solutions/hw5/wrong/climbs.toml", "slope += lr", "slope += lr / 0")
    assert measured(course)[0] == []
    (threshold,) = thresholds.recorded(manifest.find("hw5", course))
    assert [one.mean for one in threshold.measured[1:]] == [float("inf")]


def test_a_slip_in_the_description_is_the_suites(course):
    (course / "solutions/hw5/calibrate.py").write_text("import nowhere\n", encoding="utf-8")
    with pytest.raises(SuiteError, match=r"calibrate\.py: .*nowhere"):
        measured(course)


@pytest.mark.parametrize("name", DUE)
def test_every_loss_threshold_of_the_course_is_calibrated(name):
    """Over at least 20 seeds (10 for the stretch), with a wrong program or a table beside the reference; all where they must lie."""
    found = {one.name: one for one in thresholds.recorded(manifest.find(name, COURSE))}
    assert found.keys() == DUE[name].keys()
    for key, one in found.items():
        assert one.measured[0].program == "reference"
        assert one.measured[0].seeds >= DUE[name][key]
        assert len(one.measured) >= 2
        assert list(thresholds.amiss(one)) == []
