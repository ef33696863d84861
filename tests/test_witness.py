"""The second witness: calls, identity and the source tell apart what numbers cannot; pairs of mistakes show by what only two leave."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from test_release import plant

from grader import audit, judge, manifest, wall
from grader.audit import knowledge, pairs
from grader.errors import SuiteError
from grader.model import Grade, Outcome, Verdict
from grader.student.process import starter
from grader.tutor import Known, Misconception, Signs, annotate, caller, diagnose, load_known, meddled, save_known, witness
from grader.tutor.known import ANY_SEED

ROOT = Path(__file__).parent.parent
ALIKE = ("never-wiped", "wiped-outside-the-loop", "without-parentheses", "compares-instead", "rebinds-the-name", "wipes-only-the-loss")
SEED = 1


def failed(name: str, *trace: object, stage: str = "local") -> Verdict:
    return Verdict(name, stage, "", "", Outcome.FAIL, 0.0, 1.0, trace=trace)


def passed(name: str, stage: str = "local") -> Verdict:
    return Verdict(name, stage, "", "", Outcome.PASS, 1.0, 1.0)


def knows(rows: dict[str, dict[str, tuple[object, ...]]], **signs: dict[str, tuple[object, ...]]) -> Known:
    """What is known, from program -> check -> trace, and what the witness says of each program; ``right`` is a right one."""
    traces: dict = {}
    for program, left in rows.items():
        for check, trace in left.items():
            traces.setdefault((check, ANY_SEED), {})[program] = (*trace, "FAIL") if trace else ()
    names = {part.partition("~")[0] for program in rows for part in program.split("+")}
    said = {name: answers for name, answers in signs.items() if name != "right"}
    return Known("hash", {n: Misconception(n, f"{n}?", f"{n}？") for n in names}, traces, frozenset(), Signs(signs.get("right", {}), said))


TWINS = {"one": {"a": (2.5,)}, "other": {"a": (2.5,)}}
LOOK, READ = "look_local_calls", "read_local_line"


def named(known: Known, seen: dict[str, tuple[object, ...]], *verdicts: Verdict) -> tuple[tuple[str, ...], ...]:
    return diagnose(verdicts, known, 0, lambda: seen).groups


def test_calls_tell_apart_what_the_numbers_do_not():
    known = knows(TWINS, right={LOOK: (1,)}, one={LOOK: (0,)}, other={LOOK: (4,)})
    assert named(known, {LOOK: (4,)}, failed("a", 2.5)) == (("other",),)
    assert named(known, {LOOK: (0,)}, failed("a", 2.5)) == (("one",),)


def test_a_silent_witness_leaves_the_ambiguity_as_it_is():
    known = knows(TWINS, right={LOOK: (1,)}, one={LOOK: (0,)}, other={LOOK: (4,)})
    assert named(known, {}, failed("a", 2.5)) == (("one", "other"),)


def test_what_the_witness_saw_and_no_known_program_shows_names_nobody():
    """Equal numbers, and something else at work: unknown is better than a false name."""
    known = knows(TWINS, right={LOOK: (1,)}, one={LOOK: (0,)}, other={LOOK: (4,)})
    assert named(known, {LOOK: (7,)}, failed("a", 2.5)) == ()


def test_a_sign_in_the_source_must_be_there():
    known = knows(TWINS, right={READ: (False,)}, one={READ: (True,)}, other={READ: (False,)})
    assert named(known, {READ: (False,)}, failed("a", 2.5)) == (("other",),)
    assert named(known, {READ: (True,)}, failed("a", 2.5)) == (("one",),)


def test_an_error_speaks_against_a_mistake_that_answers():
    known = knows({"one": {"a": (2.5,)}}, right={LOOK: (1,)}, one={LOOK: (0,)})
    assert named(known, {LOOK: ("!ZeroDivisionError",)}, failed("a", 2.5)) == ()


def test_which_error_ends_a_look_is_style_and_a_part_not_written_says_nothing():
    raises = knows({"one": {"a": (2.5,)}}, right={LOOK: (1,)}, one={LOOK: ("!TypeError",)})
    assert named(raises, {LOOK: ("!ValueError",)}, failed("a", 2.5)) == (("one",),)
    answers = knows({"one": {"a": (2.5,)}}, right={LOOK: (1,)}, one={LOOK: (0,)})
    assert named(answers, {LOOK: ("!NotImplementedError",)}, failed("a", 2.5)) == (("one",),)


def test_a_look_names_a_mistake_whose_numbers_are_noise():
    """What only this mistake shows counts as much as equal traces, where most checks of its stage fail."""
    known = knows({"tiny": {"a": (0.123,), "b": (0.456,)}}, right={LOOK: ("'small",)}, tiny={LOOK: ("'lost",)})
    noise = failed("a", 0.321), failed("b", 0.654)
    assert named(known, {LOOK: ("'lost",)}, *noise) == (("tiny",),)
    assert named(known, {LOOK: ("'small",)}, *noise) == ()
    assert named(known, {LOOK: ("'lost",)}, noise[0], passed("b")) == ()


def test_a_look_proves_nothing_while_an_earlier_stage_fails_unexplained():
    known = knows({"tiny": {"z": (0.123,)}}, right={"look_net_x": (1,)}, tiny={"look_net_x": (2,)})
    later = failed("z", 0.321, stage="net")
    assert named(known, {"look_net_x": (2,)}, passed("a"), later) == (("tiny",),)
    assert named(known, {"look_net_x": (2,)}, failed("a", 9.0), later) == ()


def test_a_look_at_another_stage_does_not_speak_against_a_mistake():
    known = knows({"one": {"a": (2.5,)}}, right={"look_net_x": (1,)}, one={"look_net_x": (2,)})
    assert named(known, {"look_net_x": (3,)}, failed("a", 2.5)) == (("one",),)


OTHER = "look_local_other"


def test_something_wrong_that_no_mistake_in_sight_shows_names_nobody():
    """Its numbers are those of a mistake; but at another question of the same stage it fails, and the mistake would not."""
    known = knows({"one": {"a": (2.5,)}}, right={LOOK: (0,), OTHER: (7,)}, one={LOOK: (1,), OTHER: (7,)})
    assert named(known, {LOOK: (1,), OTHER: (7,)}, failed("a", 2.5)) == (("one",),)
    assert named(known, {LOOK: (1,), OTHER: (8,)}, failed("a", 2.5)) == ()
    assert named(known, {LOOK: (1,), OTHER: ("!NotImplementedError",)}, failed("a", 2.5)) == (("one",),)


def test_a_telling_answer_of_its_own_vouches_for_a_mistake_beside_something_strange():
    """Who gets one function wrong as we know it, and another in a way of her own, is asked about the first."""
    known = knows({"one": {"a": (2.5,)}}, right={LOOK: (0,), OTHER: (7,)}, one={LOOK: (2.25,), OTHER: (7,)})
    assert named(known, {LOOK: (2.25,), OTHER: (8,)}, failed("a", 2.5)) == (("one",),)


def test_what_another_mistake_in_sight_shows_is_not_strange():
    rows = {"one": {"a": (2.5,)}, "other": {"b": (3.5,)}}
    known = knows(rows, right={LOOK: (0,), OTHER: (7,)}, one={LOOK: (1,), OTHER: (7,)}, other={LOOK: (0,), OTHER: (8,)})
    assert set(named(known, {LOOK: (1,), OTHER: (8,)}, failed("a", 2.5), failed("b", 3.5))) == {("one",), ("other",)}


def test_the_witness_is_asked_only_when_something_failed():
    def asked():
        raise AssertionError("nothing failed")

    known = knows(TWINS, right={LOOK: (1,)}, one={LOOK: (0,)}, other={LOOK: (4,)})
    assert diagnose([passed("a")], known, 0, asked).groups == ()


PAIR = {"one": {"a": (2.5,), "b": (3.5,)}, "two": {"b": (4.5,), "c": (5.5,)}, "one+two": {"b": (8.25,)}}


def test_two_mistakes_that_meddle_are_both_named():
    known = knows(PAIR)
    seen = failed("a", 2.5), failed("b", 8.25), failed("c", 5.5)
    assert named(known, {}, *seen) == (("one+two",),)
    assert diagnose(seen, known, 0).misconceptions == ("one", "two")
    asked = annotate(_grade("me", *seen), known).verdicts
    assert {(verdict.misconception, verdict.question) for verdict in asked} == {("one+two", "one? / two?")}


def test_one_mistake_is_the_simpler_story():
    """Without what only the two show together there is no pair."""
    known = knows(PAIR)
    assert named(known, {}, failed("a", 2.5), failed("b", 3.5), passed("c")) == (("one",),)
    assert named(known, {}, passed("a"), failed("b", 4.5), failed("c", 5.5)) == (("two",),)
    assert ("one+two",) not in named(known, {}, failed("a", 2.5), failed("b", 7.75), failed("c", 5.5))


def test_only_what_the_union_does_not_show_is_kept_of_a_pair():
    one, two = {"a": (2.5,), "b": (3.5,)}, {"c": (5.5,)}
    assert meddled({"a": (2.5,), "c": (5.5,)}, [one, two]) == {"b": ()}  # together they pass b
    assert meddled({"a": (2.5,), "b": (3.5,), "c": (5.5,)}, [one, two]) == {}
    assert meddled({"a": (2.5,), "b": (9.5,), "c": (5.5,)}, [one, two]) == {"b": (9.5,)}


def test_signs_and_pairs_are_read_again_as_they_were_written(tmp_path):
    known = knows({**PAIR, "one+two": {"b": (8.25,), "a": ()}}, right={LOOK: (1,)}, one={LOOK: (0,)}, **{"one+two": {LOOK: ("'x", 2)}})
    save_known(tmp_path / "t.gz", known)
    assert load_known([tmp_path / "t.gz"], ["hash"]) == known
    assert known.of("one+two", 0) == {"b": (8.25, "FAIL"), "c": (5.5, "FAIL")}


def _grade(name: str, *verdicts: Verdict) -> Grade:
    return Grade("hw9", name, "", ("public",), "hash", "graded", 1, "cpu", 0, verdicts, 0.0)


def test_a_pair_of_which_one_hides_the_other_is_not_kept():
    known = knows({"one": {"a": (2.5,)}, "two": {"a": (4.5,)}})
    assert not pairs.unexplained(_grade("one+two", failed("a", 2.5)), known, {})
    assert pairs.unexplained(_grade("one+two", failed("a", 9.5)), known, {})


MANIFEST = """name = "hw9"
title = "Twice"
submit = { module = "twice", files = ["twice.py"] }
stage = [{ name = "double", part = "solution", public = 20, hidden = 80 }]
"""


@pytest.fixture
def told(tmp_path):
    """What a witness with the given text says of a program with the given source."""
    workers = starter(wall.probe(), [])

    def tell(text: str, source: str):
        plant(tmp_path, {"assignments/hw9/assignment.toml": MANIFEST, "assignments/hw9/tests/witness.py": text})
        assignment = manifest.find("hw9", tmp_path)
        program = judge.Bench(assignment, ["public"], lambda: workers, False).program({"twice.py": source.encode()})
        return dict(caller(assignment, lambda: workers, program)())

    yield tell
    workers.close()


LOOKS = "def look_double_two(student):\n    return student.double(2)\n\n\ndef read_double_names(tree):\n    return len(tree.body)\n"


def test_a_witness_looks_and_reads(told):
    assert told(LOOKS, "def double(x):\n    return 2 * x\n") == {"look_double_two": (4,), "read_double_names": (1,)}


def test_a_program_that_ends_or_hangs_silences_the_looks_and_not_the_reading(told):
    for body in ("import os; os._exit(0)", "while True: pass"):
        assert told(LOOKS, f"def double(x):\n    {body}\n") == {"read_double_names": (1,)}


@pytest.mark.parametrize("source", ["def double(", "x = " + "(" * 5000 + ")" * 5000, "x = 1" + "+1" * 50000, "\0"])
def test_a_source_that_python_cannot_read_is_not_read(told, source):
    assert "read_double_names" not in told(LOOKS, source)


def test_a_question_names_the_stage_that_it_is_about(told):
    with pytest.raises(SuiteError, match="begins with no stage"):
        told("def look_somewhere(student):\n    return 1\n", "x = 1\n")
    with pytest.raises(SuiteError, match="write one, or drop the file"):
        told("x = 1\n", "x = 1\n")


def _styles(assignment) -> dict[str, object]:
    """The six, as they stand in ``wrong/`` and as another hand wrote them."""
    base, source = audit.reference(assignment), assignment.source_name
    found = {f"wrong/{p.id}": replace(base, student=p.id, files=p.apply(base.files)) for p in audit.wrong_programs(assignment)}
    rights = {style.student.removeprefix("right/"): style for style in audit.right_programs(assignment)}
    for name, row in tomllib.loads((assignment.private / "rewritten.toml").read_text(encoding="utf-8")).items():
        style = rights[name.partition("/")[0]]
        text = style.files[source].decode()
        for find, put in row["edits"]:
            text = text.replace(find, put)
        found[name] = replace(style, files={**style.files, source: text.encode()})
    return {name: work for name, work in found.items() if name.rpartition("/")[2] in ALIKE}


@pytest.fixture(scope="module")
def six():
    """Return name -> (grade, what the witness saw) of the six in all their styles, and what the tutor knows of them."""
    assignment = manifest.find("hw3", ROOT)
    workers = starter(wall.probe(), assignment.packages)

    def work(bench):
        graded, seen = {}, {}
        for name, work in {**_styles(assignment), "reference": audit.reference(assignment)}.items():
            cheap = bench.grade(work, SEED, lambda check: check.uses_student and check.rule.seconds is None)
            graded[name], seen[name] = cheap, caller(assignment, lambda: workers, bench.program(work.files))()
        return graded, seen, knowledge.drawing(bench)

    try:
        graded, seen, drawing = judge.with_suite(assignment, ["public", "hidden"], lambda: workers, work)
    finally:
        workers.close()
    wrong = [grade for name, grade in graded.items() if name.startswith("wrong/")]
    said = {grade.student: seen[f"wrong/{grade.student}"] for grade in wrong}
    return graded, seen, knowledge.known_of(knowledge.Runs((), wrong, [graded["reference"]], drawing, seen), (), said)


def test_the_six_that_never_wipe_are_told_apart_in_every_style(six):
    """They move alike; calls, identity of knobs and the source tell them apart."""
    graded, seen, known = six
    found = {name: diagnose(g.verdicts, known, SEED, lambda name=name: seen[name]).groups for name, g in graded.items() if "/" in name}
    assert len(found) >= 15
    assert {name: groups for name, groups in found.items() if groups != ((name.rpartition("/")[2],),)} == {}


def test_without_a_witness_the_six_are_honestly_shown_as_one_of_these(six):
    graded, _, known = six
    (group,) = diagnose(graded["wrong/never-wiped"].verdicts, known, SEED).groups
    assert set(group) == {"never-wiped", "without-parentheses", "wipes-only-the-loss"}


def test_each_of_the_six_is_asked_a_question_of_its_own():
    asked = {p.id: p.question for p in audit.wrong_programs(manifest.find("hw3", ROOT)) if p.id in ALIKE}
    assert (
        len(asked) == len({question.en for question in asked.values()}) == len({question.zh for question in asked.values()}) == len(ALIKE)
    )


@pytest.mark.parametrize("name", manifest.names(ROOT))
def test_every_assignment_has_a_witness_that_can_be_loaded(name):
    """Its questions name stages of the ramp, and stand in the handout."""
    assert witness.questions(manifest.find(name, ROOT)) is not None
