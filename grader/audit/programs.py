"""The staff's known programs as submissions: reference, right styles, wrong edits, and the two that answer anything."""

from __future__ import annotations

import ast
import hashlib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from grader.errors import SuiteError
from grader.manifest import nearest
from grader.model import Assignment, Submission
from grader.tutor import Misconception

_KEYS = ("edit", "loses", "may_lose", "question")
_EDIT_KEYS = ("file", "find", "replace")


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace *find*, which occurs once in the reference's *file*."""

    file: str
    find: str
    replace: str


@dataclass(frozen=True, slots=True)
class WrongProgram:
    """A misconception as an edit of the reference, what it must and may lose, and what the tutor asks."""

    id: str
    path: Path
    edits: tuple[Edit, ...]
    loses: tuple[str, ...]
    may_lose: tuple[str, ...]
    question: Misconception

    def apply(self, files: Mapping[str, bytes]) -> dict[str, bytes]:
        """Return *files* with the edits made. Raises SuiteError when a find does not occur exactly once."""
        edited = dict(files)
        for edit in self.edits:
            if edit.file not in edited:
                raise SuiteError(f"{self.path}: the reference has no file {edit.file!r}" + nearest(edit.file, edited))
            text = edited[edit.file].decode("utf-8")
            count = text.count(edit.find)
            if count != 1:
                what = f"'find' occurs {count} times in {edit.file}, and must occur once"
                raise SuiteError(f"{self.path}: {what}: {edit.find.strip()[:60]!r}")
            edited[edit.file] = text.replace(edit.find, edit.replace).encode()
        return edited


def named(check: str, globs: Iterable[str]) -> bool:
    """Return whether one of *globs* names *check*. A parameter set in brackets is named as it stands."""
    return any(fnmatchcase(check, glob) or check == glob for glob in globs)


def idle_rules(assignment: Assignment, checks: Iterable[str]) -> list[str]:
    """Return a sentence for each ``[check."glob"]`` that fits none of *checks*: a slip there loses a time limit or a device."""
    known = sorted(checks)
    return [
        f'[check."{rule.glob}"] fits no check; mend it or drop it. A check is called, for instance, {_like(rule.glob, known)}'
        for rule in assignment.rules
        if not any(fnmatchcase(check, rule.glob) for check in known)
    ]


def _like(glob: str, checks: Sequence[str]) -> str:
    return next(iter(get_close_matches(glob, checks, n=1, cutoff=0.0)), "public/test_x.py::test_y")


def _private(assignment: Assignment) -> Path:
    if assignment.private is None:
        raise SuiteError(f"{assignment.name}: no solutions/{assignment.name}; only the course's staff can audit")
    return assignment.private


def _submission(name: str, files: Mapping[str, bytes]) -> Submission:
    digest = hashlib.sha256(b"".join(key.encode() + b"\0" + files[key] for key in sorted(files))).hexdigest()
    return Submission(student=name, files=dict(files), digest=f"sha256:{digest}")


def reference(assignment: Assignment) -> Submission:
    """Return the reference as a submission: its module and its own evidence."""
    private = _private(assignment)
    files = {name: (private / name).read_bytes() for name in assignment.files if (private / name).is_file()}
    if assignment.source_name not in files:
        raise SuiteError(f"{private / assignment.source_name}: the reference is missing")
    return _submission("reference", files)


def right_programs(assignment: Assignment) -> list[Submission]:
    """Return the other correct styles: the reference's files, with the style's own over them."""
    base = reference(assignment).files
    found = []
    for folder in sorted(path for path in (_private(assignment) / "right").glob("*") if path.is_dir() and path.name != "__pycache__"):
        own = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
        stray = [name for name in own if name not in assignment.files]
        if stray:
            raise SuiteError(f"{folder}: {stray[0]!r} is not a file of the submission" + nearest(stray[0], assignment.files))
        found.append(_submission(f"right/{folder.name}", {**base, **own}))
    return found


def wrong_programs(assignment: Assignment) -> list[WrongProgram]:
    """Return the misconceptions, by name."""
    return [load_wrong(path) for path in sorted((_private(assignment) / "wrong").glob("*.toml"))]


def load_wrong(path: Path) -> WrongProgram:
    """Read one ``wrong/<id>.toml``. Raises SuiteError with the key and the nearest right one."""
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SuiteError(f"{path}: cannot be read: {error}") from None
    for key in data:
        if key not in _KEYS:
            raise SuiteError(f"{path}: unknown key {key!r}" + nearest(key, _KEYS))
    _shaped(path, data)
    question, edits = data.get("question", {}), data.get("edit", [])
    if not edits or not data.get("loses") or not all(question.get(lang) for lang in ("en", "zh")):
        raise SuiteError(f"{path}: needs at least one [[edit]], 'loses', and question.en and question.zh")
    for edit in edits:
        if sorted(edit) != sorted(_EDIT_KEYS):
            raise SuiteError(f"{path}: an [[edit]] has the keys {', '.join(_EDIT_KEYS)}")
    return WrongProgram(
        id=path.stem,
        path=path,
        edits=tuple(Edit(**edit) for edit in edits),
        loses=tuple(data["loses"]),
        may_lose=tuple(data.get("may_lose", ())),
        question=Misconception(path.stem, question["en"], question["zh"]),
    )


def _shaped(path: Path, data: Mapping[str, Any]) -> None:
    """Refuse a key whose value is of another kind than the audit reads."""
    fits = {
        "question": (_texts(data.get("question", {})), "question.en = ..., question.zh = ..."),
        "edit": (_list(data.get("edit", []), dict) and all(map(_texts, data.get("edit", []))), "[[edit]], then file, find and replace"),
        "loses": (_list(data.get("loses", []), str), 'loses = ["hidden/test_x.py::test_y"]'),
        "may_lose": (_list(data.get("may_lose", []), str), 'may_lose = ["hidden/test_x.py::test_y"]'),
    }
    for key, (right, form) in fits.items():
        if not right:
            text = f"{path}: {key} is {data[key]!r:.60}; write it so: {form}"
            raise SuiteError(text, zh=f"{path}：{key} 是 {data[key]!r:.60}；请写成：{form}")


def _texts(table: Any) -> bool:
    return isinstance(table, dict) and all(isinstance(value, str) for value in table.values())


def _list(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(one, kind) for one in value)


CONSTANT = """
class _Constant(float):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self
    def __setattr__(self, name, value): pass
    def __call__(self, *args, **kwargs): return self
    def __getitem__(self, key): return self
    def __setitem__(self, key, value): pass
    def __iter__(self): return iter([self, self])
    def __len__(self): return 2
_it = _Constant("{value}")
for _sign in "add sub mul truediv pow floordiv mod radd rsub rmul rtruediv rpow neg abs".split():
    setattr(_Constant, f"__{{_sign}}__", lambda *args: _it)
{names}
"""


def constant_program(assignment: Assignment, value: str) -> Submission:
    """Return a program in which every name of the reference's is *value*, whatever is asked of it. It holds no evidence."""
    tree = ast.parse(reference(assignment).files[assignment.source_name])
    names = [node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    source = CONSTANT.format(value=value, names="\n".join(f"{name} = _it" for name in names))
    return _submission(f"constant {value}", {assignment.source_name: source.encode()})
