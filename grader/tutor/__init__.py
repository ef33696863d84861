"""From a failing trace to the question that this mistake deserves."""

from grader.tutor.diagnose import Diagnosis, annotate, diagnose
from grader.tutor.known import BOTH, Known, Misconception, load_known, meddled, misconception_of, save_known, trace_paths, union
from grader.tutor.trace import matches
from grader.tutor.witness import Seen, Signs, caller

__all__ = [
    "BOTH",
    "Diagnosis",
    "Known",
    "Misconception",
    "Seen",
    "Signs",
    "annotate",
    "caller",
    "diagnose",
    "load_known",
    "matches",
    "meddled",
    "misconception_of",
    "save_known",
    "trace_paths",
    "union",
]
