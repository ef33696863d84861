"""How well does the tutor name mistakes? ``docs/DIAGNOSIS.md`` shows the table that this makes.

    python tools/diagnosis.py mutants hw2 90 20   sample mutants, 90 of the reference and 20 of each right style (needs cosmic-ray;
                                                  any interpreter that has it); the name of a sample after it: others
    python tools/diagnosis.py record hw2          run all programs on three seeds (mutants and pairs on one); minutes
    python tools/diagnosis.py table               read what was recorded, print the table

Recordings lie in ``build/diagnosis``. Programs: ``wrong/`` as it is, ``rewritten.toml`` (the same mistakes in the right styles), the
break-it targets, mutants of the reference and of the right styles, and pairs of rewritten mistakes.
What the tutor knows is recorded here too, so that the table says nothing of a stale file.
"""

from __future__ import annotations

import gzip
import itertools
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
NAMED = ("wrong", "rewritten", "pair")  # kinds whose mistakes the tutor knows
# Of mutants: what was made with one in view is measured with the next.
SAMPLES = ("", "fresh-", "last-", "unseen-", "final-", "blind-", "sealed-")
KINDS = (*NAMED, "unrelated", *(f"{word}{kind}" for word in SAMPLES for kind in ("mutant", "right-mutant")))
PAIRS = 40  # of rewritten mistakes, in each assignment
sys.path.insert(0, str(ROOT))


def mutants(name: str, count: int, of_styles: int, fresh: str = "") -> None:
    """Write *count* random mutants of the reference's solution regions and *of_styles* of each right style, the same sample each time.

    *fresh* is one of SAMPLES: it draws others than those before it, which nobody saw while the rules were made.
    """
    data = tomllib.loads((ROOT / "assignments" / name / "assignment.toml").read_text(encoding="utf-8"))
    module = f"{data['submit']['module']}.py"
    reference = (ROOT / "solutions" / name / module).read_text(encoding="utf-8")
    given = {line for part in _parts(reference, solution=False) for line in part}
    inside = {number for number, line in enumerate(reference.splitlines()) if line not in given}
    STORE.mkdir(parents=True, exist_ok=True)
    for style, text, wanted, lines in [
        ("", reference, count, inside),
        *(
            (folder.name, text, of_styles, {n for n, line in enumerate(text.splitlines()) if line not in given})
            for folder in sorted((ROOT / "solutions" / name / "right").iterdir())
            if (folder / module).is_file() and (text := (folder / module).read_text(encoding="utf-8"))
        ),
    ]:
        earlier = SAMPLES[: SAMPLES.index(fresh)]
        seen = {mutant for word in earlier for mutant in _stored(f"{word}mutants_{name}{style and '_'}{style}.json")}
        found = sorted(_mutated(text, lines) - seen)
        chosen = random.Random(f"mutants of {name}{style and '/'}{style}{fresh}").sample(found, min(wanted, len(found)))
        (STORE / f"{fresh}mutants_{name}{style and '_'}{style}.json").write_text(json.dumps(chosen), encoding="utf-8")
        print(f"{name} {style}: {len(chosen)} of {len(found)} mutants")


def _parts(text: str, solution: bool) -> Iterator[list[str]]:
    """Yield the lines within the solution regions, or those outside."""
    on = False
    for line in text.splitlines():
        if "### BEGIN SOLUTION" in line or "### END SOLUTION" in line:
            on = "BEGIN" in line
        elif on == solution:
            yield [line]


def _mutated(text: str, inside: set[int]) -> set[str]:
    """Return what all of cosmic-ray's operators make of *text*, where only lines *inside* change."""
    from cosmic_ray.mutating import mutate_code  # type: ignore[import-not-found]
    from cosmic_ray.plugins import get_operator, operator_names  # type: ignore[import-not-found]

    lines, found = text.splitlines(), set()
    for operator in operator_names():
        try:
            instance = get_operator(operator)()
        except TypeError:  # one that wants arguments
            continue
        for occurrence in range(300):
            mutant = mutate_code(text, instance, occurrence)
            if mutant is None:
                break
            changed = {number for number, (a, b) in enumerate(zip(lines, mutant.splitlines(), strict=False)) if a != b}
            if changed and changed <= inside:
                found.add(mutant)
    return found


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
    for fresh in SAMPLES:
        for number, text in enumerate(_stored(f"{fresh}mutants_{assignment.name}.json")):
            yield f"{fresh}mutant:{number}", replace(base, files={**base.files, source: text.encode()}), SEEDS[:1]
        for style, program in styles.items():
            for number, text in enumerate(_stored(f"{fresh}mutants_{assignment.name}_{style}.json")):
                mutant = replace(program, files={**program.files, source: text.encode()})
                yield f"{fresh}right-mutant:{style}/{number}", mutant, SEEDS[:1]
    yield from _pairs(assignment.name, styles, source, tomllib.loads((assignment.private / "rewritten.toml").read_text(encoding="utf-8")))


def _stored(name: str) -> list[str]:
    path = STORE / name
    return list(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else []


def _pairs(name: str, styles: dict[str, Any], source: str, rewritten: dict[str, Any]) -> Iterator[tuple[str, Any, Sequence[int]]]:
    """Yield two rewritten mistakes at once, in one style: a sample of those that can be made together."""
    from grader.tutor import misconception_of

    found = []
    for one, other in itertools.combinations(rewritten, 2):
        (style, first), (again, second) = one.split("/"), other.split("/")
        if style != again or misconception_of(first) == misconception_of(second):
            continue
        text = styles[style].files[source].decode()
        for find, put in (*rewritten[one]["edits"], *rewritten[other]["edits"]):
            text = text.replace(find, put) if text.count(find) == 1 else ""
        if text:
            found.append((f"pair:{style}/{first}+{second}", replace(styles[style], files={**styles[style].files, source: text.encode()})))
    for kind, program in random.Random(f"pairs of {name}").sample(found, min(PAIRS, len(found))):
        yield kind, program, SEEDS[:1]


def record(name: str, only: str = "", part: int = 0, parts: int = 1) -> None:
    """Run every program (of the kind *only*) and keep what its checks showed; what was recorded before is not run again."""
    from grader import judge, manifest, wall
    from grader.audit import pairs, wrong_programs
    from grader.student.process import starter
    from grader.tutor import caller

    os.nice(10)
    assignment = manifest.find(name, ROOT)
    path = STORE / f"{name}_{only or 'all'}_{part}.json.gz"
    done: dict[str, Any] = _read(path) if path.is_file() else {}
    workers = starter(wall.probe(), assignment.packages, [p for p in assignment.packages if p != "numpy"])

    def keep() -> None:
        path.write_bytes(gzip.compress(json.dumps(done).encode(), 1))

    def run(bench: judge.Bench, kind: str, program: Any, seed: int, admits: Any) -> None:
        if f"{kind}@{seed}" not in done:
            grade = bench.grade(program, seed, admits)
            done[f"{kind}@{seed}"] = [[v.id, v.stage, v.outcome.value, list(v.trace) if v.outcome.value != "PASS" or kind[0] == "r" else []]
                                      for v in grade.verdicts]  # fmt: skip
            keep()
        if (f"seen:{kind}" not in done and any(row[2] != "PASS" for row in done[f"{kind}@{seed}"])) or kind.startswith("right:"):
            seen = caller(assignment, lambda: workers, bench.program(program.files))()
            done[f"seen:{kind}"] = {name: list(answer) for name, answer in seen.items()}

    def work(bench: judge.Bench) -> None:
        programs = [row for row in _programs(assignment) if only in ("", row[0].partition(":")[0])]
        jobs = [(kind, program, seed) for kind, program, seeds in programs for seed in seeds]
        for kind, program, seed in jobs[part::parts]:
            run(bench, kind, program, seed, lambda check: check.uses_student and check.rule.seconds is None)
        if only in ("", "both"):  # pairs of the known mistakes, in the checks where either shows first
            wrong = wrong_programs(assignment)
            rows = {p.id: _verdicts(_all(name)[f"wrong:{p.id}@{SEEDS[0]}"], False) for p in wrong}
            for pair in pairs.candidates(assignment, wrong, rows):
                run(bench, f"both:{pair.submission.student}", pair.submission, SEEDS[0], lambda check, pair=pair: check.id in pair.checks)
        keep()

    STORE.mkdir(parents=True, exist_ok=True)
    try:
        judge.with_suite(assignment, ["public", "hidden"], lambda: workers, work)
    finally:
        workers.close()
    print(f"{name}: {sum(not key.startswith('seen:') for key in done)} runs in {path}")


def _all(name: str) -> dict[str, Any]:
    """Return all that was recorded of one assignment."""
    runs: dict[str, Any] = {}
    for path in sorted(STORE.glob(f"{name}_*.json.gz")):
        runs |= _read(path)
    return runs


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


def _grade(student: str, seed: int, verdicts: Sequence[Any]) -> Any:
    from grader.model import Grade

    return Grade("", student, "", (), "", "graded", 1, "cpu", seed, tuple(verdicts), 0.0)


def _seen(runs: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: tuple(answer) for name, answer in runs.get(f"seen:{kind}", {}).items()}


def _known(runs: dict[str, Any], seed: int) -> Any:
    """Return what the tutor would know of these runs under one seed."""
    from grader.audit import pairs
    from grader.audit.knowledge import RIGHT, Runs, known_of

    graded: dict[str, list[Any]] = {}
    checks = set()
    for key, rows in runs.items():
        kind, _, name = key.rpartition("@")[0].partition(":")
        if key.endswith(f"@{seed}") or kind == "right":
            graded.setdefault(kind, []).append(_grade(name, seed, _verdicts(rows, False)))
            checks |= {row[0] for row in rows}
    names = [grade.student for grade in graded["wrong"]]
    seen = {name: _seen(runs, f"wrong:{name}") for name in names} | {RIGHT: _seen(runs, f"right:{RIGHT}")}
    alone = Runs([], graded["wrong"], graded["right"], frozenset(checks), seen)
    known = known_of(alone)
    known = replace(known, signs=replace(known.signs, programs={name: seen[name] for name in names}))
    meddling = {g.student: _seen(runs, f"both:{g.student}") for g in graded.get("both", ())
                if pairs.unexplained(g, known, _seen(runs, f"both:{g.student}"))}  # fmt: skip
    whole = known_of(alone, [grade for grade in graded.get("both", ()) if grade.student in meddling])
    return replace(whole, signs=replace(known.signs, programs={**known.signs.programs, **meddling}))


def table(details: bool) -> None:
    """Print one row for each assignment, kind of program and view, and what was missed or named falsely."""
    print("| assignment | programs | sees | runs | named rightly | two or more named | named wrongly |\n|---|---|---|---|---|---|---|")
    sums: dict[str, list[int]] = {}
    for name in sorted({path.name.split("_")[0] for path in STORE.glob("*.json.gz")}):
        runs = _all(name)
        known = {seed: _known(runs, seed) for seed in SEEDS if any(key.endswith(f"@{seed}") for key in runs)}
        for kind in KINDS:
            for public in (False, True):
                counts, notes = _row(runs, known, kind, public)
                if not counts[0]:
                    continue
                for position, number in enumerate(counts):
                    sums.setdefault(f"{kind} {public}", [0] * 5)[position] += number
                print(_line(name, kind, public, counts))
                for note in notes if details else ():
                    print(f"    {note}")
    for kind in KINDS:
        for public in (False, True):
            if f"{kind} {public}" in sums:
                print(_line("all", kind, public, sums[f"{kind} {public}"]))


def _line(name: str, kind: str, public: bool, counts: Sequence[int]) -> str:
    count, right, several, false, half = counts
    named = f"{right} ({100 * right / max(1, count):.1f}%)" if kind in NAMED else "-"
    named += f", one of the two {half}" if kind == "pair" else ""
    upper = f" (at most {100 * _upper(false, count):.1f}%)" if kind not in NAMED else ""
    return f"| {name} | {kind} | {'public' if public else 'both'} | {count} | {named} | {several} | {false}{upper} |"


def _upper(seen: int, count: int) -> float:
    """Return the one-sided 95% upper bound (Clopper and Pearson) of a share, *seen* out of *count*."""
    from scipy import stats

    return 1.0 if seen >= count else float(stats.beta.ppf(0.95, seen + 1, count - seen))


def _row(runs: dict[str, Any], known: dict[int, Any], kind: str, public: bool) -> tuple[list[int], list[str]]:
    """Return how many runs failed something, were named rightly, with others, wrongly, and by half; and a line for each that was missed."""
    from grader.tutor import BOTH, diagnose, misconception_of

    counts, notes = [0] * 5, []
    for key, rows in sorted((key, rows) for key, rows in runs.items() if key.startswith(f"{kind}:")):
        label, _, seed = key.rpartition("@")
        verdicts = _verdicts(rows, public)
        if all(verdict.outcome.value == "PASS" for verdict in verdicts):
            continue
        groups = diagnose(verdicts, known[int(seed)], int(seed), lambda label=label: _seen(runs, label)).groups
        wanted = set(misconception_of(label.partition(":")[2].rpartition("/")[2]).split(BOTH)) if kind in NAMED else set()
        parts = [{part for one in group for part in one.split(BOTH)} for group in groups]
        named = {part for part in wanted if any(part in group for group in parts)}
        wrong = any(not group & wanted for group in parts)
        counts[0] += 1
        counts[1] += named == wanted
        counts[2] += any(len(group) > 1 for group in groups)
        counts[3] += wrong
        counts[4] += bool(named) and named != wanted
        if wrong or named != wanted:
            notes.append(f"{key}: {' and '.join('/'.join(group) for group in groups) or 'unknown'}")
    return counts, notes


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["mutants", name, count, of_styles, *rest]:
            mutants(name, int(count), int(of_styles), *rest[:1])
        case ["record", name, *rest]:
            record(name, *rest[:1], *(int(number) for number in rest[1:3]))
        case ["table", *rest]:
            table(bool(rest))
        case _:
            sys.exit(__doc__)
