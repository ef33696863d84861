"""From a failing trace to the question that this mistake deserves."""

from grader.tutor.diagnose import Diagnosis, annotate, diagnose
from grader.tutor.known import Known, Misconception, load_known, misconception_of, save_known, trace_paths
from grader.tutor.trace import matches

__all__ = [
    "Diagnosis",
    "Known",
    "Misconception",
    "annotate",
    "diagnose",
    "load_known",
    "matches",
    "misconception_of",
    "save_known",
    "trace_paths",
]
