"""The pain and the question: what she tried by hand, and what she predicted."""

import math

import pytest

ENOUGH = 8


@pytest.mark.stage("pain", points=10, zh="试过的每一次都记了下来，而且都能重算出来。")
def test_the_pain_is_on_record_and_can_be_computed_again(submission, given):
    """Every try was recorded, k = 1 to 5 among them, and every result can be computed again."""
    pain, tries = given("pain"), submission.lines("pain.jsonl")
    assert len(tries) >= ENOUGH, f"pain.jsonl has {len(tries)} tries; at least {ENOUGH} are asked for. / 只有 {len(tries)} 次尝试，至少要 {ENOUGH} 次。"
    seen = {}
    for number, row in enumerate(tries, 1):
        assert isinstance(row, dict) and {"t", "kind", "input", "result"} <= set(row), f"line {number} lacks t, kind, input or result. / 第 {number} 行缺内容。"
        key = repr((row["kind"], row["input"]))
        try:
            want = seen[key] if key in seen else pain.evaluate(row["kind"], row["input"])
        except ValueError as error:
            raise AssertionError(f"line {number} is no try that pain.py makes: {error} / 第 {number} 行不是 pain.py 会写的。") from None
        seen[key] = want
        assert agrees(row["result"], want), f"line {number} does not compute again. / 第 {number} 行重算的结果不同。"
    letters = {row["input"]["k"] for row in tries if row["kind"] == "table"}
    assert letters == {1, 2, 3, 4, 5}, f"k = 1 to 5 must all be tried; the log has {sorted(letters)}. / k 要从 1 试到 5。"


def agrees(got, want):
    if isinstance(want, dict):
        return isinstance(got, dict) and set(got) == set(want) and all(agrees(got[key], want[key]) for key in want)
    if type(want) in (int, float):
        return type(got) in (int, float) and math.isclose(got, want, rel_tol=1e-9, abs_tol=1e-12)
    return bool(got == want)


@pytest.mark.stage("question", points=10, zh="在机器回答之前，先写下自己的预测。")
def test_the_prediction_was_written_down(submission, given):
    """A prediction was written down for every question before the machine answered."""
    made = submission.json("prediction.json")
    assert isinstance(made, dict) and isinstance(made.get("answers"), dict), "prediction.json must hold t and answers. / 应含 t 和 answers。"
    assert isinstance(made.get("t"), str) and made["t"], "prediction.json must say when it was made (t). / 应写明时间 t。"
    for question in given("pain").QUESTIONS:
        answer = made["answers"].get(question["id"])
        assert isinstance(answer, str) and answer.strip(), f"no answer to the question {question['id']!r}. / 问题 {question['id']} 没有回答。"
