"""Solution -> starter -> handout archive: everything that ``dist/`` holds, byte for byte the same on each run."""

from __future__ import annotations

import datetime
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from grader import edition, handout, versions
from grader.errors import CourseError, GraderFault, SuiteError
from grader.model import Assignment
from grader.pack import archive, write
from grader.versions import Version

SUMS = "SHA256SUMS"
EPOCH = 315532800  # 1980-01-01: the earliest instant that a zip archive can hold
KIT = ".kit/wheel"  # in the handout's archive: what its CI installs
TEMPLATE = Path(__file__).parent / "workflows"
WORKFLOWS = {".github/workflows/grade.yml": "github.yml", ".gitlab-ci.yml": "gitlab.yml"}
KIT_FILES = ("pyproject.toml", "README.md", "LICENSE")


@dataclass(frozen=True, slots=True)
class Released:
    """What one run wrote: the starters that were refreshed in the handout, and the archive."""

    assignment: str
    refreshed: tuple[str, ...]
    archive: Path
    files: int


def release(assignment: Assignment, out: Path, kit: Path | None = None) -> Released:
    """Refresh the committed starters and write ``out/hwN-student.zip``. Raises SuiteError if the handout would show a solution.

    With *kit*, the kit's wheel, the archive also holds that wheel and the workflows that run ``grade ci`` with it.
    """
    plain = handout.contents(assignment)
    files = plain | (workflows(assignment, kit) if kit is not None else {})
    _refuse_leaks(assignment, files)
    refreshed = refresh(assignment)
    version = _version(assignment, plain)
    if not handout.holds(assignment.folder / versions.FILE, version.encoded()):
        write(assignment.folder / versions.FILE, version.encoded())
        refreshed = (*refreshed, versions.FILE)
    return _packed(assignment, version, files, out / f"{assignment.name}-student.zip", refreshed)


def release_notebook(assignment: Assignment, out: Path, kit: Path | None = None) -> list[Released]:
    """Write ``out/hwN-student-notebook.zip`` and its Chinese twin (``.zh.zip``): the released handout with a notebook for the module.

    Both state the version that ``release`` wrote. Raises CourseError where nbgrader is missing.
    """
    done = []
    for lang in edition.LANGUAGES:
        files = edition.files(assignment, lang) | (workflows(assignment, kit) if kit is not None else {})
        _refuse_leaks(assignment, files)
        name = "notebook" if lang == "en" else f"notebook.{lang}"
        version = replace(_version(assignment, handout.contents(assignment)), edition=name)
        done.append(_packed(assignment, version, files, out / f"{assignment.name}-student-{name}.zip", ()))
    return done


def _packed(assignment: Assignment, version: Version, files: dict[str, bytes], path: Path, refreshed: tuple[str, ...]) -> Released:
    """Write the archive of *files*; its version file knows each of them, so that an update knows what a student changed."""
    hashes = {name: versions.hash_of(content) for name, content in files.items() if name != versions.FILE}
    files = files | {versions.FILE: replace(version, files=hashes).encoded()}
    write(path, archive({f"{assignment.name}/{name}": content for name, content in files.items()}))
    return Released(assignment.name, refreshed, path, len(files))


def _version(assignment: Assignment, files: dict[str, bytes]) -> Version:
    """Return the version of *files*: the committed one while nothing changes, so that archives are the same bytes on each run."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    now = datetime.datetime.fromtimestamp(int(fixed) if fixed.isdecimal() else time.time(), datetime.UTC)
    before = versions.read(assignment.folder, assignment.name)
    return versions.stamp(assignment.name, files, before, now.strftime("%Y-%m-%dT%H:%M:%SZ"))


def _refuse_leaks(assignment: Assignment, files: dict[str, bytes]) -> None:
    leaks = handout.leaks(assignment, files)
    if leaks:
        more = f" (and {len(leaks) - 1} more)" if len(leaks) > 1 else ""
        raise SuiteError(f"{assignment.name}: nothing under solutions/ may leave, but {leaks[0]}{more}; reword it")


def refresh(assignment: Assignment) -> tuple[str, ...]:
    """Write the derived files that are stale into the handout's folder, and return their names."""
    names = handout.stale(assignment)
    derived = handout.derived(assignment)
    for name in names:
        write(assignment.folder / name, derived[name])
    return tuple(names)


def workflows(assignment: Assignment, kit: Path) -> dict[str, bytes]:
    """Return the student's CI by file name: the wheel, a workflow for GitHub, Gitea and Forgejo, one for GitLab. No secret is in it."""
    wheel_name = f"{KIT}/{kit.name}"
    extra = "[torch]" if "torch" in assignment.packages else ""
    filled = {
        name: (TEMPLATE / source).read_text(encoding="utf-8").replace("@KIT@", f"{wheel_name}{extra}").encode()
        for name, source in WORKFLOWS.items()
    }
    return filled | {wheel_name: kit.read_bytes()}


def kit_source() -> Path | None:
    """Return the folder of the kit's own source, or None where the kit was installed from a wheel."""
    folder = Path(__file__).resolve().parent.parent
    return folder if all((folder / name).is_file() for name in KIT_FILES) else None


def wheel(source: Path, out: Path) -> Path:
    """Build the kit's wheel from *source* into *out*, without the network, the same bytes on each run."""
    with tempfile.TemporaryDirectory() as temporary:
        copy, built = Path(temporary) / "kit", Path(temporary) / "built"
        _copy_plain(source, copy)
        command = [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--no-index",
            "--no-build-isolation",
            "-w",
            str(built),
            str(copy),
        ]
        environment = {
            **os.environ,
            "SOURCE_DATE_EPOCH": str(EPOCH),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_ROOT_USER_ACTION": "ignore",
        }
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no output"])[-1]
            if "No module named" in done.stderr or "BackendUnavailable" in done.stderr:
                raise CourseError(f"the wheel cannot be built here ({last}); 'pip install setuptools', or use 'make release', which does")
            raise GraderFault(f"the wheel could not be built: {last}")
        path = next(built.glob("*.whl"))
        for old in out.glob("grade_kit-*.whl"):
            old.unlink()
        write(out / path.name, path.read_bytes())
        return out / path.name


def checksums(out: Path) -> Path:
    """Write ``out/SHA256SUMS`` over every file of *out*, in the form that ``sha256sum -c`` reads."""
    names = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file() and path.name != SUMS)
    lines = [f"{hashlib.sha256((out / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    write(out / SUMS, "".join(lines).encode())
    return out / SUMS


def _copy_plain(source: Path, copy: Path) -> None:
    """Copy what the wheel is made of, with one mode for all: the umask must not show in the wheel."""
    skip = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(source / "grader", copy / "grader", ignore=skip)
    for name in KIT_FILES:
        shutil.copy2(source / name, copy / name)
    for path in copy.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
