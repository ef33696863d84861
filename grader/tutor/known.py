"""What the tutor knows of an assignment: its misconceptions, and the trace that each leaves in each check."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.errors import GraderFault
from grader.model import Assignment
from grader.tutor.trace import Token, matches
from grader.tutor.witness import Signs

FORMAT = 2
ANY_SEED = -1  # the trace of a check that draws nothing
FORM = "~"  # between a misconception's id and the number of one more form of it
BOTH = "+"  # between two programs that were made at once
PATHS = {"public": ".kit/traces.json.gz", "hidden": "traces.json.gz"}

Traces = Mapping[tuple[str, int], Mapping[str, tuple[Token, ...]]]


@dataclass(frozen=True, slots=True)
class Misconception:
    """A wrong program that we know, and the tutor's question, in both languages."""

    id: str
    en: str
    zh: str


def misconception_of(program: str) -> str:
    """Return the misconception that *program* is a form of: ``no-division~1`` is one more form of ``no-division``. Two at once stay two."""
    return BOTH.join(part.partition(FORM)[0] for part in program.split(BOTH))


@dataclass(frozen=True)
class Known:
    """``traces[(check, seed)][program]`` is the trace that a failing wrong program left; a program that passed the check is not there.

    A *program* is a misconception's id, or one more form of it, or two of them at once (``a+b``): of such a pair only those traces
    are kept that neither of the two would leave; an empty one says that the check passed. ``loose`` are the checks in which right
    styles differ among themselves. ``signs`` is what the witness says.
    """

    suite_hash: str
    misconceptions: Mapping[str, Misconception]
    traces: Traces = field(repr=False)
    loose: frozenset[str] = frozenset()
    signs: Signs = field(default_factory=Signs)

    def of(self, program: str, seed: int) -> dict[str, tuple[Token, ...]]:
        """Return what *program* showed under one seed, by check."""
        if BOTH not in program:
            return self.own(program, seed)
        together = {**union([self.of(part, seed) for part in program.split(BOTH)]), **self.own(program, seed)}
        return {check: trace for check, trace in together.items() if trace}

    def own(self, program: str, seed: int) -> dict[str, tuple[Token, ...]]:
        """Return what is kept of *program*: of a pair, what only the two together show."""
        return {check: left[program] for (check, drawn), left in self.traces.items() if drawn in (ANY_SEED, seed) and program in left}

    def programs(self) -> set[str]:
        return {program for traces in self.traces.values() for program in traces}


def union(parts: Iterable[Mapping[str, tuple[Token, ...]]]) -> dict[str, tuple[Token, ...]]:
    """Return the traces of mistakes that do not meddle with each other; where two of them show something, the first one's."""
    found: dict[str, tuple[Token, ...]] = {}
    for part in parts:
        for check, trace in part.items():
            found.setdefault(check, trace)
    return found


def meddled(pair: Mapping[str, tuple[Token, ...]], parts: Iterable[Mapping[str, tuple[Token, ...]]]) -> dict[str, tuple[Token, ...]]:
    """Return what *pair*, two mistakes at once, showed otherwise than their union; ``()`` where the check passed."""
    apart = union(parts)
    checks = {check: pair.get(check, ()) for check in (*apart, *pair)}
    return {check: trace for check, trace in checks.items() if not matches(trace, apart.get(check, ()))}


def trace_paths(assignment: Assignment) -> dict[str, Path]:
    """Return where the traces lie, by suite: the public ones in the handout, and for staff the hidden ones beside the solution."""
    paths = {"public": assignment.folder / PATHS["public"]}
    return paths if assignment.private is None else paths | {"hidden": assignment.private / PATHS["hidden"]}


def save_known(path: Path, known: Known) -> None:
    """Write *known* compactly, and reproducibly: the same knowledge, the same bytes."""
    rows: dict[str, Any] = {}
    for (check, seed), traces in sorted(known.traces.items()):
        rows.setdefault(check, {})[str(seed)] = {program: list(trace) for program, trace in sorted(traces.items())}
    record = {
        "format": FORMAT,
        "suite_hash": known.suite_hash,
        "questions": {m.id: {"en": m.en, "zh": m.zh} for m in sorted(known.misconceptions.values(), key=lambda m: m.id)},
        "loose": sorted(known.loose),
        "traces": rows,
    }
    if known.signs.programs:
        answers = {"": known.signs.right, **known.signs.programs}
        record["signs"] = {program: {name: list(told) for name, told in sorted(seen.items())} for program, seen in sorted(answers.items())}
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode(), 9, mtime=0))


def load_known(paths: Iterable[Path], suite_hashes: Iterable[str]) -> Known | None:
    """Read and merge what ``grade audit`` wrote; None if nothing fits. A file whose suite has changed since is refused: it is left out."""
    wanted = set(suite_hashes)
    found: dict[tuple[str, int], Mapping[str, tuple[Token, ...]]] = {}
    questions: dict[str, Misconception] = {}
    loose: set[str] = set()
    signs: dict[str, dict[str, tuple[Token, ...]]] = {}
    hashes = []
    for path in paths:
        if not path.is_file():
            continue
        try:
            record = json.loads(gzip.decompress(path.read_bytes()))
            if record["format"] != FORMAT or record["suite_hash"] not in wanted:
                continue
            for check, by_seed in record["traces"].items():
                for seed, traces in by_seed.items():
                    found[(check, int(seed))] = {program: tuple(trace) for program, trace in traces.items()}
            questions |= {name: Misconception(name, row["en"], row["zh"]) for name, row in record["questions"].items()}
            loose |= set(record["loose"])
            for program, seen in record.get("signs", {}).items():
                signs[program] = {name: tuple(told) for name, told in seen.items()}
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise GraderFault(f"{path}: not a trace file: {error}; `grade audit` writes it anew") from None
        hashes.append(record["suite_hash"])
    right = signs.pop("", {})
    return Known("+".join(hashes), questions, found, frozenset(loose), Signs(right, signs)) if hashes else None
