"""Exactly what a student receives: starters cut from the reference, the handout's files, and the proof that nothing else leaves."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from grader import marks
from grader.errors import CourseError, SuiteError
from grader.model import SCRATCH, Assignment

STARTER = ".kit/starter"  # in the handout: the starters once more, for `grade reset`
KEPT_DOTS = (".kit", ".gitignore")
LEFT_OUT = (*SCRATCH, "*-submission-*.zip")
SAME_LINE = 40  # a break target's or a wrong program's line of so many characters (without spaces) is taken for its own
SAME_FILE = 64  # bytes: smaller files are alike by accident


def starter(assignment: Assignment) -> dict[str, bytes]:
    """Return the starters by file name, cut from the marked references. Raises SuiteError where a mark or the reference is missing.

    The module must have a solution region; another Python file of the submission has one or is written by hand in the handout.
    """
    private = _private(assignment)
    starters = {}
    for name in (name for name in assignment.files if name.endswith(".py")):
        path = private / name
        if not path.is_file() and name != assignment.source_name:
            continue
        source = read_source(path)
        if marks.regions(source, str(path)):
            starters[name] = marks.cut(source, str(path)).encode()
        elif name == assignment.source_name:
            raise SuiteError(f"{path}: no solution region, so the handout would be the solution; mark it with {marks.BEGIN!r}")
    return starters


def derived(assignment: Assignment) -> dict[str, bytes]:
    """Return every file of the handout that is cut from the reference, by its name in the handout."""
    starters = starter(assignment)
    return starters | {f"{STARTER}/{name}": content for name, content in starters.items()}


def stale(assignment: Assignment) -> list[str]:
    """Return the names of the derived files that are missing from the handout, or differ from what the reference gives."""
    return [name for name, content in derived(assignment).items() if not holds(assignment.folder / name, content)]


def contents(assignment: Assignment) -> dict[str, bytes]:
    """Return the handout's files by name (``text/1_pain.md``), sorted; derived files are cut afresh where the reference is at hand.

    Left out: caches, dot files but the kit's own, and evidence that somebody made while trying the pages.
    Raises SuiteError for a link or anything else that is not a plain file.
    """
    files = {}
    for path in sorted(assignment.folder.rglob("*")):
        name = path.relative_to(assignment.folder).as_posix()
        if _left_out(assignment, name):
            continue
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise SuiteError(f"{path}: a handout holds plain files only; replace the link by the file")
        if path.is_file():
            files[name] = path.read_bytes()
    if assignment.private is not None:
        files |= derived(assignment)
    return dict(sorted(files.items()))


def leaks(assignment: Assignment, files: Mapping[str, bytes]) -> list[str]:
    """Return one line for each place where *files* show something of ``solutions/``; an empty list is the rule that guards everything."""
    private = _private(assignment)
    cut_lines, own_lines = _solution_lines(assignment), _telling_lines(assignment)
    digests = {
        hashlib.sha256(path.read_bytes()).digest(): path
        for path in private.rglob("*")
        if path.is_file() and path.stat().st_size >= SAME_FILE and "__pycache__" not in path.parts
    }
    found = []
    for name, content in files.items():
        twin = digests.get(hashlib.sha256(content).digest())
        if twin is not None:
            found.append(f"{name}: the same file as {twin}")
        text = content.decode("utf-8", errors="replace")
        found += [f"{name}:{number}: shows a line of the solution: {line}" for number, line in marks.survivors(text, cut_lines)]
        for number, line in enumerate(text.splitlines(), 1):
            owner = own_lines.get("".join(line.split()))
            if owner is not None:
                found.append(f"{name}:{number}: shows a line of {owner}: {line.strip()}")
    return found


def read_source(path: Path) -> str:
    """Return a Python file's text with plain newlines. Raises CourseError with the place and the remedy."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SuiteError(f"{path}: no such file; the reference solution belongs there") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CourseError(f"{path}: cannot be read as UTF-8 text: {error}") from None


def _private(assignment: Assignment) -> Path:
    if assignment.private is None:
        raise CourseError(
            f"{assignment.name}: no solutions/{assignment.name} beside assignments/; only the course's staff can cut starters",
            zh=f"{assignment.name}：这里没有 solutions/{assignment.name}；只有教师能生成初始文件",
        )
    return assignment.private


def _left_out(assignment: Assignment, name: str) -> bool:
    pure = PurePosixPath(name)
    if any(part.startswith(".") and part not in KEPT_DOTS for part in pure.parts):
        return True
    evidence = name in assignment.files and not name.endswith(".py")
    return evidence or any(PurePosixPath(part).match(pattern) for part in pure.parts for pattern in LEFT_OUT)


def holds(path: Path, content: bytes) -> bool:
    """Return whether the file at *path* is there and is *content*."""
    try:
        return path.read_bytes() == content
    except OSError:
        return False


def _solution_lines(assignment: Assignment) -> frozenset[str]:
    private = _private(assignment)
    lines: set[str] = set()
    for path in sorted(private.glob("*.py")):
        lines |= marks.solution_lines(read_source(path), str(path))
    return frozenset(lines)


def _telling_lines(assignment: Assignment) -> dict[str, str]:
    """Return the long lines of break targets, right styles and wrong programs that the starter does not hold, each with its owner."""
    private = _private(assignment)
    given: set[str] = set()
    for name, content in starter(assignment).items():
        given |= marks.telling_lines(content.decode(), name)
    owners: dict[str, str] = {}
    for owner, source in _private_programs(private):
        try:
            lines = marks.telling_lines(source, owner)
        except SuiteError:  # a wrong program's replacement may be half a statement
            lines = frozenset("".join(line.split()) for line in source.splitlines())
        owners |= {line: owner for line in lines if len(line) >= SAME_LINE and line not in given}
    return owners


def _private_programs(private: Path) -> Iterator[tuple[str, str]]:
    for folder in ("right", "break"):
        for path in sorted((private / folder).rglob("*.py")):
            yield f"{private.name}/{path.relative_to(private).as_posix()}", read_source(path)
    for path in sorted((private / "wrong").glob("*.toml")):
        try:
            edits = tomllib.loads(path.read_text(encoding="utf-8")).get("edit", [])
        except (OSError, ValueError) as error:
            raise SuiteError(f"{path}: not valid TOML: {error}") from None
        for edit in edits:
            yield f"{private.name}/wrong/{path.name}", str(edit.get("replace", ""))
