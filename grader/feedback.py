"""Hand a page back by git: one commit with one file, on a branch of the student's own repository that nothing else lives on."""

from __future__ import annotations

import tempfile
from pathlib import Path

from grader.errors import CourseError
from grader.intake import git

AUTHOR = {
    "GIT_AUTHOR_NAME": "grade", "GIT_AUTHOR_EMAIL": "grade@invalid", "GIT_COMMITTER_NAME": "grade", "GIT_COMMITTER_EMAIL": "grade@invalid",
    "GIT_AUTHOR_DATE": "2000-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2000-01-01T00:00:00Z",
}  # fmt: skip  # one instant: the same page is the same commit, and pushing it again is nothing
SECONDS = 60.0


def branch(homework: str) -> str:
    """Return the branch that holds the feedback on *homework*."""
    return f"feedback-{homework}"


def push(page: bytes, url: str, homework: str) -> str:
    """Put *page* as ``HOMEWORK.html`` on the feedback branch at *url*, in the place of what was there; return its commit.

    Nothing is read from the student's repository. Raises CourseError if the push is refused or nobody answers.
    """
    protocol = git.protocol_of(url)
    with tempfile.TemporaryDirectory(prefix="grade-feedback-") as folder:
        bare = Path(folder) / "repo.git"

        def run(*arguments: str, repo: Path | None = bare, stdin: bytes = b"") -> str:
            ran = git.run(arguments, repo=repo, protocol=protocol, seconds=SECONDS, stdin=stdin, extra=AUTHOR)
            if ran.late or ran.code != 0:
                last = ran.said.strip().splitlines()[-1:] or ["no answer"]
                text = f"{url}: the feedback could not be pushed: {last[0][:200]}"
                raise CourseError(text, zh=f"{url}：反馈无法推送：{last[0][:200]}")
            return ran.out.decode("utf-8", "replace").strip()

        run("init", "--bare", "--quiet", "--template=", str(bare), repo=None)
        blob = run("hash-object", "-w", "--stdin", stdin=page)
        tree = run("mktree", stdin=f"100644 blob {blob}\t{homework}.html\n".encode())
        commit = run("commit-tree", tree, "-m", f"Feedback on {homework}")
        run("push", "--quiet", "--force", url, f"{commit}:refs/heads/{branch(homework)}")
    return commit
