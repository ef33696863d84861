"""The hidden checks of the evidence: honest tries, a prediction, and tests that catch wrong programs."""

import json
import math
from datetime import datetime

import pytest

READ = 1000  # tries that are recomputed and counted; more are not looked at


def same(told, result):
    """Return whether a logged result is what was recomputed: names equal, numbers to a billionth."""
    if isinstance(result, dict):
        return isinstance(told, dict) and told.keys() == result.keys() and all(same(told[k], result[k]) for k in result)
    if isinstance(result, list):
        return isinstance(told, list) and len(told) == len(result) and all(map(same, told, result))
    return type(told) in (int, float) and math.isclose(told, result, rel_tol=1e-9, abs_tol=1e-12)


def tries_of(submission, given, kind):
    """Return the different inputs of *kind* that were tried, after recomputing the log."""
    pain, inputs = given("pain"), set()
    for number, entry in enumerate(submission.lines("pain.jsonl")[:READ], 1):
        where = f"pain.jsonl, try {number}"
        assert isinstance(entry, dict), f"{where}: not a try as pain.py writes it"
        assert isinstance(entry.get("kind"), str), f"{where}: no kind"
        try:
            datetime.fromisoformat(entry.get("t", "").replace("Z", "+00:00"))
            result = pain.evaluate(entry["kind"], entry.get("input"))
        except (ValueError, AttributeError) as error:
            pytest.fail(f"{where}: {error}")
        assert same(entry.get("result"), result), f"{where}: this input gives another result than the one logged"
        if entry["kind"] == kind:
            inputs.add(json.dumps(entry["input"], sort_keys=True))
    return inputs


@pytest.mark.stage("pain", points=5, zh="看过至少 5 场比赛：记录里的结果都能重新算出来。")
def test_the_race_was_watched(submission, given):
    """You watched at least 5 races, and every logged result recomputes."""
    count = len(tries_of(submission, given, "race"))
    assert count >= 5, f"{count} different races were run; 5 are due (python pain.py race)"


@pytest.mark.stage("pain", points=5, zh="试过至少 10 个学习率，想让秋千停下来：记录里的结果都能重新算出来。")
def test_the_swing_was_tried(submission, given):
    """You tried at least 10 learning rates to stop the swing, and every logged result recomputes."""
    count = len(tries_of(submission, given, "swing"))
    assert count >= 10, f"{count} different learning rates were tried; 10 are due (python pain.py swing)"


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
@pytest.mark.parametrize("target", ["half-the-boards", "every-third-step", "only-above-zero", "tells-the-loss-after", "one-step-too-many"])
def test_break_it(break_it, target):
    """Your tests pass right programs and catch a wrong one."""
    assert break_it.tests > 0, "break_it.py has no test_...(student) function yet"
    assert break_it.failed_right() == [], "one of your tests fails a program that is right"
    assert break_it.caught(target), "none of your tests catches this wrong program"
