"""What the staff's commands share: the course's folder, its rules and its store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.speak import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from grader.gradebook import Standing
    from grader.gradebook.store import Gradebook
    from grader.rules import Rules

store_option = click.option(
    "--store", default=None, help="File or postgresql:// URL (grades.sqlite). / 成绩库：文件或 postgresql:// 地址。"
)


def course() -> Path:
    """Return the course's folder: that with ``assignments/``, else the current one."""
    from grader import manifest

    return manifest.course_root(Path.cwd()) or Path.cwd()


def open_existing(store: str | None, root: Path, *, to_read: bool = False) -> Gradebook:
    """Open the course's store, perhaps only *to_read*. A file that is not there is refused, since a new one would be empty."""
    from grader.errors import CourseError
    from grader.gradebook import DEFAULT_STORE, open_store

    where = store or str(root / DEFAULT_STORE)
    if "://" not in where and not Path(where).is_file():
        text = f"{where}: no store there yet; grade a class first: grade run HW FOLDER"
        raise CourseError(text, zh=f"{where}：还没有成绩库；请先批改：grade run HW 文件夹")
    return open_store(where, to_read=to_read)


def known(book: Gradebook, hw: str, root: Path, rules: Rules) -> None:
    """Refuse an assignment of which neither the course's folder, nor its *rules*, nor the store knows anything."""
    from grader import manifest
    from grader.errors import CourseError, near

    names = {*manifest.names(root), *rules.deadlines, *rules.written}  # an oral exam has no folder and no hand-in
    if hw in names or book.marks(hw):
        return
    names |= {summary.assignment for summary in book.summaries()}
    if hw not in names:
        en, zh = near(hw, sorted(names))
        raise CourseError(f"no assignment {hw!r}{en}", zh=f"没有作业 {hw!r}{zh}")


def course_rules(book: Gradebook, root: Path, hw: str = "") -> Rules:
    """Return the course's rules, and say what in them names no homework and no student; refuse *hw* if nobody knows it."""
    from grader import manifest, rules
    from grader.errors import closest

    found = rules.find(root)
    if hw:
        known(book, hw, root, found)
    here = set(manifest.names(root))
    here |= {name for name in found.named - here if book.summaries(name) or book.marks(name)}
    here |= {name for name in found.written.keys() - here if not any(closest(name, here))}  # an oral exam, and no slip of a homework
    for en, zh in rules.doubts(found, here, [person.id for person in book.roster()]):
        say(en, zh)
    return found


def home(book: Gradebook, root: Path) -> Path:
    """Return the folder beside which hand-ins are kept."""
    return Path(book.label).parent if "://" not in book.label else root


def kept_files(book: Gradebook, root: Path) -> Callable[[Standing], dict[str, bytes]]:
    """Return what gives a standing's hand-in as it was kept, or nothing."""
    from grader.batch.originals import FOLDER, Originals

    originals = Originals(home(book, root) / FOLDER)

    def files(standing: Standing) -> dict[str, bytes]:
        if standing.attempt is None or not standing.attempt.grade.submission.startswith("sha256:"):
            return {}
        kept = originals.load(standing.attempt.grade.submission, standing.person.id)
        return kept.files if kept is not None else {}

    return files
