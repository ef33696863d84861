"""Run a suite against a student: ordinary pytest here, the student's program behind the wall.

``with_suite(assignment, suites, starter, work)`` collects once and calls ``work(bench)``; ``bench.grade(submission, seed)`` may then be
called any number of times.
"""

from grader.judge.bench import Bench, Check
from grader.judge.run import stage_only, with_suite

__all__ = ["Bench", "Check", "stage_only", "with_suite"]
