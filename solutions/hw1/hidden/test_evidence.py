"""The hidden checks of the evidence: honest tries, a prediction, and tests that catch wrong programs."""

import math
from datetime import datetime

import pytest

TRIES, EACH = 30, 5  # tries in all; different settings of each kind


def tries_of(submission, given, kind):
    """Return the different settings of *kind* that were tried, after recomputing the whole log."""
    pain = given("pain")
    log = submission.lines("pain.jsonl")
    assert len(log) >= TRIES, f"pain.jsonl has {len(log)} tries; {TRIES} are due (python pain.py)"
    settings = set()
    for number, entry in enumerate(log, 1):
        where = f"pain.jsonl, try {number}"
        assert isinstance(entry, dict), f"{where}: not a try as pain.py writes it"
        assert isinstance(entry.get("kind"), str), f"{where}: no kind"
        try:
            datetime.fromisoformat(entry.get("t", "").replace("Z", "+00:00"))
            result = pain.evaluate(entry["kind"], entry.get("input"))
        except (ValueError, AttributeError) as error:
            pytest.fail(f"{where}: {error}")
        told = entry.get("result")
        assert type(told) in (int, float), f"{where}: the result is no number"
        assert math.isclose(told, result, rel_tol=1e-9, abs_tol=1e-12), f"{where}: these knobs give another loss than the one logged"
        if entry["kind"] == kind:
            settings.add(tuple(entry["input"]))
    return settings


@pytest.mark.stage("pain", points=5, zh="亲手调过 4 个旋钮：记录里的每次损失都能重新算出来。")
def test_four_knobs_by_hand(submission, given):
    """You tried the 4 knobs by hand, and every logged loss recomputes."""
    count = len(tries_of(submission, given, "loss4"))
    assert count >= EACH, f"{count} different settings of the 4 knobs were tried; {EACH} are due"


@pytest.mark.stage("pain", points=5, zh="亲手调过 41 个旋钮：记录里的每次损失都能重新算出来。")
def test_forty_one_knobs_by_hand(submission, given):
    """You tried the 41 knobs by hand, and every logged loss recomputes."""
    count = len(tries_of(submission, given, "loss41"))
    assert count >= EACH, f"{count} different settings of the 41 knobs were tried; {EACH} are due"


@pytest.mark.stage("question", points=10, zh="先写下预测，再看答案；猜对猜错不计分。")
def test_a_prediction_was_made(submission, given):
    """A prediction was written down for every question; being right is not graded."""
    prediction = submission.json("prediction.json")
    assert isinstance(prediction, dict), "prediction.json is not what pain.py writes"
    answers = prediction.get("answers")
    assert isinstance(answers, dict), "prediction.json has no answers"
    for question in given("pain").QUESTIONS:
        answer = answers.get(question["id"])
        assert isinstance(answer, str), f"the question {question['id']!r} has no answer in prediction.json"
        assert answer.strip(), f"the answer to {question['id']!r} is empty"


@pytest.mark.stage("break", points=2, zh="你的测试放过正确的程序，抓住错误的程序。")
@pytest.mark.parametrize(
    "target", ["skips-the-last-example", "measures-knob-zero", "forgets-the-two", "points-downhill", "stops-one-short"]
)
def test_break_it(break_it, target):
    """Your tests pass right programs and catch a wrong one."""
    assert break_it.tests > 0, "break_it.py has no test_...(student) function yet"
    assert break_it.failed_right() == [], "one of your tests fails a program that is right"
    assert break_it.caught(target), "none of your tests catches this wrong program"
