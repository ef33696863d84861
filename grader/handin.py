"""A student's own folder: pack her work for handing in, and give her the starter again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from grader import handout, intake
from grader.errors import CourseError, near
from grader.model import Assignment
from grader.pack import archive, free, write


@dataclass(frozen=True, slots=True)
class HandIn:
    """What was packed: the archive, its files, the named files that were not there, and the content's hash."""

    archive: Path
    files: tuple[str, ...]
    missing: tuple[str, ...]
    digest: str


def hand_in(assignment: Assignment, out: Path, journal: bytes | None = None) -> HandIn:
    """Write the submission's files as ``out/hwN-submission-HASH.zip``: read by the rules of grading, so that what packs also grades.

    A *journal* goes along as ``journal.jsonl``; it is no part of the submission and changes neither its hash nor its grade. Raises
    CourseError (a Rejected) naming the entry and the reason.
    """
    submission = intake.admit(assignment.folder, assignment, student="me")
    path = out / f"{assignment.name}-submission-{submission.digest.removeprefix('sha256:')[:12]}.zip"
    extra = {"journal.jsonl": journal} if journal is not None else {}
    write(path, archive({f"{assignment.name}/{name}": content for name, content in {**submission.files, **extra}.items()}))
    names = tuple(name for name in assignment.files if name in submission.files)
    missing = tuple(name for name in assignment.files if name not in submission.files)
    return HandIn(path, names, missing, submission.digest)


def start_again(assignment: Assignment, name: str | None = None) -> list[tuple[str, Path | None]]:
    """Put the starter of *name* (or of every file that has one) back; return (name, backup of hers or None if there was nothing to keep).

    A file that already is the starter is left alone and not returned. Raises CourseError for a file that has no starter.
    """
    starters = _starters(assignment)
    if name is not None and name not in starters:
        hint, zh = near(name, starters)
        raise CourseError(f"{assignment.name} has no starter for {name!r}{hint}", zh=f"{assignment.name} 没有 {name!r} 的初始文件{zh}")
    done = []
    for wanted in [name] if name is not None else sorted(starters):
        path = assignment.folder / wanted
        if path.is_dir():
            raise CourseError(f"{path} is a folder; move it away and type this again", zh=f"{path} 是文件夹；请把它移走，再运行一次")
        mine = path.read_bytes() if path.is_file() else None
        if mine == starters[wanted]:
            continue
        backup = free(path) if mine is not None else None
        if backup is not None and mine is not None:
            write(backup, mine)
        write(path, starters[wanted])
        done.append((wanted, backup))
    return done


def _starters(assignment: Assignment) -> dict[str, bytes]:
    if assignment.private is not None:
        return handout.starter(assignment)
    kept = assignment.folder / handout.STARTER
    found = {path.name: path.read_bytes() for path in sorted(kept.glob("*")) if path.suffix in (".py", ".ipynb")}
    if not found:
        raise CourseError(
            f"{kept} holds no starters; unpack the handout again, beside this folder, and copy the file from there",
            zh=f"{kept} 里没有初始文件；请把作业压缩包重新解压到别处，再从那里复制",
        )
    return found
