"""Hostile hand-ins for the homework in torch, on tier 1 and tier 2: the course's list of cheats, and what only torch makes possible.

``GRADE_TEST_ALL=1`` grades them all; otherwise a seeded sample, and the honest one always. Each runs the checks that it is aimed at.
"""

from __future__ import annotations

import base64
import dataclasses
import importlib.util
import math
import os
import random
import re
import shutil
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from cases import CANARY, MARK, OWNED
from test_adversaries import ALL, REPOSITORY, SEED, children, left_behind
from torch_programs import CHEATS, TorchCase, cases

from grader import judge, manifest, wall
from grader.audit.programs import named
from grader.model import Assignment, CheckRule, Grade, Outcome, Submission
from grader.student.process import starter

SAMPLE = 6
SECONDS, TRAINING = 6.0, 20.0  # of a worker's own time: many times what an honest program needs
CASES = cases()
CHOSEN = CASES if ALL else [CASES[0], *random.Random(SEED).sample(CASES[1:], SAMPLE)]

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="NOT RUN: Linux builds this wall"),
    pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="NOT RUN: torch is not installed (pip install torch)"),
]


@dataclasses.dataclass(frozen=True)
class Graded:
    """The grades by case, and what was found afterwards."""

    grades: dict[str, Grade]
    children: list[str]
    left: list[str]


def plant(root: Path) -> Assignment:
    """Copy hw4 with a canary where no program may look, and short limits: an honest program stays far below them."""
    for name in ("assignments", "solutions"):
        shutil.copytree(REPOSITORY / name / "hw4", root / name / "hw4", ignore=shutil.ignore_patterns("__pycache__"))
    for path in (root / "solutions/hw4/hidden/test_train.py", root / "solutions/hw4/embeddings.py"):
        path.write_text(path.read_text(encoding="utf-8") + f"\n# {CANARY}\n", encoding="utf-8")
    found = manifest.load(root / "assignments/hw4", root / "solutions/hw4")
    rules = (CheckRule("hidden/test_train.py::*", seconds=TRAINING), CheckRule("hidden/test_stretch_loss.py::*", seconds=TRAINING))
    return dataclasses.replace(found, limits=dataclasses.replace(found.limits, seconds=SECONDS), rules=rules)


def knowledge(root: Path) -> dict[str, str]:
    """Return what a cheat may carry: trained weights, the letters' pairs, and as many names as fit."""
    sys.path.insert(0, str(root / "solutions/hw4/hidden"))
    try:
        import hw4_data as data
        import hw4_exact as exact
        import numpy as np
    finally:
        sys.path.pop(0)
    words = (root / "assignments/hw4/last20k.txt").read_text(encoding="ascii").split()
    X, Y = data.encode(words, data.BLOCK)
    rates = [data.RATE] * 700 + [data.RATE / 10] * 300
    trained = exact.descend(data.initial(random.Random(1)), X, Y, rates, data.BATCH, 1)
    pairs = np.full((data.V, data.V), 0.5)
    np.add.at(pairs, (X[:, 2], Y), 1)
    for name in ("hw4_data", "hw4_exact"):
        sys.modules.pop(name)
    return {
        "WEIGHTS": packed(b"".join(p.astype(np.float16).tobytes() for p in trained)),
        "PAIRS": packed(np.log(pairs / pairs.sum(axis=1, keepdims=True)).astype(np.float16).tobytes()),
        "NAMES": packed(" ".join(words[:9000]).encode()),
        "HIDDEN": str(root / "solutions/hw4/hidden/test_train.py"),
        "SOLUTION": str(root / "solutions/hw4/embeddings.py"),
        "WORDS": str(root / "assignments/hw4/last20k.txt"),
        "OWNED": OWNED,
        "MARK": MARK,
    }


def packed(data: bytes) -> str:
    return base64.b85encode(zlib.compress(data, 9)).decode().replace("\\", "\\\\").replace("'", "\\'")


def hand_in(case: TorchCase, reference: str, places: dict[str, str]) -> Submission:
    source = f"{reference}\n\n{case.source}\n"
    for name, value in places.items():
        source = source.replace(f"@{name}@", value)
    return Submission(case.name, {"embeddings.py": source.encode()}, f"sha256:{case.name}")


@pytest.fixture(scope="module", params=[1, 2], ids=["tier1", "tier2"])
def graded(request, tmp_path_factory):
    """The chosen hand-ins, one after the other from one zygote, and the honest one once more at the end."""
    found = wall.probe(request.param)
    if found.tier != request.param:
        pytest.skip(f"NOT RUN, THE WALL IS UNPROVEN HERE: no tier {request.param}: {found.reason}; {found.remedy}")
    root = tmp_path_factory.mktemp(f"torch{request.param}")
    return grade_all(found, root, CHOSEN)


def asked(globs: tuple[str, ...]) -> Callable[[judge.Check], bool]:
    """Return a filter for the checks that one of *globs* names."""
    return lambda check: named(check.id, globs)


def grade_all(the_wall: wall.Wall, root: Path, chosen: list[TorchCase]) -> Graded:
    """Grade *chosen* behind *the_wall* in a course planted in *root*, and look around afterwards."""
    assignment, known, before = plant(root), knowledge(root), set(left_behind(root))
    reference = re.sub(
        r"^ *### (BEGIN|END) SOLUTION\n", "", (REPOSITORY / "solutions/hw4/embeddings.py").read_text(encoding="utf-8"), flags=re.M
    )
    mine = children()
    os.environ["GRADE_CANARY"] = CANARY
    workers = starter(the_wall, assignment.packages)

    def work(bench: judge.Bench) -> dict[str, Grade]:
        made = {}
        for case in [*chosen, dataclasses.replace(chosen[0], name="honest-again", source="")]:
            made[case.name] = bench.grade(hand_in(case, reference, known), 0, asked(case.checks))
        return made

    try:
        grades = judge.with_suite(assignment, ["hidden"], lambda: workers, work)
    finally:
        workers.close()
        del os.environ["GRADE_CANARY"]
    end = time.monotonic() + 5
    while time.monotonic() < end and len(children()) > len(mine):
        time.sleep(0.1)
    return Graded(grades, [line for line in children() if line not in mine], [place for place in left_behind(root) if place not in before])


@pytest.mark.parametrize("case", CHOSEN, ids=[case.name for case in CHOSEN])
def test_a_torch_program_gets_its_right_verdict(graded, case):
    """No points by other means than a net that learns; an attack that is refused costs nothing; no secret in what is said."""
    assert_right(case, graded.grades[case.name])


def assert_right(case: TorchCase, grade: Grade) -> None:
    told = [(verdict.id, verdict.outcome.value, verdict.message) for verdict in grade.verdicts]
    assert told, "no check was run"
    assert "FAULT" not in {outcome for _, outcome, _ in told}, told
    words = " ".join(f"{verdict.message} {verdict.traceback} {verdict.output}" for verdict in grade.verdicts)
    assert CANARY not in words
    assert OWNED not in words
    if case.exactly is not None:
        assert grade.score == case.exactly, told
    else:
        assert grade.score <= case.most, told


def test_the_honest_one_is_graded_alike_at_the_end(graded):
    """What went before it in the same zygote changes nothing for whoever comes after."""
    again = graded.grades["honest-again"]
    assert {verdict.outcome for verdict in again.verdicts} == {Outcome.PASS}


def test_torch_programs_leave_nothing(graded):
    """No process, no file, no shared memory."""
    assert graded.children == []
    assert graded.left == []


def test_none_of_them_outruns_its_limits(graded):
    """Each check ends with its own limit on the judge's clock; a busy machine may stretch it, and never without end."""
    slow = [(name, v.id, v.seconds) for name, grade in graded.grades.items() for v in grade.verdicts if v.seconds > 8 * TRAINING]
    assert slow == []


def test_every_cheat_of_the_courses_list_is_tried():
    """One hand-in for each item, and more than twenty for torch in all; every name once."""
    tried = {case.cheat for case in CHEATS}
    assert len({case.name for case in CASES}) == len(CASES) > 40
    for words in (
        "public",
        "permuted",
        "64 KiB",
        "start",
        "sum to 1",
        "shift",
        "varies",
        "uses C",
        "two seeds",
        "lr = 0",
        "shuffled",
        "table",
        "frequency",
    ):
        assert any(words in cheat for cheat in tried), words


def test_a_carried_list_of_names_fits_under_the_cap():
    """The hand-ins that carry knowledge stay below 64 KiB, so that it is not the cap which stops them."""
    words = (REPOSITORY / "assignments/hw4/last20k.txt").read_text(encoding="ascii").split()
    room = 64 * 1024 - len((REPOSITORY / "solutions/hw4/embeddings.py").read_bytes()) - 3000
    assert math.ceil(len(packed(" ".join(words[:9000]).encode()))) < room
