"""Marks for other systems: CSV, Canvas, Moodle, Gradescope, Classroom 50, JUnit. Nothing here reads a store or a clock."""

from grader.export.junit import junit
from grader.export.records import classroom50, gradescope
from grader.export.tables import canvas, moodle, plain_csv

__all__ = ["canvas", "classroom50", "gradescope", "junit", "moodle", "plain_csv"]
