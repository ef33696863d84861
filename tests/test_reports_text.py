"""What a student reads on her terminal, and what a program reads."""

from __future__ import annotations

import dataclasses
import json

from click.testing import CliRunner
from gradebook_kit import grade, verdict

from grader import cli
from grader.cli import report
from grader.gradebook import open_store
from grader.model import Outcome
from grader.reports import lines, to_json
from grader.reports.copies import Pair


def test_json_has_the_promised_shape():
    """Exactly these keys, in this order: programs rely on them."""
    one = grade("alice", verdict(1, Outcome.FAIL, message="got 1", question="How many?", misconception="assigns-grad"), attempt=3)
    record = to_json(one)
    head = "assignment student submission suites suite_hash attempt status tier device score max_score seconds checks"
    assert list(record) == head.split()
    assert list(record["checks"][0]) == [
        "id",
        "stage",
        "concept",
        "outcome",
        "points",
        "max_points",
        "seconds",
        "message",
        "misconception",
        "question",
    ]
    assert json.loads(json.dumps(record)) == record
    assert record["suites"] == ["public", "hidden"]
    assert to_json(one, "zh")["checks"][0]["concept"] == "概念 1。"


def test_json_says_why_nothing_was_graded():
    """A rejected hand-in has no checks, so its one line stands at the top."""
    refused = dataclasses.replace(grade(status="rejected", message="no micrograd.py"), verdicts=())
    assert to_json(refused)["message"] == "no micrograd.py"
    assert to_json(refused)["checks"] == []


def test_the_message_comes_first_and_the_traceback_on_demand():
    """What, where and what to try; Python's internals only when asked for."""
    bad = verdict(1, Outcome.FAIL, message="a.grad is 1, not 2", where="micrograd.py:7", question="How many?", traceback="Traceback ...")
    shown = lines(grade("a", verdict(0), bad))
    assert shown[1].startswith("✗ Concept 1.")
    assert "a.grad is 1, not 2" in shown[2]
    assert "micrograd.py:7" in shown[3]
    assert "How many?" in shown[4]
    assert "Traceback" not in "\n".join(shown)
    assert "  | Traceback ..." in lines(grade("a", bad), verbose=True)


def test_the_other_failures_take_a_line_each_and_then_a_number():
    """A wall of red helps nobody."""
    shown = lines(grade("a", *(verdict(i, Outcome.FAIL, message="secret") for i in range(12))))
    assert sum(part.startswith("✗") for part in shown) == 9
    assert "  and 3 more" in shown
    assert sum("secret" in part for part in shown) == 1


def test_points_stand_by_stage_and_in_all():
    """In the order of the stages, with a bar."""
    checks = [verdict(0), verdict(1, Outcome.FAIL), dataclasses.replace(verdict(2), stage="拓扑", points=2.5, max_points=2.5)]
    shown = lines(grade("a", *checks))
    assert "  local  █████░░░░░  5 / 10" in shown
    assert "  拓扑   ██████████  2.5 / 2.5" in shown
    assert shown[-1] == "7.5 / 12.5 points"
    assert lines(grade("a", verdict(0)))[-1] == "All passed: 5 / 5 points"


def test_pending_and_fault_say_that_they_cost_nothing():
    """And are never the thing to look at first."""
    shown = "\n".join(lines(grade("a", verdict(0, Outcome.PENDING), verdict(1, Outcome.FAULT))))
    assert "waits for a device" in shown
    assert "our fault" in shown
    assert "Look at this first" not in shown
    assert "All passed" not in shown


def test_hidden_checks_are_announced_by_their_concepts():
    """ "All passed" while hidden ones fail would be a lie."""
    shown = lines(grade("a", verdict(0)), hidden=[("backward", "Blame adds up.")])
    assert shown[-2].startswith("The grading runs more checks")
    assert shown[-1] == "  · Blame adds up."


def test_of_many_hidden_checks_those_of_her_stage_are_named():
    """A beginner's first screen is not filled with what comes later; when nothing fails, or on demand, all are told."""
    many = [("local", "A sum."), ("net", "A neuron."), ("net", "A layer.")]
    failing = verdict(0, Outcome.FAIL)
    short, whole = (lines(grade("a", failing), "en", verbose, hidden=many) for verbose in (False, True))
    assert short[-3:] == [
        "The grading runs more checks, which you cannot see. In 'local' they are about:",
        "  · A sum.",
        "  2 in other parts: --verbose lists them",
    ]
    assert whole[-3:] == ["  · A sum.", "  · A neuron.", "  · A layer."]
    assert lines(grade("a", verdict(0)), hidden=many)[-3:] == whole[-3:]


def test_chinese_is_spoken_throughout():
    """No English sentence is left in the Chinese output."""
    shown = "\n".join(lines(grade("a", verdict(0, Outcome.CRASH), verdict(1, Outcome.TIMEOUT)), "zh", hidden=[("stage", "相加")]))
    for word in ("先看这一个", "程序中途退出", "还没通过", "超时", "分", "看不到的测试"):
        assert word in shown
    for word in ("Look", "points", "passed", "Concept"):
        assert word not in shown


def test_what_was_not_graded_gets_one_line():
    """Rejected: hers to mend. Fault: ours."""
    assert lines(grade(status="rejected", message="no micrograd.py")) == ["Not accepted: no micrograd.py"]
    assert lines(grade(status="fault", message="no worker")) == ["Our grader failed; this costs you nothing: no worker"]


def test_pairs_that_share_code_are_printed_too(tmp_path, monkeypatch):
    """``--similar`` without ``--out`` is answered on the terminal, where nobody was found as well."""
    monkeypatch.chdir(tmp_path)
    with open_store(tmp_path / "grades.sqlite") as book:
        book.append(grade("ada"))
    for pairs, lang, says in (
        ([Pair("ada", "bob", 0.97)], "en", "   97%  ada, bob"),
        ([], "en", "Similar hand-ins: none"),
        ([], "zh", "相似的提交：无"),
    ):
        monkeypatch.setattr(report, "_similar", lambda *_, found=pairs: found)
        done = CliRunner(env={"GRADE_LANG": lang}).invoke(cli.main, ["report", "hw2", "--similar"])
        assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, says)
