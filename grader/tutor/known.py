"""What the tutor knows of an assignment: its misconceptions, and the trace that each leaves in each check."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.errors import GraderFault
from grader.tutor.trace import Token

FORMAT = 1
ANY_SEED = -1  # the trace of a check that draws nothing


@dataclass(frozen=True, slots=True)
class Misconception:
    """A wrong program that we know, and the tutor's question, in both languages."""

    id: str
    en: str
    zh: str


@dataclass(frozen=True)
class Known:
    """``traces[(check, seed)][program]`` is the trace that a failing wrong program left; a program that passed the check is not there.

    A *program* is a misconception's id, or two of them joined by ``+``.
    """

    suite_hash: str
    misconceptions: Mapping[str, Misconception]
    traces: Mapping[tuple[str, int], Mapping[str, tuple[Token, ...]]] = field(repr=False)

    def of(self, check: str, seed: int) -> Mapping[str, tuple[Token, ...]]:
        """Return the known traces of one check under one seed, by program."""
        return self.traces.get((check, ANY_SEED)) or self.traces.get((check, seed)) or {}

    def programs(self) -> set[str]:
        return {program for traces in self.traces.values() for program in traces}


def save_known(path: Path, known: Known) -> None:
    """Write *known* compactly, and reproducibly: the same knowledge, the same bytes."""
    rows: dict[str, Any] = {}
    for (check, seed), traces in sorted(known.traces.items()):
        rows.setdefault(check, {})[str(seed)] = {program: list(trace) for program, trace in sorted(traces.items())}
    record = {
        "format": FORMAT,
        "suite_hash": known.suite_hash,
        "questions": {m.id: {"en": m.en, "zh": m.zh} for m in sorted(known.misconceptions.values(), key=lambda m: m.id)},
        "traces": rows,
    }
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode(), 9, mtime=0))


def load_known(paths: Iterable[Path], suite_hashes: Iterable[str] | None = None) -> Known | None:
    """Read and merge what ``grade audit`` wrote; None if nothing is there. Files whose suite has changed since are left out."""
    wanted = None if suite_hashes is None else set(suite_hashes)
    found: dict[tuple[str, int], Mapping[str, tuple[Token, ...]]] = {}
    questions: dict[str, Misconception] = {}
    hashes = []
    for path in paths:
        if not path.is_file():
            continue
        try:
            record = json.loads(gzip.decompress(path.read_bytes()))
            if record["format"] != FORMAT or (wanted is not None and record["suite_hash"] not in wanted):
                continue
            for check, by_seed in record["traces"].items():
                for seed, traces in by_seed.items():
                    found[(check, int(seed))] = {program: tuple(trace) for program, trace in traces.items()}
            questions |= {name: Misconception(name, row["en"], row["zh"]) for name, row in record["questions"].items()}
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise GraderFault(f"{path}: not a trace file: {error}; `grade audit` writes it anew") from None
        hashes.append(record["suite_hash"])
    return Known("+".join(hashes), questions, found) if hashes else None
