"""Print what the evidence in a folder earns: ``points.py NAME FOLDER`` -> ``{"pain": [earned, due], "question": [...]}``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from grader import intake, judge, manifest, wall
from grader.model import Submission
from grader.student.process import starter

ROOT = Path(__file__).parent.parent.parent
PARTS = ("pain", "question")


def main(name: str, folder: str) -> None:
    assignment = manifest.find(name, ROOT)
    submission: Submission = intake.admit(Path(folder), assignment, "her")
    stages = {stage.name: stage.part for stage in assignment.stages if stage.part in PARTS}
    workers = starter(wall.probe(), assignment.packages, [])
    try:
        grade = judge.with_suite(
            assignment, ["hidden"], lambda: workers, lambda bench: bench.grade(submission, 0, lambda check: check.stage in stages)
        )
    finally:
        workers.close()
    due = {part: [0.0, 0.0] for part in PARTS}
    for verdict in grade.verdicts:
        due[stages[verdict.stage]][0] += verdict.points
        due[stages[verdict.stage]][1] += verdict.max_points
        if verdict.message:
            print(verdict.id, verdict.message, file=sys.stderr)
    print(json.dumps(due))


main(*sys.argv[1:])
