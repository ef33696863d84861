"""A commit of a bare clone of ours, read by ls-tree and cat-file alone: no checkout, no hook, no filter, no submodule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from grader.errors import CourseError
from grader.intake import git
from grader.intake.admission import collect, submission, utc
from grader.intake.names import Item, choose, damaged, too_large, too_many
from grader.intake.refusal import Rejected
from grader.model import Assignment, Submission

_LISTING = 4 * 1024 * 1024
_HEAD = 64 * 1024
_SECONDS = 60
_LFS = b"version https://git-lfs.github.com/spec/"
_KINDS = {"100644": "file", "100755": "file", "040000": "dir", "120000": "link", "160000": "submodule"}


def admit_git(repo: Path, commit: str, assignment: Assignment, student: str, *, instant: str = "") -> Submission:
    """Return the hand-in at *commit* of the bare clone *repo*; *commit* is a full hash, so that nothing moves under us.

    Without *instant* the committer's date counts, which a student can set: pass the time of the push where it is known.
    """
    if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", commit):
        raise CourseError(f"{commit!r} is not a full commit hash; pin one", zh=f"{commit!r} 不是完整的提交哈希；请写完整")
    if not (repo / "HEAD").is_file() or not (repo / "objects").is_dir():
        raise CourseError(f"{repo}: not a bare clone; make one with git clone --bare", zh=f"{repo}：不是裸仓库；请用 git clone --bare")

    def read(item: Item, cap: int) -> bytes:
        if int(_git(repo, ["cat-file", "-s", str(item.key)], 32)) > cap:
            raise too_large(item.name, cap)
        data = _git(repo, ["cat-file", "blob", str(item.key)], cap + 1)[:cap]
        if data.startswith(_LFS):
            raise Rejected(
                item.name, "is a pointer of Git LFS, not the file itself; push it without LFS", zh="是 Git LFS 指针，不是文件本身"
            )
        return data

    files = collect(choose(repo.name, _tree(repo, commit), assignment), assignment, read)
    return submission(files, assignment, student, instant or _committed(repo, commit))


def _tree(repo: Path, commit: str) -> Iterator[Item]:
    listing = _git(repo, ["ls-tree", "-r", "-t", "-z", "--full-tree", commit], _LISTING + 1)
    if len(listing) > _LISTING:
        raise too_many(repo.name)
    for line in listing.split(b"\0"):
        if line:
            head, _, name = line.partition(b"\t")
            mode, _, oid = head.decode("ascii").split(" ")
            yield Item(name.decode("utf-8", "surrogateescape"), _KINDS.get(mode, "unknown"), 0, oid)


def _committed(repo: Path, commit: str) -> str:
    head = _git(repo, ["cat-file", "commit", commit], _HEAD).split(b"\n\n", 1)[0]
    stamp = re.search(rb"^committer .* (\d{1,11}) [+-]\d{4}$", head, re.MULTILINE)
    return utc(int(stamp.group(1)) if stamp else 0)


def _git(repo: Path, arguments: list[str], cap: int) -> bytes:
    """Run one plumbing command, without a network, and return at most *cap* bytes of what it prints."""
    ran = git.run(arguments, repo=repo, cap=cap, seconds=_SECONDS)
    if ran.late or (ran.code != 0 and not ran.over):
        raise damaged(repo.name)
    return ran.out
