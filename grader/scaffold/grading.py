"""Fill a private grader repository: the course, the kit, and a workflow that collects, grades and hands back."""

from __future__ import annotations

import shutil
from pathlib import Path

from grader import manifest
from grader.errors import CourseError
from grader.pack import write

TEMPLATE = Path(__file__).parent / "grader_repo"
COURSE = ("assignments", "solutions")
EMPTY = "id,name,email,repo\n"  # the roster that the template brings
KEPT = ("course.toml", "roster.csv")  # the course's own, where it has them
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".pytest_cache", "*.pyc", ".grade")


def grader_repo(folder: Path, root: Path, kit: Path, wheels: Path | None = None) -> list[Path]:
    """Write a grader repository for the course at *root* into *folder*; return the files that are new there.

    Where there is one already, the course, the kit and *wheels* are brought up to date, and every other file stays as it is.
    Raises CourseError for a folder inside the course, and for one that holds something else.
    """
    names = manifest.names(root)
    _check(folder, root, names)
    for name in COURSE:
        shutil.rmtree(folder / name, ignore_errors=True)
        shutil.copytree(root / name, folder / name, ignore=LEFT_OUT)
    shutil.rmtree(folder / "kit", ignore_errors=True)
    write(folder / "kit" / kit.name, kit.read_bytes())
    (folder / "kit" / "wheels").mkdir(exist_ok=True)
    for wheel in sorted(wheels.glob("*.whl")) if wheels is not None else ():
        write(folder / "kit" / "wheels" / wheel.name, wheel.read_bytes())
    torch = any("torch" in manifest.find(name, root).packages for name in names)
    values = {"@FIRST@": names[0], "@EXTRA@": ",torch" if torch else ""}
    return [*_fill(folder, values), *_own(folder, root)]


def _check(folder: Path, root: Path, names: list[str]) -> None:
    if not names or not (root / "solutions").is_dir():
        raise CourseError(
            "no assignments with solutions here; run this in the course's repository", zh="这里没有带解答的作业；请在课程仓库里运行"
        )
    inside = any(folder.resolve().is_relative_to((root / name).resolve()) for name in COURSE)
    if inside or folder.resolve() == root.resolve():
        raise CourseError(
            f"{folder}: lies inside the course; choose a folder beside it", zh=f"{folder}：在课程文件夹里面；请另选一个文件夹"
        )
    if folder.is_dir() and any(folder.iterdir()) and not (folder / ".github" / "workflows" / "grade.yml").is_file():
        raise CourseError(
            f"{folder}: is not empty, and no grader repository; choose another", zh=f"{folder}：不是空的，也不是批改仓库；请另选一个"
        )


def _fill(folder: Path, values: dict[str, str]) -> list[Path]:
    written = []
    for source in sorted(TEMPLATE.rglob("*.tmpl")):
        path = folder / source.relative_to(TEMPLATE).as_posix().removesuffix(".tmpl").replace("dot_", ".")
        text = source.read_text(encoding="utf-8")
        for key, value in values.items():
            text = text.replace(key, value)
        if path.exists():  # the staff's own by now
            continue
        write(path, text.encode())
        written.append(path)
    return written


def _own(folder: Path, root: Path) -> list[Path]:
    """Take the course's own rules and roster along, unless the grader repository has its own already."""
    written = []
    for name in KEPT:
        untouched = (folder / name).is_file() and (folder / name).read_text(encoding="utf-8") == EMPTY
        if (root / name).is_file() and (untouched or not (folder / name).exists()):
            write(folder / name, (root / name).read_bytes())
            written.append(folder / name)
    return written
