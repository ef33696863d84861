"""A small class that handed in its journals: what the tests of the class's figures share."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gradebook_kit import grade, verdict

from grader import journal
from grader.gradebook import open_store
from grader.model import Outcome

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
CHECKS = [f"hidden/test_local.py::test_{n}" for n in range(3)]
TIMES = {0: 20.0, 1: 900.0}  # at these seconds, times the student's number, the check is first passed; the last one hardly ever


def journal_of(number: int) -> bytes:
    """Return the journal of student *number*: the first check passes soon, the second late, the third for two only."""
    rows, last = [], journal.START
    events = [(0.0, {"passed": [], "failed": CHECKS})]
    events += [(seconds * (1 + number / 10), {"passed": [CHECKS[n]], "failed": []}) for n, seconds in TIMES.items()]
    events += [(7200.0, {"passed": [CHECKS[2]] if number < 2 else [], "failed": [] if number < 2 else [CHECKS[2]]})]
    entries = [(t, journal.CHECK, {**data, "misconceptions": [], "score": 0.0}) for t, data in events]
    if number % 3 == 0:
        entries.insert(2, (300.0, journal.HINT, {"check": "test_2", "level": 1 + number % 2}))
    for seconds, kind, data in entries:
        row = {"t": (START + timedelta(seconds=seconds)).isoformat(), "kind": kind, "data": data, "prev": last}
        row["hash"] = last = journal._seal(row)
        rows.append(json.dumps(row))
    return "\n".join(rows).encode() + b"\n"


def plant_class(home: Path, students: int = 12) -> Path:
    """Write a graded class under *home* and return the folder of its hand-ins: folders and zips, each with a journal."""
    (home / "assignments").mkdir(parents=True)
    hand_ins = home / "hand-ins"
    hand_ins.mkdir()
    with open_store(home / "grades.sqlite") as book:
        for number in range(students):
            name = f"s{number:02}"
            wrong = {0: "assigns-grad", 1: "leaves-first", 2: "assigns-grad+leaves-first"}[number % 3]
            missed = verdict(2, Outcome.FAIL, misconception=wrong, question=" / ".join(f"{one}?" for one in wrong.split("+")))
            book.append(grade(name, verdict(0), verdict(1), missed), handed_in=START.isoformat())
            if number % 2:
                with zipfile.ZipFile(hand_ins / f"{name}.zip", "w") as packed:
                    packed.writestr("micrograd.py", "x = 1\n")
                    packed.writestr("journal.jsonl", journal_of(number))
            else:
                (hand_ins / name).mkdir()
                (hand_ins / name / "journal.jsonl").write_bytes(journal_of(number))
    return hand_ins
