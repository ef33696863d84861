"""A loss threshold lies above the reference's mean + 4 sigma, and below the nearest wrong program that it is meant to stop.

``solutions/hwN/calibrate.py`` says what to measure (see measured.py). What was measured is kept in ``calibration.json`` with a hash
of what it depends on, and measured anew when that has changed.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from grader.audit import programs
from grader.audit.programs import WrongProgram
from grader.errors import SuiteError
from grader.model import Assignment

DESCRIPTION, RECORD = "calibrate.py", "calibration.json"
SIGMAS = 4
WRONG_SEEDS = 10
REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Measured:
    """One program over many seeds."""

    program: str
    seeds: int
    mean: float
    sigma: float
    least: float
    most: float
    above: int

    @property
    def bound(self) -> float:
        return self.mean + SIGMAS * self.sigma


@dataclass(frozen=True, slots=True)
class Threshold:
    """One threshold, the check that asks for it, and what programs reach: the reference first."""

    name: str
    check: str
    value: float
    measured: tuple[Measured, ...]
    always: frozenset[str] = frozenset()  # wrong programs that name the check in 'loses': under no seed may they reach it


def check(assignment: Assignment, wrong: Sequence[WrongProgram], say: Callable[[str], None]) -> Iterator[tuple[str, str]]:
    """Yield (program, what is amiss) for each threshold of *assignment* that does not lie where it must."""
    for threshold in calibrated(assignment, wrong, say):
        yield from amiss(threshold)


def amiss(threshold: Threshold) -> Iterator[tuple[str, str]]:
    reference, *others = threshold.measured
    if not reference.bound <= threshold.value:
        spread = f"mean {reference.mean:.4g} + {SIGMAS} x {reference.sigma:.2g} = {reference.bound:.4g} ({reference.seeds} seeds)"
        yield REFERENCE, f"the threshold of {threshold.check}, {threshold.value:g}, lies below {spread}"
    for other in others:
        best = other.least if other.program in threshold.always else other.mean
        if not best > threshold.value:
            reaches = f"{best:.4g} {'at best' if other.program in threshold.always else 'on average'} ({other.seeds} seeds)"
            yield (
                other.program,
                f"the threshold of {threshold.check}, {threshold.value:g}, does not stop this program: it reaches {reaches}",
            )


def calibrated(assignment: Assignment, wrong: Sequence[WrongProgram], say: Callable[[str], None]) -> list[Threshold]:
    """Return the thresholds of *assignment* as measured; measure and record them when what they depend on has changed."""
    private = assignment.private
    if private is None or not (private / DESCRIPTION).is_file():
        return []
    rules = json.loads(_run(assignment, "describe"))
    recorded = {row["name"]: row for row in _recorded(private)}
    found = []
    for rule in rules:
        tried = _meant(rule, wrong)
        key = _key(assignment, rule, tried)
        row = recorded.get(rule["name"], {})
        if row.get("inputs") != key:
            say(f"{assignment.name}: measuring the threshold {rule['name']} over {rule['seeds']} seeds")
            row = {"name": rule["name"], "check": rule["check"], "value": rule["value"], "inputs": key}
            row["measured"] = _measure(assignment, rule, tried)
        recorded[rule["name"]] = row
        found.append(replace(_threshold(row), always=frozenset(one.id for one in tried if _must_lose(rule, one))))
    text = json.dumps([recorded[rule["name"]] for rule in rules], indent=1) + "\n"
    if not (private / RECORD).is_file() or (private / RECORD).read_text(encoding="utf-8") != text:
        (private / RECORD).write_text(text, encoding="utf-8")
    return found


def recorded(assignment: Assignment) -> list[Threshold]:
    """Return what was last measured."""
    return [] if assignment.private is None else [_threshold(row) for row in _recorded(assignment.private)]


def _recorded(private: Path) -> list[dict[str, Any]]:
    try:
        rows = json.loads((private / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return rows if isinstance(rows, list) else []


def _threshold(row: Mapping[str, Any]) -> Threshold:
    measured = tuple(_summary(program, losses, row["value"]) for program, losses in row["measured"].items())
    return Threshold(row["name"], row["check"], row["value"], measured)


def _summary(program: str, losses: Sequence[float | None], value: float) -> Measured:
    numbers = [math.inf if loss is None else loss for loss in losses]
    ends = [loss for loss in numbers if math.isfinite(loss)]
    mean = statistics.fmean(numbers)
    sigma = statistics.stdev(ends) if len(ends) == len(numbers) > 1 else 0.0
    return Measured(program, len(numbers), mean, sigma, min(numbers), max(numbers), sum(not loss <= value for loss in numbers))


def _meant(rule: Mapping[str, Any], wrong: Sequence[WrongProgram]) -> list[WrongProgram]:
    """Return the wrong programs that the threshold is meant to stop: they name its check in 'loses', or the description names them."""
    also = rule.get("also", ())
    return [one for one in wrong if one.id in also or _must_lose(rule, one)]


def _must_lose(rule: Mapping[str, Any], wrong: WrongProgram) -> bool:
    return programs.named(rule["check"], wrong.loses)


def _key(assignment: Assignment, rule: Mapping[str, Any], tried: Sequence[WrongProgram]) -> str:
    """Return a hash over what the figures depend on. Blank lines and lines of comment do not count."""
    private = assignment.private
    assert private is not None
    digest = hashlib.sha256(json.dumps(rule, sort_keys=True).encode())
    edits = [(one.id, one.edits) for one in tried]
    digest.update(repr(edits).encode())
    for name in (assignment.source_name, DESCRIPTION, *rule.get("reads", ())):
        lines = (private / name).read_text(encoding="utf-8").splitlines()
        digest.update("\n".join(line for line in lines if line.strip() and not line.strip().startswith("#")).encode())
    return digest.hexdigest()[:16]


def _measure(assignment: Assignment, rule: Mapping[str, Any], tried: Sequence[WrongProgram]) -> dict[str, list[float | None]]:
    """Run the reference, the wrong programs and the rivals, each in a process of its own, as many at once as there are processors."""
    base = programs.reference(assignment).files
    sources = {REFERENCE: base, **{one.id: one.apply(base) for one in tried}}
    with tempfile.TemporaryDirectory() as place, ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        due = {}
        for name, files in sources.items():
            folder = Path(place) / name
            folder.mkdir()
            for file, data in files.items():
                (folder / file).write_bytes(data)
            seeds = rule["seeds"] if name == REFERENCE else min(rule["seeds"], rule.get("wrong_seeds", WRONG_SEEDS))
            due[name] = pool.submit(_run, assignment, rule["name"], str(folder / assignment.source_name), str(seeds))
        for words in rule.get("rivals", ()):
            due[words] = pool.submit(_run, assignment, rule["name"], f"rival:{words}", str(rule["seeds"]))
        told = {name: json.loads(one.result()) for name, one in due.items()}
    return {name: [round(loss, 6) if math.isfinite(loss) else None for loss in losses] for name, losses in told.items()}


def _run(assignment: Assignment, *what: str) -> str:
    command = [sys.executable, "-m", "grader.audit.measured", str(assignment.private), str(assignment.folder), *what]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise SuiteError(f"{assignment.private}/{DESCRIPTION}: {last}")
    return done.stdout
