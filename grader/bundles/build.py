"""Fill the archives: the public half alone for Classroom 50; for Gradescope also what grades, but no reference and no wrong program."""

from __future__ import annotations

from pathlib import Path

from grader import handout
from grader.errors import CourseError, SuiteError
from grader.model import Assignment
from grader.pack import archive, write

FILES = Path(__file__).parent / "files"
STAFF = "staff"  # the folder of dist/ that no student may see
GRADES = ("hidden", "break")  # of solutions/hwN: what a verdict depends on
TRACES = "traces.json.gz"  # and what the tutor asks


def gradescope(assignment: Assignment, out: Path, kit: Path) -> Path:
    """Write ``out/staff/hwN-gradescope.zip``: set-up, run script, the kit's wheel, the handout, the hidden suite with its traces.

    The reference, the right styles and the wrong programs stay at home. Raises CourseError where there is no hidden suite.
    """
    files = {f"assignments/{assignment.name}/{name}": content for name, content in handout.contents(assignment).items()}
    files |= {f"solutions/{assignment.name}/{name}": content for name, content in _grading(assignment).items()}
    files |= {name: _filled(name, assignment, kit) for name in ("setup.sh", "run_autograder")}
    files[kit.name] = kit.read_bytes()
    path = out / STAFF / f"{assignment.name}-gradescope.zip"
    write(path, archive(files))
    return path


def classroom50(assignment: Assignment, out: Path, kit: Path) -> Path:
    """Write ``out/hwN-classroom50.zip``, the assignment's folder there. It is published, so the public suite alone is in it."""
    public = handout.contents(assignment)
    leaks = handout.leaks(assignment, public)
    if leaks:
        raise SuiteError(f"{assignment.name}: a Classroom 50 bundle is readable by anybody, but {leaks[0]}; reword it")
    files = {f"handout/{name}": content for name, content in public.items()}
    files |= {"autograder.py": _filled("autograder.py", assignment, kit), kit.name: kit.read_bytes()}
    path = out / f"{assignment.name}-classroom50.zip"
    write(path, archive({f"{assignment.name}/{name}": content for name, content in files.items()}))
    return path


def _grading(assignment: Assignment) -> dict[str, bytes]:
    private = assignment.private
    if private is None:
        raise CourseError(
            f"{assignment.name}: no solutions/{assignment.name} here; only the course's staff can make a Gradescope autograder",
            zh=f"{assignment.name}：这里没有 solutions/{assignment.name}；只有教师能生成 Gradescope 的评分包",
        )
    paths = [path for folder in GRADES for path in sorted((private / folder).rglob("*")) if path.is_file()]
    paths += [path for path in (private / TRACES,) if path.is_file()]
    names = {path.relative_to(private): path for path in paths}
    return {name.as_posix(): path.read_bytes() for name, path in names.items() if not _scratch(name)}


def _scratch(name: Path) -> bool:
    return any(part == "__pycache__" or part.startswith(".") for part in name.parts)


def _filled(name: str, assignment: Assignment, kit: Path) -> bytes:
    extra = "[torch]" if "torch" in assignment.packages else ""
    text = (FILES / f"{name}.tmpl").read_text(encoding="utf-8")
    return text.replace("@NAME@", assignment.name).replace("@KIT@", kit.name).replace("@EXTRA@", extra).encode()
