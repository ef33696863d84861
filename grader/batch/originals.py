"""What was handed in, kept by its hash: a regrade needs the original, whatever became of the folder it came from."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

from grader.errors import CourseError
from grader.intake.admission import digest_of
from grader.model import Submission
from grader.pack import archive

FOLDER = ".grade/submissions"


class Originals:
    """A folder of submissions, each one file named by its hash."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, digest: str) -> Path:
        return self._folder / f"{digest.removeprefix('sha256:')}.zip"

    def keep(self, submission: Submission) -> None:
        """Keep *submission*; on disk when this returns. Keeping it again costs nothing."""
        path = self._path(submission.digest)
        if path.exists():
            return
        new = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with open(new, "wb") as file:
                file.write(archive(submission.files))
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
        except OSError as error:
            new.unlink(missing_ok=True)
            why = error.strerror or str(error)
            text = f"{path.parent}: the hand-ins cannot be kept ({why}); free some space or mend the folder, and run the same command again"
            zh = f"{path.parent}：无法保存提交（{why}）；请腾出空间或检查文件夹权限，然后重新运行"
            raise CourseError(text, zh=zh) from None

    def drop(self, digest: str) -> bool:
        """Remove the submission *digest*, as a student may ask; return whether it was there."""
        path = self._path(digest)
        there = digest.startswith("sha256:") and path.exists()
        if there:
            path.unlink()
        return there

    def load(self, digest: str, student: str, instant: str = "") -> Submission | None:
        """Return the submission *digest* as it was handed in; None if it was not kept. Raises CourseError if it is damaged."""
        path = self._path(digest)
        try:
            with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as packed:
                files = {name: packed.read(name) for name in packed.namelist()}
        except FileNotFoundError:
            return None
        except (OSError, zipfile.BadZipFile, EOFError, RuntimeError):
            files = {}
        if digest_of(files) != digest:
            raise CourseError(f"{path}: is damaged; restore it from a backup", zh=f"{path}：已损坏；请从备份恢复")
        return Submission(student, files, digest, instant)
