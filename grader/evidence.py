"""A submission's files as evidence: the pain log and the prediction, read without trust."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

MAX_LINES = 10_000


class EvidenceError(AssertionError):
    """The evidence is missing or unreadable: the check fails, and this text tells the student why."""


class Evidence:
    """The ``submission`` fixture: text, JSON lines and JSON of the files that were handed in."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    @classmethod
    def of(cls, folder: Path, names: Iterable[str]) -> Evidence:
        """Return those of the named files that are in *folder*."""
        return cls({name: (folder / name).read_bytes() for name in names if (folder / name).is_file()})

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._files))

    def text(self, name: str) -> str:
        """Return the file's text. Raises EvidenceError if it is missing or not UTF-8."""
        if name not in self._files:
            raise EvidenceError(f"{name} was not handed in. / 没有交 {name}。")
        try:
            return self._files[name].decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise EvidenceError(f"{name} is not UTF-8 text (byte {error.start}). / {name} 不是 UTF-8 文本。") from None

    def json(self, name: str) -> Any:
        """Return the file's one JSON value."""
        return self._parse(name, self.text(name), "")

    def lines(self, name: str) -> list[Any]:
        """Return one JSON value for each non-empty line, at most 10,000."""
        rows = [(number, row) for number, row in enumerate(self.text(name).splitlines(), 1) if row.strip()]
        if len(rows) > MAX_LINES:
            raise EvidenceError(f"{name} has {len(rows)} lines; at most {MAX_LINES} are read. / {name} 太长。")
        return [self._parse(name, row, f", line {number}") for number, row in rows]

    def flaw(self, name: str) -> str:
        """Return why no check could read the log or prediction *name*; empty for one that can be read, and for other files."""
        try:
            if name.endswith(".jsonl"):
                self.lines(name)
            elif name.endswith(".json"):
                self.json(name)
        except EvidenceError as error:
            return str(error)
        return ""

    def made(self) -> tuple[str, ...]:
        """Return the names of the files, but for a prediction that is not JSON: it has to be made again."""
        return tuple(name for name in self.names if not (name.endswith(".json") and self.flaw(name)))

    @staticmethod
    def _parse(name: str, text: str, where: str) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise EvidenceError(f"{name}{where} is not JSON. / {name}{where} 不是 JSON。") from None
