"""Pushed work, from a student's push to a folder that can be graded, over a real git server on loopback."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from git_kit import PROGRAM, git, server, student

from grader import collect, manifest, push, roster
from grader.errors import CourseError
from grader.intake import git as git_of_ours
from grader.phrases import in_language
from grader.roster import Person

ROOT = Path(__file__).resolve().parent.parent
__all__ = ["server"]  # a fixture
pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="NOT RUN: git is not installed")
DEADLINE = dt.datetime(2026, 10, 1, 12, 0, tzinfo=dt.UTC)


def collected(people: list[Person], into: Path, deadline: dt.datetime | None = DEADLINE) -> dict[str, collect.Collected]:
    assignment = manifest.load(ROOT / "assignments" / "hw2", ROOT / "solutions" / "hw2")
    return {one.id: one for one in collect.collect(assignment, people, into, deadline, lambda one: None)}


def test_the_newest_tag_before_the_deadline_counts(server: tuple[Path, str], tmp_path: Path) -> None:
    """A later tag, and whatever was pushed after the deadline, changes nothing."""
    base, url = server
    work = student(base, tmp_path, "ann", DEADLINE - dt.timedelta(days=2), "x = 1\n")
    for text, hours in (("x = 2\n", -3), ("x = 3\n", 3)):
        (work / "micrograd.py").write_text(text, encoding="utf-8")
        pushed = DEADLINE + dt.timedelta(hours=hours)
        git(work, "commit", "--quiet", "-am", "more", when=pushed)
        git(work, "tag", f"submit/hw2/{pushed:%Y%m%dT%H%M%SZ}-{git(work, 'rev-parse', 'HEAD')[:10]}")
        git(work, "push", "--quiet", "origin", "main", "--tags")
    found = collected([Person("ann", repo=f"{url}/ann.git")], tmp_path / "into")["ann"]
    assert found.status == "new"
    assert found.tag.startswith("submit/hw2/20261001T090000Z-")
    assert (tmp_path / "into" / "ann" / "micrograd.py").read_text() == "x = 2\n"
    assert os.stat(tmp_path / "into" / "ann" / "micrograd.py").st_mtime == (DEADLINE - dt.timedelta(hours=3)).timestamp()


def test_a_force_push_after_the_deadline_does_not_hide_the_tag(server: tuple[Path, str], tmp_path: Path) -> None:
    """History rewritten too late: the tag still holds what was handed in; without the tag the deadline's commit is gone, and we say so."""
    base, url = server
    early = DEADLINE - dt.timedelta(hours=1)
    for name in ("bo", "cy"):
        work = student(base, tmp_path, name, early, "x = 'handed in'\n")
        if name == "bo":
            git(work, "tag", f"submit/hw2/{early:%Y%m%dT%H%M%SZ}-{git(work, 'rev-parse', 'HEAD')[:10]}")
            git(work, "push", "--quiet", "origin", "--tags")
        (work / "micrograd.py").write_text("x = 'rewritten'\n", encoding="utf-8")
        git(work, "commit", "--quiet", "-a", "--amend", "-m", "better", when=DEADLINE + dt.timedelta(days=1))
        git(work, "push", "--quiet", "--force", "origin", "main")
    found = collected([Person(name, repo=f"{url}/{name}.git") for name in ("bo", "cy")], tmp_path / "into")
    assert (tmp_path / "into" / "bo" / "micrograd.py").read_text() == "x = 'handed in'\n"
    assert found["cy"].status == "nothing"
    assert "no commit up to" in found["cy"].reason


def test_one_student_s_trouble_stops_nobody(server: tuple[Path, str], tmp_path: Path) -> None:
    """A repository that is gone, an address that is none, a link for a module, a submodule: each a line; the others are collected."""
    base, url = server
    early = DEADLINE - dt.timedelta(hours=1)
    student(base, tmp_path, "good", early)
    link = student(base, tmp_path, "link", early)
    (link / "micrograd.py").unlink()
    (link / "micrograd.py").symlink_to("/etc/passwd")
    git(link, "add", "-A")
    git(link, "commit", "--quiet", "-m", "link", when=early)
    git(link, "push", "--quiet", "origin", "main")
    hooks = student(base, tmp_path, "hooks", early)
    (hooks / ".gitattributes").write_text("*.py filter=evil\n", encoding="utf-8")
    (hooks / ".gitmodules").write_text('[submodule "x"]\n path = x\n url = /etc\n', encoding="utf-8")
    git(hooks, "add", "-A")
    git(hooks, "commit", "--quiet", "-m", "filters", when=early)
    git(hooks, "push", "--quiet", "origin", "main")
    people = [
        Person("gone", repo=f"{url}/gone.git"),
        Person("odd", repo="ext::sh -c touch% /tmp/owned"),
        Person("none"),
        *(Person(name, repo=f"{url}/{name}.git") for name in ("link", "hooks", "good")),
    ]
    found = collected(people, tmp_path / "into")
    assert {name: one.status for name, one in found.items()} == {
        "gone": "nothing", "odd": "nothing", "none": "nothing", "link": "refused", "hooks": "new", "good": "new",
    }  # fmt: skip
    assert not (tmp_path / "into" / "link").exists()
    assert all(one.reason for one in found.values() if one.status != "new")


def test_collecting_again_changes_nothing(server: tuple[Path, str], tmp_path: Path) -> None:
    """The same commit is the same work, with the same time."""
    base, url = server
    student(base, tmp_path, "ann", DEADLINE - dt.timedelta(hours=1))
    people = [Person("ann", repo=f"{url}/ann.git")]
    assert collected(people, tmp_path / "into")["ann"].status == "new"
    assert collected(people, tmp_path / "into")["ann"].status == "same"


@pytest.fixture
def somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Git knows who commits."""
    for key in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{key}_NAME", "s")
        monkeypatch.setenv(f"GIT_{key}_EMAIL", "s@e.org")


@pytest.mark.usefixtures("somebody")
def test_submit_pushes_a_tag_that_collect_finds(server: tuple[Path, str], tmp_path: Path) -> None:
    """From the student's push to the staff's folder."""
    base, url = server
    work = student(base, tmp_path, "ann", DEADLINE - dt.timedelta(days=1))
    (work / "micrograd.py").write_text("x = 'mine'\n", encoding="utf-8")
    pushed = push.push(manifest.load(work), now=DEADLINE - dt.timedelta(minutes=1))
    found = collected([Person("ann", repo=f"{url}/ann.git")], tmp_path / "into")["ann"]
    assert (found.tag, found.commit) == (pushed.tag, pushed.commit)
    assert (tmp_path / "into" / "ann" / "micrograd.py").read_text() == "x = 'mine'\n"


@pytest.mark.usefixtures("somebody")
def test_what_is_missing_is_told_and_is_not_in_the_commit(server: tuple[Path, str], tmp_path: Path) -> None:
    """A log that was pushed once and is gone now: she is told so, and what is handed in is what she sees."""
    base, _ = server
    work = student(base, tmp_path, "ann", DEADLINE)
    (work / "pain.jsonl").write_text("{}\n", encoding="utf-8")

    def submit() -> str:
        command = [sys.executable, "-m", "grader.cli", "--lang", "en", "submit", "hw2", "--git"]
        done = subprocess.run(command, cwd=work, capture_output=True, encoding="utf-8", check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stderr

    assert "in it    pain.jsonl" in submit()
    (work / "pain.jsonl").unlink()
    said = submit()
    tag = said.split()[-1]
    assert "missing  pain.jsonl (its checks earn nothing)" in said
    assert "pain.jsonl" not in git(work, "ls-tree", "-r", "--name-only", tag).splitlines()
    assert "micrograd.py" in git(work, "ls-tree", "-r", "--name-only", tag).splitlines()


@pytest.mark.usefixtures("somebody")
def test_a_notebook_is_pushed_in_the_place_of_the_module(server: tuple[Path, str], tmp_path: Path) -> None:
    """And the module that it replaces is in the commit no more: grading would take it for her work."""
    base, _ = server
    work = student(base, tmp_path, "ann", DEADLINE)
    (work / "micrograd.py").unlink()
    cell = {"cell_type": "code", "metadata": {}, "source": PROGRAM, "outputs": [], "execution_count": None}
    (work / "hw2.ipynb").write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}), encoding="utf-8")
    pushed = push.push(manifest.load(work))
    assert "micrograd.py" not in pushed.missing
    names = git(work, "ls-tree", "-r", "--name-only", pushed.tag).splitlines()
    assert "hw2.ipynb" in names
    assert "micrograd.py" not in names


@pytest.mark.usefixtures("somebody")
def test_git_that_fails_comes_with_a_remedy(server: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No repository; a server that has newer commits; one that is not there; a program that could not be graded."""
    base, _ = server
    work = student(base, tmp_path, "ann", DEADLINE)
    git(work, "commit", "--quiet", "--allow-empty", "-m", "from elsewhere")
    git(work, "push", "--quiet", "origin", "main")
    git(work, "reset", "--quiet", "--hard", "HEAD~")
    (work / "micrograd.py").write_text("x = 'mine'\n", encoding="utf-8")
    with pytest.raises(CourseError, match=r"rejected.*your work is committed here: try again, after git pull .*zip") as refused:
        push.push(manifest.load(work))
    assert "git pull" in refused.value.zh
    git(work, "remote", "set-url", "origin", str(base / "nowhere.git"))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("LANGUAGE", "zh_CN")  # git's own Chinese, where its translations are installed
    with pytest.raises(CourseError, match=r"git push: fatal: .*zip"):
        push.push(manifest.load(work))
    (work / "micrograd.py").write_bytes(b"\xff")
    with pytest.raises(CourseError, match="UTF-8"):
        push.push(manifest.load(work))
    shutil.rmtree(work / ".git")
    with pytest.raises(CourseError, match=r"lies in no git repository; hand in the zip"):
        push.push(manifest.load(work))


def test_submit_refuses_what_would_surprise(server: tuple[Path, str], tmp_path: Path) -> None:
    """A changed file that is not part of the submission is named; without a remote the zip is offered."""
    base, _ = server
    work = student(base, tmp_path, "ann", DEADLINE)
    (work / "pain.py").write_text("changed\n", encoding="utf-8")
    with pytest.raises(CourseError, match=r"pain\.py"):
        push.push(manifest.load(work))
    git(work, "checkout", "--quiet", "pain.py")
    git(work, "remote", "remove", "origin")
    with pytest.raises(CourseError, match="zip"):
        push.push(manifest.load(work))


def test_a_branch_that_head_does_not_name_is_taken(server: tuple[Path, str], tmp_path: Path) -> None:
    """Where it is the only one; an empty repository and several branches are told apart, and a missing one by git's own reason."""
    base, url = server
    early = DEADLINE - dt.timedelta(hours=1)
    for name in ("ann", "bo", "cy"):
        work = student(base, tmp_path, name, early)
        git(work, "push", "--quiet", "origin", "main:master", *(["main:other"] if name == "bo" else []))
        git(base / f"{name}.git", "update-ref", "-d", "refs/heads/main")
    git(base / "cy.git", "update-ref", "-d", "refs/heads/master")
    there = [Person(name, repo=f"{url}/{name}.git") for name in ("ann", "bo", "cy")]
    found = collected([*there, Person("gone", repo=str(base / "gone.git"))], tmp_path / "into")
    assert (found["ann"].status, found["ann"].tag) == ("new", "master")
    assert "several others (master, other)" in found["bo"].reason
    assert "is empty; nothing was pushed yet" in found["cy"].reason
    assert "does not appear to be a git repository" in found["gone"].reason
    assert in_language(found["gone"].reason, "zh").startswith(f"{base / 'gone.git'}：无法读取仓库：fatal: ")


@pytest.mark.parametrize(
    ("ended", "en", "zh"),
    [
        (git_of_ours.Ran(-9, b"", late=True), "no answer within 120 s; try again", "120 秒内没有回应；请重试"),
        (git_of_ours.Ran(-9, b"", over=True), "too many branches and tags", "分支和标签太多"),
        (git_of_ours.Ran(128, b""), "git failed; more than 256 MB", "可能超过了 256 MB"),
    ],
)
def test_why_a_repository_could_not_be_read_is_told_in_both_languages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ended: git_of_ours.Ran, en: str, zh: str
) -> None:
    """A server that does not answer, one that has too much to say, and a git that says nothing."""
    monkeypatch.setattr(git_of_ours, "run", lambda *_, **__: ended)
    reason = collected([Person("ann", repo=str(tmp_path))], tmp_path / "into")["ann"].reason
    assert en in in_language(reason, "en")
    assert zh in in_language(reason, "zh")
    assert en not in in_language(reason, "zh")


def test_a_refusal_names_her_and_what_is_left_of_an_earlier_collect(server: tuple[Path, str], tmp_path: Path) -> None:
    """What an earlier collect brought stays, and her line says so: else it would be graded unnoticed."""
    base, url = server
    work = student(base, tmp_path, "ann", DEADLINE - dt.timedelta(hours=2))
    people = [Person("ann", repo=f"{url}/ann.git")]
    collected(people, tmp_path / "into")
    git(work, "rm", "--quiet", "micrograd.py")
    git(work, "commit", "--quiet", "-m", "oops", when=DEADLINE - dt.timedelta(hours=1))
    git(work, "push", "--quiet", "origin", "main")
    found = collected(people, tmp_path / "into")["ann"]
    assert found.status == "refused"
    assert found.reason.startswith("ann: has no micrograd.py")
    assert f"{tmp_path / 'into' / 'ann'} still holds the work of an earlier collect" in found.reason


def test_a_roster_that_is_not_there_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"nosuch\.csv: no such file; give the roster"):
        roster.load(tmp_path / "nosuch.csv")


def test_a_folder_that_cannot_be_written_is_to_be_mended(tmp_path: Path) -> None:
    """One line with its name; a file where the folder should be stands in for a full disk."""
    (tmp_path / "file").write_text("")
    with pytest.raises(CourseError, match="cannot be written"):
        collected([Person("ann", repo="")], tmp_path / "file" / "into")
