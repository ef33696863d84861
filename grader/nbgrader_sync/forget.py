"""Forget a student in nbgrader's course too: her rows in gradebook.db, overwritten, and her folders."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from grader.errors import CourseError
from grader.nbgrader_sync.database import FILE_NAME, opened
from grader.nbgrader_sync.seen import Memory

FOLDERS = ("submitted", "autograded", "feedback")


def forget(folder: Path, student: str) -> bool:
    """Remove all that the nbgrader course in *folder* holds of *student*; return whether there was anything.

    Raises CourseError where there is a gradebook that nbgrader, missing here, would have to open.
    """
    if not (folder / FILE_NAME).is_file():
        return _folders(folder, student)
    with opened(folder) as theirs:
        from nbgrader.api import MissingEntry  # type: ignore[import-untyped, import-not-found, unused-ignore]

        try:
            theirs.remove_student(student)
            Memory(theirs.db).write()  # which drops what it held of her
            theirs.db.commit()
            known = True
        except MissingEntry:
            known = False
    if known:
        _overwrite(folder / FILE_NAME)
    return _folders(folder, student) or known


def _overwrite(path: Path) -> None:
    """Write the database anew: what was deleted is still in its free pages."""
    try:
        book = sqlite3.connect(path, timeout=30)
        try:
            book.execute("VACUUM")
        finally:
            book.close()
    except sqlite3.Error as error:
        text = f"{path}: her rows are gone, but the file still holds traces ({error}); close formgrader and run the same command again"
        zh = f"{path}：她的记录已删除，但文件里还有痕迹（{error}）；请关闭 formgrader 后再运行一次"
        raise CourseError(text, zh=zh) from None


def _folders(folder: Path, student: str) -> bool:
    found = [folder / kind / student for kind in FOLDERS if (folder / kind / student).is_dir()]
    for path in found:
        shutil.rmtree(path)
    return bool(found)
