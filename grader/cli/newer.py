"""A kind word when a corrected handout lies near an older one."""

from __future__ import annotations

import os
import shlex
import subprocess

from grader.cli.speak import say
from grader.model import Assignment


def tell(assignment: Assignment) -> None:
    """Say that a newer handout of *assignment* is here, and how to take it without losing work; nothing where none is known.

    GRADE_HANDOUT names a place to look at besides those near the folder: an archive, or a folder that holds one.
    """
    from grader import versions

    if assignment.private is not None:
        return  # the course itself
    found = versions.newer(assignment.folder, assignment.name, os.environ.get("GRADE_HANDOUT", ""))
    if found is None:
        return
    place, version = found
    mine = versions.read(assignment.folder, assignment.name)
    quoted = subprocess.list2cmdline([str(place)]) if os.name == "nt" else shlex.quote(str(place))
    of, yours = version.released[:10], mine.released[:10] if mine is not None else None
    old = f"yours is of {yours}" if yours else "yours is older"
    say(
        f"The handout of {assignment.name} was corrected on {of} ({old}). Your work stays if you type: "
        f"grade reset {assignment.name} --update {quoted}",
        f"{assignment.name} 的作业包在 {of} 有更正（你的{f'是 {yours} 的' if yours else '比较旧'}）。更新不会丢掉你的作业，请输入："
        f"grade reset {assignment.name} --update {quoted}",
    )
