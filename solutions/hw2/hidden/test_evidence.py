"""The pain log must recompute; a prediction must have been made. Neither is graded for being right."""

import math

import pytest

LOG, PREDICTION = "pain.jsonl", "prediction.json"


def same(got, want):
    """Say whether two JSON values agree: numbers to 1e-9 relative, everything else exactly."""
    if type(got) is dict and type(want) is dict:
        return got.keys() == want.keys() and all(same(got[key], want[key]) for key in want)
    if type(got) is list and type(want) is list:
        return len(got) == len(want) and all(same(x, y) for x, y in zip(got, want, strict=True))
    if type(got) in (int, float) and type(want) in (int, float):
        return math.isclose(got, want, rel_tol=1e-9, abs_tol=1e-12)
    return type(got) is type(want) and got == want


def honest_tries(submission, given):
    """Return the log's tries by kind, or fail at the first that does not recompute."""
    pain = given("pain")
    tries = {kind: [] for kind in pain.KINDS}
    for number, row in enumerate(submission.lines(LOG), 1):
        is_a_try = type(row) is dict and {"t", "kind", "input", "result"} <= row.keys()
        assert is_a_try, f"{LOG}, line {number}: not a try"
        known = type(row["kind"]) is str and row["kind"] in tries
        assert known, f"{LOG}, line {number}: no try of this kind exists"
        try:
            result = pain.evaluate(row["kind"], row["input"])
        except ValueError as error:
            pytest.fail(f"{LOG}, line {number}: {error}")
        assert same(row["result"], result), f"{LOG}, line {number}: the result does not recompute"
        tries[row["kind"]].append(row)
    return tries


@pytest.mark.stage("pain", points=5, zh="轻推法的记录：至少三种旋钮数，逐行重算都对得上。")
def test_the_race_was_run(submission, given):
    """The log of nudging: at least three sizes of net, and every line recomputes."""
    tries = honest_tries(submission, given)
    sizes = {row["input"]["knobs"] for row in tries["race"]}
    assert len(sizes) >= 3, f"{LOG}: race with at least 3 different numbers of knobs (found {len(sizes)})"


@pytest.mark.stage("pain", points=5, zh="手算六个节点的记录：至少试过一次，还轻推过几个节点。")
def test_the_blame_was_sought_by_hand(submission, given):
    """The log of the six-node graph: at least one answer by hand and three nudges, whatever the score."""
    tries = honest_tries(submission, given)
    assert len(tries["blame"]) >= 1, f"{LOG}: answer the six-node graph at least once; the score does not matter"
    assert len(tries["nudge"]) >= 3, f"{LOG}: nudge at least 3 nodes (found {len(tries['nudge'])})"


@pytest.mark.stage("question", points=10, zh="预测写下来了，每一问都有回答（不看对错）。")
def test_a_prediction_was_made(submission, given):
    """Every question was answered before the machine spoke; right or wrong does not matter."""
    prediction = submission.json(PREDICTION)
    answers = prediction.get("answers") if type(prediction) is dict else None
    assert type(answers) is dict, f"{PREDICTION}: answers are missing"
    for question in given("pain").QUESTIONS:
        answer = answers.get(question["id"])
        answered = type(answer) is str and answer.strip() != ""
        assert answered, f"{PREDICTION}: no answer to {question['id']!r}"
