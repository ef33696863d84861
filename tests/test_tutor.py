"""The tutor: the question that a mistake deserves, an ambiguity shown as one, and silence rather than a false name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from grader import audit, handout, hints, manifest, marks, phrases, practice, seeds, steps
from grader.errors import CourseError, GraderFault
from grader.gradebook import Attempt, Standing
from grader.model import Grade, Outcome, Verdict
from grader.reports import classview, jsonform, text
from grader.roster import Person
from grader.tutor import Known, Misconception, annotate, diagnose, load_known, save_known, trace_paths
from grader.tutor.known import ANY_SEED

ROOT = Path(__file__).parent.parent
COURSE = [manifest.find(name, ROOT) for name in manifest.names(ROOT)]
RAMP = ("local", "order", "net")


def check(name: str, *trace: object, stage: str = "local", outcome: Outcome = Outcome.FAIL) -> Verdict:
    return Verdict(name, stage, "", "", outcome, 0.0, 1.0, trace=trace)


def passed(name: str, stage: str = "local") -> Verdict:
    return check(name, stage=stage, outcome=Outcome.PASS)


def knows(*rows: tuple[str, str, tuple[object, ...]], loose: tuple[str, ...] = (), seed: int = ANY_SEED) -> Known:
    """What is known, from (program, check, trace)."""
    traces: dict = {}
    for program, name, trace in rows:
        traces.setdefault((name, seed), {})[program] = (*trace, "FAIL")
    called = {program.partition("~")[0] for program, _, _ in rows}
    return Known("hash", {name: Misconception(name, f"{name}?", f"{name}？") for name in called}, traces, frozenset(loose))


def names(verdicts: list[Verdict], known: Known, seed: int = 0) -> tuple[tuple[str, ...], ...]:
    return diagnose(verdicts, known, seed).groups


def test_an_equal_trace_names_the_misconception():
    known = knows(("half", "a", (2.5,)), ("twice", "a", (10.0,)))
    assert names([check("a", 2.5000001)], known) == (("half",),)


def test_an_unknown_failure_is_called_unknown():
    found = diagnose([check("a", 7.25)], knows(("half", "a", (2.5,))), 0)
    assert found.groups == ()
    assert found.unknown == ("a",)


def test_zeros_and_ones_by_themselves_convince_nobody():
    """A dozen mistakes show 0.0: one such check names none of them."""
    assert names([check("a", 0.0)], knows(("nothing", "a", (0.0,)))) == ()


def test_what_cannot_be_told_apart_is_shown_as_such():
    known = knows(("one", "a", (2.5,)), ("other", "a", (2.5,)))
    assert names([check("a", 2.5)], known) == (("one", "other"),)
    (asked,) = annotate(grade(check("a", 2.5)), known).verdicts
    assert asked.misconception == "one|other"
    assert asked.question == "one? / other?"


def test_a_passed_check_at_home_speaks_against_a_program_that_fails_it():
    known = knows(("half", "a", (2.5,)), ("half", "b", (3.5,)))
    assert names([check("a", 2.5), passed("b")], known) == ()


def test_further_up_the_ramp_the_same_mistake_may_look_different():
    """Home is the first stage in which a program fails; what it shows in a later one depends on style."""
    known = knows(("half", "a", (2.5,)), ("half", "z", (9.5,)))
    assert names([check("a", 2.5), check("z", 8.5, stage="net")], known) == (("half",),)


def test_a_check_that_right_styles_disagree_on_proves_nothing_against():
    rows = (("half", "a", (2.5,)), ("half", "b", (3.5,)), ("half", "c", (4.5,)))
    seen = [check("a", 2.5), check("b", 3.5), check("c", 4.75)]
    assert names(seen[1:], knows(*rows[1:])) == ()
    assert names(seen, knows(*rows, loose=("c",))) == (("half",),)


def test_two_mistakes_at_once_are_both_found():
    known = knows(("half", "a", (2.5,)), ("late", "z", (9.5,)))
    assert set(names([check("a", 2.5), check("z", 9.5, stage="net")], known)) == {("half",), ("late",)}


def test_a_stage_that_mostly_fails_for_other_reasons_names_nobody():
    """One check looks like half of it, and two beside it like nothing known: something else went wrong there."""
    known = knows(("half", "a", (2.5,)))
    assert names([check("a", 2.5), check("b", 7.25)], known) == (("half",),)
    assert names([check("a", 2.5), check("b", 7.25), check("c", 8.25)], known) == ()


def test_many_mistakes_in_one_stage_are_all_found():
    """None of them is held against another."""
    known = knows(("half", "a", (2.5,)), ("late", "b", (9.5,)), ("loud", "c", (5.5,)))
    assert set(names([check("a", 2.5), check("b", 9.5), check("c", 5.5)], known)) == {("half",), ("late",), ("loud",)}


def test_a_form_of_a_misconception_carries_its_name():
    assert names([check("a", 1.25)], knows(("half", "a", (2.5,)), ("half~other-way", "a", (1.25,)))) == (("half",),)


def test_what_is_not_written_yet_has_no_misconception():
    known = knows(("half", "a", ("!NotImplementedError", 2.5)))
    assert names([check("a", "!NotImplementedError", 2.5)], known) == ()


def test_another_seed_has_other_numbers():
    known = knows(("half", "a", (2.5,)), seed=3)
    assert names([check("a", 2.5)], known, seed=3) == (("half",),)
    assert names([check("a", 2.5)], known, seed=4) == ()


def grade(*verdicts: Verdict) -> Grade:
    return Grade("hw9", "me", "", ("public",), "hash", "graded", 1, "cpu", 0, verdicts, 0.0)


def test_what_was_written_is_read_again_the_same(tmp_path):
    known = knows(("half", "a", (2.5, True, None, "!TypeError")), loose=("a",))
    save_known(tmp_path / "t.gz", known)
    first = (tmp_path / "t.gz").read_bytes()
    save_known(tmp_path / "t.gz", known)
    assert (tmp_path / "t.gz").read_bytes() == first
    again = load_known([tmp_path / "t.gz"], ["hash"])
    assert again == known


def test_stale_traces_are_refused(tmp_path):
    """A trace file of another suite says nothing about this one."""
    save_known(tmp_path / "t.gz", knows(("half", "a", (2.5,))))
    assert load_known([tmp_path / "t.gz"], ["another hash"]) is None
    assert load_known([tmp_path / "missing.gz"], ["hash"]) is None


def test_a_damaged_trace_file_is_our_fault(tmp_path):
    (tmp_path / "t.gz").write_bytes(b"not a trace")
    with pytest.raises(GraderFault, match="not a trace file"):
        load_known([tmp_path / "t.gz"], ["hash"])


def _recorded() -> list:
    return [a for a in COURSE if load_known([trace_paths(a)["public"]], [seeds.suite_hash(a, ["public"])]) is not None]


def test_traces_of_today_lie_in_the_handouts():
    """At least one assignment can be diagnosed offline: otherwise the tests below would prove nothing."""
    assert _recorded()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_students_own_check_asks_the_question_in_her_language(lang):
    """End to end, from the handout's trace file alone: the first known mistake of the course is named in `grade check`."""
    assignment = _recorded()[0]
    wrong = audit.wrong_programs(assignment)
    base = audit.reference(assignment)
    program = next(one for one in wrong if any(glob.startswith("public/") for glob in one.loses))
    work = replace(base, files=program.apply(base.files))
    verdicts = practice.check(assignment, work, lang=lang).verdicts
    asked = [verdict for verdict in verdicts if verdict.misconception]
    assert {verdict.misconception for verdict in asked} == {program.id}
    assert {verdict.question for verdict in asked} == {getattr(program.question, lang)}
    chinese = [bool(re.search(r"[\u4e00-\u9fff]", verdict.message)) for verdict in asked]
    assert all(chinese) if lang == "zh" else not any(chinese)


def _spoken(assignment) -> dict[str, str]:
    """Return everything that the tutor may say, by where it stands."""
    wrong = audit.wrong_programs(assignment)
    said = {f"question of {one.id} ({lang})": getattr(one.question, lang) for one in wrong for lang in ("en", "zh")}
    for name, levels in hints.load(assignment.folder).items():
        said |= {f"hint {name} l{hint.level} ({lang})": getattr(hint, lang) for hint in levels for lang in ("en", "zh")}
    return said


def _told(folder: Path) -> dict[str, str]:
    """Return what a suite, and the judge for it, can say in a message: every text in its files, and what it compares, as it is quoted."""
    said = {}
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                said[f"{path.name}:{node.lineno}"] = said.get(f"{path.name}:{node.lineno}", "") + "\n" + node.value
            elif isinstance(node, ast.Assert) and isinstance(node.test, ast.Compare):
                said[f"{path.name}:{node.lineno} compares"] = ast.unparse(node.test.left)
    return said


def _of_the_kit() -> dict[str, str]:
    """Return the kit's own sentences: those of the judge, in both languages, and what opens a part."""
    said = {f"phrase {number}": f"{en}\n{zh}" for number, (en, zh) in enumerate(phrases._TABLE)}
    return said | {f"part {name}": "\n".join(texts) for name, texts in steps.TITLES.items()}


def _expressions(lines: frozenset[str]) -> set[str]:
    """Return what stands after `=` or `return` in each solution line, without spaces, if it is long enough to be an answer."""
    found = set()
    for line in lines:
        bare = "".join(line.split())
        answer = re.sub(r"^(return|[\w.\[\]]+[-+*/]?=)", "", bare)
        if len(answer) >= 12 and (re.search(r"[-+*/]", answer) or answer.count("(") > 1):  # len(history) gives nothing away
            found.add(answer)
    return found


@pytest.mark.parametrize("assignment", COURSE, ids=lambda assignment: assignment.name)
def test_no_hint_no_question_and_no_message_holds_a_solution_line_or_its_expression(assignment):
    """Never the answer: a question, a smallest case, a plan without its key line; and what a check or the judge says is none either."""
    path = assignment.private / assignment.source_name
    lines = marks.solution_lines(handout.read_source(path), str(path))
    answers = _expressions(lines)
    said = {**_spoken(assignment), **_told(assignment.folder / "tests"), **_told(assignment.private / "hidden"), **_of_the_kit()}
    said |= {"hidden concepts": (assignment.folder / ".kit" / "hidden.json").read_text(encoding="utf-8")}
    assert answers
    assert len(said) > 100
    shown = [(where, line) for where, text in said.items() for _, line in marks.survivors(text, lines)]
    shown += [(where, answer) for where, text in said.items() for answer in answers if answer in "".join(text.split())]
    assert shown == []


@pytest.mark.parametrize(
    ("message", "chinese"),
    [
        ("a.grad: got 1, should be 2", "a.grad：得到 1，应为 2"),
        ("got 3, should be at most 2", "得到 3，应不超过 2"),
        ("The program ended by itself (SIGSEGV).", "程序自己退出了（SIGSEGV）。"),
        ("It took more than 2 s.", "用时超过了 2 秒。"),
        ("this part is not written yet (x.py, line 7)", "这一部分还没有写（x.py 第 7 行）"),
        ("a: got 1, should be 2 / 得到 1，应为 2", "得到 1，应为 2"),
        ("ValueError: her own words", "ValueError: her own words"),
    ],
)
def test_the_kits_own_sentences_are_told_in_chinese(message, chinese):
    assert phrases.in_language(message, "zh") == chinese
    assert not re.search(r"[\u4e00-\u9fff]", phrases.in_language(message, "en"))


@pytest.fixture
def hers(tmp_path):
    """An assignment in a student's hands: no solutions beside it."""
    return replace(COURSE[0], folder=tmp_path, private=None)


def test_parts_open_in_order(hers, monkeypatch):
    """The pain before the question, the question before the tool, the public checks before the rest."""
    monkeypatch.delenv(steps.VARIABLE, raising=False)
    assert steps.open_parts(hers, [], False) == ("pain",)
    assert steps.open_parts(hers, ["prediction.json"], True) == ("pain",)
    assert steps.open_parts(hers, ["pain.jsonl"], False) == ("pain", "question")
    assert steps.open_parts(hers, ["pain.jsonl", "prediction.json"], False) == ("pain", "question", "solution")
    assert steps.next_step(hers, steps.open_parts(hers, ["pain.jsonl", "prediction.json"], True)) is None


def test_a_closed_part_says_what_opens_it_and_staff_find_all_open(hers, monkeypatch):
    monkeypatch.delenv(steps.VARIABLE, raising=False)
    stage = next(stage.name for stage in hers.stages if stage.part == "solution")
    with pytest.raises(CourseError, match="grade play"):
        steps.demand(hers, stage, steps.open_parts(hers, [], False))
    monkeypatch.setenv(steps.VARIABLE, "all")
    steps.demand(hers, stage, steps.open_parts(hers, [], False))
    assert steps.everything_open(COURSE[0])


@pytest.mark.parametrize(("lang", "single", "pair"), [("en", "One?", "One? / Two?"), ("zh", "一？", "一？ ／ 二？")])
def test_a_grade_that_is_kept_asks_each_reader_in_her_language(lang, single, pair):
    """Who grades does not know who will read: both languages are kept, and JSON, page and terminal show the one that is asked for."""
    questions = {"one": Misconception("one", "One?", "一？"), "two": Misconception("two", "Two?", "二？")}
    rows = knows(("one", "a", (2.5,)), ("two", "b", (3.5,)), ("one+two", "c", (9.5,)))
    alone = annotate(grade(check("a", 2.5)), replace(rows, misconceptions=questions), "both")
    both = annotate(grade(check("a", 2.5), check("b", 3.5), check("c", 9.5)), replace(rows, misconceptions=questions), "both")
    assert alone.verdicts[0].question == "One? / 一？"
    assert [row["question"] for row in jsonform.to_json(alone, lang)["checks"]] == [single]
    assert {row["question"] for row in jsonform.to_json(both, lang)["checks"]} == {pair}
    assert f"  ? {single}" in text.lines(alone, lang)
    assert [m.question for m in classview._misconceptions([standing_of(both)])] == ["One? / 一？", "Two? / 二？"]


def standing_of(graded: Grade) -> Standing:
    """What the class report reads of one grade."""
    attempt = Attempt(1, 1, "", "", "", graded)
    return Standing(Person("me"), "hw9", attempt, 1, 0.0, 0.0, 1.0, 0, 0, 0.0, "", ())


def _messages(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (place, fixed text) of every message that a suite's file writes itself: after an assert, or in a fail."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        message = node.msg if isinstance(node, ast.Assert) else None
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "fail" and node.args:
            message = node.args[0]
        if isinstance(message, (ast.Constant, ast.JoinedStr)):
            yield f"{path.name}:{message.lineno}", "".join(str(part.value) for part in ast.walk(message) if isinstance(part, ast.Constant))


@pytest.mark.parametrize("assignment", COURSE, ids=lambda assignment: assignment.name)
def test_what_a_public_check_says_itself_stands_in_both_languages(assignment):
    """``ENGLISH / 中文``: a student reads her half."""
    said = [row for path in sorted((assignment.folder / "tests").glob("*.py")) for row in _messages(path)]
    assert [place for place, text in said if " / " not in text] == []
