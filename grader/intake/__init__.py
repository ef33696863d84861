"""Folder, zip, tar, notebook or git commit -> Submission, reading only the files that the manifest names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grader.intake.admission import admit, fingerprint, scan, strays
from grader.intake.refusal import Rejected

if TYPE_CHECKING:
    from grader.intake.gitref import admit_git

__all__ = ["Rejected", "admit", "admit_git", "fingerprint", "scan", "strays"]


def __getattr__(name: str) -> Any:
    """Import what reads git only where git is read."""
    if name == "admit_git":
        from grader.intake.gitref import admit_git

        return admit_git
    raise AttributeError(name)
