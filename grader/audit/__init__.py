"""Prove an assignment sound: its starter earns nothing, what is right earns all, what is wrong loses what it must."""

from grader.audit.programs import WrongProgram, load_wrong, reference, right_programs, wrong_programs
from grader.audit.prove import Finding, Report, audit

__all__ = ["Finding", "Report", "WrongProgram", "audit", "load_wrong", "reference", "right_programs", "wrong_programs"]
