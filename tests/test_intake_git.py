"""A pushed commit is read by plumbing alone: what lies in the repository never runs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from intake_kit import HONEST, assignment

from grader.errors import CourseError
from grader.intake import Rejected, admit, admit_git


def git(where: Path, *arguments: str, **extra: str) -> str:
    names = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
    clean = {"PATH": os.environ["PATH"], "HOME": str(where), "GIT_CONFIG_NOSYSTEM": "1", **names, **extra}
    done = subprocess.run(["git", "-C", str(where), *arguments], env=clean, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def work(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "micrograd.py").write_bytes(HONEST)
    return folder


def pushed(work: Path) -> tuple[Path, str]:
    git(work, "add", "-A")
    git(work, "commit", "-qm", "x", GIT_COMMITTER_DATE="2026-03-01T12:00:00+02:00")
    bare = work.parent / "alice.git"
    git(work.parent, "clone", "-q", "--bare", str(work), str(bare))
    return bare, git(work, "rev-parse", "HEAD")


def test_a_commit_is_the_same_submission_as_its_folder(work):
    """However it came, the same files have the same digest; the instant is the commit's."""
    repo, commit = pushed(work)
    found = admit_git(repo, commit, assignment(), "alice")
    assert found.digest == admit(work, assignment(), "alice").digest
    assert found.instant == "2026-03-01T10:00:00+00:00"


def test_hooks_filters_and_attributes_do_not_run(work, tmp_path):
    """Neither a hook of the clone's nor a filter that .gitattributes asks for leaves a trace."""
    (work / ".gitattributes").write_text("*.py filter=evil diff=evil\n")
    repo, commit = pushed(work)
    trap = tmp_path / "trap"
    for key in ("filter.evil.smudge", "diff.evil.textconv", "core.fsmonitor", "core.pager", "core.sshCommand"):
        git(repo, "config", key, f"touch {trap}")
    for hook in ("post-checkout", "reference-transaction", "pre-auto-gc"):
        (repo / "hooks").mkdir(exist_ok=True)
        (repo / "hooks" / hook).write_text(f"#!/bin/sh\ntouch {trap}\n")
        (repo / "hooks" / hook).chmod(0o755)
    assert admit_git(repo, commit, assignment(), "alice").files["micrograd.py"] == HONEST
    assert not trap.exists()


def test_a_replaced_object_is_not_followed(work):
    """refs/replace could show us another commit under the pinned hash."""
    repo, commit = pushed(work)
    blob = git(work, "rev-parse", "HEAD:micrograd.py")
    (work.parent / "other").write_bytes(b"evil = 1\n")
    evil = git(repo, "hash-object", "-w", str(work.parent / "other"))
    git(repo, "replace", blob, evil)
    assert admit_git(repo, commit, assignment(), "alice").files["micrograd.py"] == HONEST


def test_a_link_in_the_tree_is_refused(work):
    """Mode 120000 is never a file."""
    (work / "pain.jsonl").symlink_to("/etc/passwd")
    with pytest.raises(Rejected, match=r"pain\.jsonl: is a link"):
        admit_git(*pushed(work), assignment(), "alice")


def test_a_submodule_is_refused(work):
    """Nothing is fetched."""
    git(work, "update-index", "--add", "--cacheinfo", "160000," + "1" * 40 + ",pain.jsonl")
    git(work, "add", "micrograd.py")
    git(work, "commit", "-qm", "x")
    bare = work.parent / "b.git"
    git(work.parent, "clone", "-q", "--bare", str(work), str(bare))
    with pytest.raises(Rejected, match="submodule"):
        admit_git(bare, git(work, "rev-parse", "HEAD"), assignment(), "alice")


def test_a_large_blob_is_refused_by_its_size(work):
    """Nothing of it is read."""
    (work / "micrograd.py").write_bytes(b"#" * 70_000)
    with pytest.raises(Rejected, match="larger than 64 KiB"):
        admit_git(*pushed(work), assignment(), "alice")


@pytest.mark.parametrize("commit", ["main", "HEAD", "--help", "abc123", "a" * 39])
def test_only_a_full_hash_names_a_commit(work, commit):
    """A branch can move, and an option is no commit."""
    repo, _ = pushed(work)
    with pytest.raises(CourseError, match="full commit hash"):
        admit_git(repo, commit, assignment(), "alice")


def test_a_working_tree_or_unknown_commit_gets_one_line(work):
    """An uploaded .git is never run; an unknown commit is refused."""
    repo, _ = pushed(work)
    with pytest.raises(CourseError, match="not a bare clone"):
        admit_git(work, "1" * 40, assignment(), "alice")
    with pytest.raises(Rejected, match="damaged"):
        admit_git(repo, "1" * 40, assignment(), "alice")
