"""Folder, zip, tar, notebook or git commit -> Submission, reading only the files that the manifest names."""

from grader.intake.admission import admit, fingerprint, scan
from grader.intake.gitref import admit_git
from grader.intake.refusal import Rejected

__all__ = ["Rejected", "admit", "admit_git", "fingerprint", "scan"]
