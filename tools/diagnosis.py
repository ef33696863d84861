"""How well does the tutor name mistakes? ``docs/DIAGNOSIS.md`` shows the table that this makes.

    python tools/diagnosis.py mutants hw2 90      sample mutants of the reference (needs cosmic-ray; any interpreter that has it)
    python tools/diagnosis.py record hw2          run all programs on three seeds (mutants on one); minutes
    python tools/diagnosis.py table               read what was recorded, print the table

Recordings lie in ``build/diagnosis``. Programs: ``wrong/`` as it is, ``rewritten.toml`` (the same mistakes in the right styles),
and mutants.
What the tutor knows is recorded here too, so that the table says nothing of a stale file.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
STORE = ROOT / "build" / "diagnosis"
SEEDS = tuple(int(seed) for seed in os.environ.get("DIAGNOSIS_SEEDS", "1,4,7").split(","))
sys.path.insert(0, str(ROOT))


def mutants(name: str, count: int) -> None:
    """Write *count* random mutants of the reference's solution regions, all operators of cosmic-ray, the same sample each time."""
    from cosmic_ray.mutating import mutate_code  # type: ignore[import-not-found]
    from cosmic_ray.plugins import get_operator, operator_names  # type: ignore[import-not-found]

    data = tomllib.loads((ROOT / "assignments" / name / "assignment.toml").read_text(encoding="utf-8"))
    text = (ROOT / "solutions" / name / f"{data['submit']['module']}.py").read_text(encoding="utf-8")
    lines, inside, on = text.splitlines(), set(), False
    for number, line in enumerate(lines):
        if "### BEGIN SOLUTION" in line or "### END SOLUTION" in line:
            on = "BEGIN" in line
        elif on:
            inside.add(number)
    found: set[str] = set()
    for operator in operator_names():
        try:
            instance = get_operator(operator)()
        except TypeError:  # one that wants arguments
            continue
        for occurrence in range(300):
            mutant = mutate_code(text, instance, occurrence)
            if mutant is None:
                break
            changed = [number for number, (a, b) in enumerate(zip(lines, mutant.splitlines(), strict=False)) if a != b]
            if changed and set(changed) <= inside:
                found.add(mutant)
    chosen = random.Random(f"mutants of {name}").sample(sorted(found), min(count, len(found)))
    STORE.mkdir(parents=True, exist_ok=True)
    (STORE / f"mutants_{name}.json").write_text(json.dumps(chosen), encoding="utf-8")
    print(f"{name}: {len(chosen)} of {len(found)} mutants")


def _programs(assignment: Any) -> Iterator[tuple[str, Any, Sequence[int]]]:
    """Yield (kind:name, submission, seeds)."""
    from grader.audit import reference, right_programs, wrong_programs

    base, source = reference(assignment), assignment.source_name
    styles = {style.student.removeprefix("right/"): style for style in right_programs(assignment)}
    yield "right:reference", base, SEEDS[:1]
    for name, style in styles.items():
        yield f"right:{name}", style, SEEDS[:1]
    for program in wrong_programs(assignment):
        yield f"wrong:{program.id}", replace(base, files=program.apply(base.files)), SEEDS
    path = assignment.private / "rewritten.toml"
    for name, row in tomllib.loads(path.read_text(encoding="utf-8")).items():
        style = styles[name.split("/")[0]]
        text = style.files[source].decode()
        for find, put in row["edits"]:
            assert text.count(find) == 1, (name, find)
            text = text.replace(find, put)
        yield f"rewritten:{name}", replace(style, files={**style.files, source: text.encode()}), SEEDS
    for path in sorted((assignment.private / "break" / "wrong").glob("*.py")):
        yield f"unrelated:{path.stem}", replace(base, files={**base.files, source: path.read_bytes()}), SEEDS
    path = STORE / f"mutants_{assignment.name}.json"
    if path.is_file():
        for number, text in enumerate(json.loads(path.read_text(encoding="utf-8"))):
            yield f"mutant:{number}", replace(base, files={**base.files, source: text.encode()}), SEEDS[:1]


def record(name: str, only: str = "", part: int = 0, parts: int = 1) -> None:
    """Run every program (of the kind *only*) and keep what its checks showed; what was recorded before is not run again."""
    from grader import judge, manifest, wall
    from grader.student.process import starter

    os.nice(10)
    assignment = manifest.find(name, ROOT)
    path = STORE / f"{name}_{only or 'all'}_{part}.json.gz"
    done: dict[str, Any] = _read(path) if path.is_file() else {}
    workers = starter(wall.probe(), assignment.packages, [p for p in assignment.packages if p != "numpy"])

    def work(bench: judge.Bench) -> None:
        jobs = [(kind, program, seed) for kind, program, seeds in _programs(assignment) for seed in seeds if kind.startswith(only)]
        for kind, program, seed in jobs[part::parts]:
            if f"{kind}@{seed}" in done:
                continue
            grade = bench.grade(program, seed, lambda check: check.uses_student and check.rule.seconds is None)
            done[f"{kind}@{seed}"] = [[v.id, v.stage, v.outcome.value, list(v.trace) if v.outcome.value != "PASS" or kind[0] == "r" else []]
                                      for v in grade.verdicts]  # fmt: skip
            path.write_bytes(gzip.compress(json.dumps(done).encode(), 1))

    STORE.mkdir(parents=True, exist_ok=True)
    try:
        judge.with_suite(assignment, ["public", "hidden"], lambda: workers, work)
    finally:
        workers.close()
    print(f"{name}: {len(done)} runs in {path}")


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    return found


def _verdicts(rows: list[Any], public: bool) -> list[Any]:
    from grader.model import Outcome, Verdict

    return [
        Verdict(check, stage, "", "", Outcome(outcome), 0.0, 0.0, trace=tuple(trace))
        for check, stage, outcome, trace in rows
        if not public or check.startswith("public/")
    ]


def _known(runs: dict[str, Any], seed: int) -> Any:
    from grader.audit.knowledge import loose
    from grader.model import Grade
    from grader.tutor import Known

    traces: dict[tuple[str, int], dict[str, Any]] = {}
    for key, rows in runs.items():
        kind, _, drawn = key.partition("@")
        if kind.startswith("wrong:") and int(drawn) == seed:
            for check, _, outcome, trace in rows:
                if outcome != "PASS" and trace:
                    traces.setdefault((check, seed), {})[kind.removeprefix("wrong:")] = (*trace, outcome)
    right = [_verdicts(rows, False) for key, rows in runs.items() if key.startswith("right:")]
    grades = [Grade("", "", "", (), "", "graded", 1, "cpu", 0, tuple(verdicts), 0.0) for verdicts in right]
    return Known("", {}, traces, loose(grades))


def table(details: bool) -> None:
    """Print one row for each assignment, kind of program and view, and what was missed or named falsely."""
    from grader.tutor import diagnose, misconception_of

    print("| assignment | programs | sees | runs | named rightly | two or more named | named wrongly |\n|---|---|---|---|---|---|---|")
    for name in sorted({path.name.split("_")[0] for path in STORE.glob("*.json.gz")}):
        runs: dict[str, Any] = {}
        for path in sorted(STORE.glob(f"{name}_*.json.gz")):
            runs |= _read(path)
        known = {seed: _known(runs, seed) for seed in SEEDS}
        for kind in ("wrong", "rewritten", "unrelated", "mutant"):
            for public in (False, True):
                count = right = several = false = 0
                notes = []
                for key, rows in sorted(runs.items()):
                    label, _, seed = key.partition("@")
                    verdicts = _verdicts(rows, public)
                    if not label.startswith(f"{kind}:") or all(verdict.outcome.value == "PASS" for verdict in verdicts):
                        continue
                    groups = diagnose(verdicts, known[int(seed)], int(seed)).groups
                    wanted = misconception_of(label.partition(":")[2].rpartition("/")[2])
                    hits = [group for group in groups if wanted in group]
                    wrong = [group for group in groups if wanted not in group]
                    count += 1
                    right += bool(hits)
                    several += any(len(group) > 1 for group in hits)
                    false += bool(wrong)
                    if wrong or (kind in ("wrong", "rewritten") and not hits):
                        notes.append(f"{key}: {' and '.join('/'.join(group) for group in groups) or 'unknown'}")
                named = f"{right} ({100 * right / max(1, count):.1f}%)" if kind in ("wrong", "rewritten") else "-"
                print(f"| {name} | {kind} | {'public' if public else 'both'} | {count} | {named} | {several} | {false} |")
                for note in notes if details else ():
                    print(f"    {note}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["mutants", name, count]:
            mutants(name, int(count))
        case ["record", name, *rest]:
            record(name, *rest[:1], *(int(number) for number in rest[1:3]))
        case ["table", *rest]:
            table(bool(rest))
        case _:
            sys.exit(__doc__)
