"""grade check, hint and status in a student's folder: stages in order, levels that are written down, two languages."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from test_release import plant
from twice_kit import SUITE, handout

from grader import cli, journal, steps

MANIFEST = """name = "hw9"
title = "Twice"
title_zh = "两倍"
submit = { module = "twice", files = ["twice.py", "pain.jsonl", "prediction.json"] }
stage = [{ name = "double", part = "solution", public = 20, hidden = 80 }]
"""
WRONG, RIGHT = "def double(x):\n    return x + 1\n", "def double(x):\n    return x + x\n"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A student's folder, her work wrong, nothing tried by hand yet; it is the current folder."""
    folder = tmp_path / "hw9"
    plant(tmp_path, handout(MANIFEST, SUITE.format(points=20), WRONG))
    monkeypatch.chdir(folder)
    monkeypatch.delenv(steps.VARIABLE, raising=False)
    return folder


def run(*arguments: str, lang: str = "en"):
    return CliRunner(env={"GRADE_LANG": lang}).invoke(cli.main, list(arguments))


def evidence(home) -> None:
    (home / "pain.jsonl").write_text("{}\n", encoding="utf-8")
    (home / "prediction.json").write_text("{}\n", encoding="utf-8")


@pytest.mark.parametrize(("lang", "says"), [("en", "got 5, should be 8"), ("zh", "得到 5，应为 8")])
def test_check_shows_got_and_should_be_in_her_language(home, lang, says):
    done = run("check", "hw9", lang=lang)
    assert done.exit_code == 1
    assert says in done.output


def test_check_tells_what_the_next_hint_costs_and_what_opens_the_next_part(home):
    """No points, but it is written down; and the pain comes before the question."""
    done = run("check", "hw9")
    assert "level 1 of 3. It costs no points" in done.output
    assert "To open the part 'question'" in done.output


def test_hints_open_one_level_at_a_time_and_are_written_down(home):
    evidence(home)
    run("check", "hw9")
    first = run("hint", "hw9")
    assert "What is 4 and 4?" in first.output
    assert "double(4) is 8." not in first.output
    second = run("hint", "hw9", "test_double", lang="zh")
    assert "double(4) 是 8。" in second.output
    assert journal.read(home).hints("test_double") == 2
    for _ in range(3):
        last = run("hint", "hw9")
    assert "put the number beside itself" in last.output
    assert journal.read(home).hints("test_double") == 3


def test_hints_to_a_part_wait_until_it_is_open(home):
    """A guard against spoilers: who sets GRADE_OPEN=all passes it."""
    run("check", "hw9")
    closed = run("hint", "hw9")
    assert closed.exit_code == 2
    assert "not open yet" in closed.output
    assert "4 and 4" not in closed.output
    opened = CliRunner(env={"GRADE_LANG": "en", steps.VARIABLE: "all"}).invoke(cli.main, ["hint", "hw9"])
    assert "What is 4 and 4?" in opened.output


def test_a_hint_that_does_not_exist_names_the_nearest(home):
    evidence(home)
    done = run("hint", "hw9", "test_duble")
    assert done.exit_code == 2
    assert "did you mean 'test_double'?" in done.output


def test_status_shows_best_points_open_parts_and_eurekas(home):
    evidence(home)
    run("check", "hw9")
    (home / "twice.py").write_text(RIGHT, encoding="utf-8")
    run("check", "hw9")
    done = run("status")
    assert "best so far: 20 / 20" in done.output
    assert "eurekas: 1" in done.output
    assert "stretch" in done.output
    (row,) = json.loads(run("status", "--json").stdout)
    assert (row["assignment"], row["best"], row["checks_passed"], len(row["eurekas"])) == ("hw9", 20.0, 1, 1)
    assert "最好成绩：20 / 20" in run("status", lang="zh").output


def test_a_broken_prediction_has_to_be_made_again(home):
    """Half a file, as a full disk leaves it, was no prediction: status, check and hint say what to do."""
    evidence(home)
    run("check", "hw9")
    assert "prediction" not in run("status").output
    (home / "prediction.json").write_text('{"t": "20', encoding="utf-8")
    assert "write your prediction down first" in run("status").output
    assert "write your prediction down first" in run("check", "hw9").output
    assert "write your prediction down first" in run("hint", "hw9").output


def test_status_says_when_the_journal_was_changed(home):
    run("check", "hw9")
    path = journal.path_of(home)
    path.write_text(path.read_text(encoding="utf-8").replace("failed", "passed", 1), encoding="utf-8")
    assert "does not count" in run("status").output
