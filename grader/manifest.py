"""assignment.toml -> Assignment, with every slip named and the nearest right word."""

from __future__ import annotations

import fnmatch
import importlib.util
import math
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from grader.errors import CourseError, SuiteError, near
from grader.model import PARTS, Assignment, CheckRule, Limits, Stage

FILE_NAME = "assignment.toml"
DEVICES = ("cpu", "cuda", "cuda-if-present")

_TOP: dict[str, Any] = {"name": str, "title": str, "title_zh": str, "submit": dict, "stage": list, "limits": dict, "check": dict}
_SUBMIT: dict[str, Any] = {"module": str, "files": list, "given": list, "packages": list}
_STAGE: dict[str, Any] = {"name": str, "part": str, "title": str, "title_zh": str, "public": (int, float), "hidden": (int, float)}
_LIMITS: dict[str, Any] = {"seconds": (int, float), "total": (int, float), "memory": int, "output": int, "cap": int}
_CHECK: dict[str, Any] = {"device": str, "seconds": (int, float), "cap": int}


def nearest(word: str, words: Iterable[str]) -> str:
    """Return what ``near`` does, in English."""
    return near(word, words)[0]


def load(folder: Path, private: Path | None = None) -> Assignment:
    """Read ``folder/assignment.toml``. Raises SuiteError with the key, its place and the nearest right one."""
    folder = folder.resolve()
    path = folder / FILE_NAME
    try:
        text = path.read_text(encoding="utf-8").removeprefix("\ufeff")  # Notepad writes a BOM
    except FileNotFoundError:
        raise CourseError(f"{path}: no such file; an assignment is a folder with an {FILE_NAME}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CourseError(f"{path}: cannot be read: {error}") from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SuiteError(f"{path}: not valid TOML: {error}") from None
    _keys(path, "", data, _TOP, required=("name", "title", "submit", "stage"))
    submit = data["submit"]
    _keys(path, "[submit]", submit, _SUBMIT, required=("module", "files"))
    for key in ("files", "given", "packages"):
        if not all(isinstance(item, str) for item in submit.get(key, [])):
            raise SuiteError(f"{path}: [submit] {key} must be a list of strings")
        for item in submit.get(key, []):
            _named(path, key, item)
    module = submit["module"]
    if f"{module}.py" not in submit["files"]:
        raise SuiteError(f"{path}: [submit] module is {module!r}, but files has no {module}.py")
    return Assignment(
        name=data["name"],
        folder=folder,
        private=private.resolve() if private is not None and private.is_dir() else None,
        title=data["title"],
        title_zh=data.get("title_zh", data["title"]),
        module=module,
        files=tuple(submit["files"]),
        given=tuple(submit.get("given", ())),
        packages=tuple(submit.get("packages", ())),
        stages=_stages(path, data["stage"]),
        limits=_limits(path, data.get("limits", {})),
        rules=_rules(path, data.get("check", {})),
    )


def _keys(path: Path, where: str, table: Mapping[str, Any], known: Mapping[str, Any], required: tuple[str, ...] = ()) -> None:
    for key, value in table.items():
        if key not in known:
            raise SuiteError(f"{path}: unknown key {key!r} {where}".rstrip() + nearest(key, known))
        if not isinstance(value, known[key]) or (isinstance(value, bool)):
            raise SuiteError(f"{path}: {where} {key} has the wrong type: {value!r}".replace(":  ", ": "))
    for key in required:
        if key not in table:
            raise SuiteError(f"{path}: {where} {key} is missing".replace(":  ", ": "))


def _named(path: Path, key: str, item: str) -> None:
    """Refuse a file that lies outside of the assignment's folder, and a package that is no module's name."""
    if key == "packages":
        if not item.isidentifier():
            raise SuiteError(
                f"{path}: [submit] packages has {item!r}; write the name that is imported, as in: import NAME",
                zh=f"{path}：[submit] packages 里有 {item!r}；请写导入时的名字，即 import 后面的名字",
            )
        return
    if not item or "\\" in item or item.startswith("/") or ".." in item.split("/"):
        raise SuiteError(
            f"{path}: [submit] {key} has {item!r}; name a file inside the assignment's folder",
            zh=f"{path}：[submit] {key} 里有 {item!r}；请写作业文件夹内的文件名",
        )


def _amounts(path: Path, where: str, table: Mapping[str, Any], keys: Iterable[str], *, zero_too: bool = False) -> None:
    """Refuse what is no amount: nan, an infinity, a number below zero, and a zero unless it says something."""
    words, words_zh = ("zero or above", "不小于 0") if zero_too else ("above zero", "大于 0")
    for key in keys:
        value = table.get(key, 1)
        if not math.isfinite(value) or value < 0 or (value == 0 and not zero_too):
            text = f"{path}: {where} {key} must be {words}, not {value}; write a number of that kind, or leave the line out"
            raise SuiteError(text, zh=f"{path}：{where} {key} 必须{words_zh}，不能是 {value}；请改成这样的数，或删去这一行")


def _stages(path: Path, tables: list[Any]) -> tuple[Stage, ...]:
    stages: list[Stage] = []
    for table in tables:
        if not isinstance(table, dict):
            text = f"{path}: stage has {table!r}; write each stage as a table: [[stage]], then name, part and points"
            raise SuiteError(text, zh=f"{path}：stage 里有 {table!r}；请把每个阶段写成 [[stage]] 表：name、part 和分数")
        _keys(path, "[[stage]]", table, _STAGE, required=("name", "part"))
        if table["part"] not in PARTS:
            raise SuiteError(f"{path}: [[stage]] {table['name']!r} has part {table['part']!r}" + nearest(table["part"], PARTS))
        _amounts(path, f"[[stage]] {table['name']!r}", table, ("public", "hidden"), zero_too=True)
        if any(stage.name == table["name"] for stage in stages):
            raise SuiteError(f"{path}: two stages are called {table['name']!r}; rename one")
        stages.append(Stage(**{**table, "public": float(table.get("public", 0)), "hidden": float(table.get("hidden", 0))}))
    for suite, due in (("public", 20.0), ("hidden", 80.0)):
        total = sum(getattr(stage, suite) for stage in stages)
        if abs(total - due) > 1e-9:
            raise SuiteError(f"{path}: the stages' {suite} points add up to {total:g}, and must be {due:g}")
    return tuple(stages)


def _limits(path: Path, table: dict[str, Any]) -> Limits:
    _keys(path, "[limits]", table, _LIMITS)
    _amounts(path, "[limits]", table, table)
    return Limits(**table)


def _rules(path: Path, tables: dict[str, Any]) -> tuple[CheckRule, ...]:
    rules = []
    for glob, table in tables.items():
        where = f'[check."{glob}"]'
        if not isinstance(table, dict):
            raise SuiteError(f"{path}: {where} must be a table")
        _keys(path, where, table, _CHECK)
        if table.get("device", "cpu") not in DEVICES:
            raise SuiteError(f"{path}: {where} device is {table['device']!r}" + nearest(table["device"], DEVICES))
        _amounts(path, where, table, ("seconds", "cap"))
        rules.append(CheckRule(glob=glob, **table))
    return tuple(rules)


def rule_for(assignment: Assignment, check_id: str) -> CheckRule:
    """Return the merged rule of *check_id*: later globs win, key by key."""
    device, seconds, cap = "cpu", None, None
    for rule in assignment.rules:
        if fnmatch.fnmatchcase(check_id, rule.glob):
            device = rule.device if rule.device != "cpu" else device
            seconds = rule.seconds if rule.seconds is not None else seconds
            cap = rule.cap if rule.cap is not None else cap
    return CheckRule(glob=check_id, device=device, seconds=seconds, cap=cap)


def course_root(start: Path) -> Path | None:
    """Return the nearest folder at or above *start* that holds ``assignments/``, or None."""
    for folder in (start, *start.parents):
        if (folder / "assignments").is_dir():
            return folder
    return None


def handout_root(start: Path) -> Path | None:
    """Return the nearest folder at or above *start* that is itself an assignment, or None."""
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder
    return None


def names(start: Path) -> list[str]:
    """Return the assignments that can be seen from *start*, in order."""
    root = course_root(start)
    if root is not None:
        return sorted(path.parent.name for path in (root / "assignments").glob(f"*/{FILE_NAME}"))
    found = [path.parent.name for path in start.glob(f"*/{FILE_NAME}")]
    handout = handout_root(start)
    return sorted({*found, *([load(handout).name] if handout else [])})


def find(name: str, start: Path) -> Assignment:
    """Return the assignment *name* as seen from *start*: a course repository, a handout folder, or a folder of handouts."""
    start = start.resolve()
    handout = handout_root(start)
    if handout is not None and (handout.name == name or load(handout).name == name):
        return _seen(handout)
    root = course_root(start)
    candidates = [root / "assignments" / name] if root is not None else []
    candidates += [start / name]
    for folder in candidates:
        if (folder / FILE_NAME).is_file():
            return _seen(folder)
    known = names(start)
    hint, zh = near(name, known)
    if not known:
        hint, zh = "; go into the course repository or an unpacked handout", "；请进入课程仓库，或解压后的作业文件夹"
    raise CourseError(f"no assignment {name!r} here{hint}", zh=f"这里没有作业 {name!r}{zh}")


def _seen(folder: Path) -> Assignment:
    """Load the assignment in *folder*. In a course its name is its folder's, or its grades would be another one's."""
    found = load(folder, _private_of(folder))
    course = folder.parent.parent
    if folder.parent.name == "assignments" and (course / "solutions").is_dir() and found.name != folder.name:
        text = f'{folder / FILE_NAME}: name is {found.name!r}, and the folder is {folder.name!r}; write name = "{folder.name}"'
        raise SuiteError(
            f"{text}, or rename the folders in assignments/ and solutions/",
            zh=f'{folder / FILE_NAME}：name 是 {found.name!r}，文件夹却是 {folder.name!r}；请改成 name = "{folder.name}"，'
            "或重命名 assignments/ 和 solutions/ 里的文件夹",
        )
    return found


def need_packages(assignment: Assignment) -> None:
    """Raise CourseError for what *assignment* imports and nobody has installed here."""
    missing = [name for name in assignment.packages if importlib.util.find_spec(name) is None]
    if missing:
        what, command = ", ".join(missing), f"python -m pip install {' '.join(missing)}"
        text = f"{assignment.name} needs {what}, which is not installed here; type: {command}"
        raise CourseError(text, zh=f"{assignment.name} 需要 {what}，这里没有安装；请运行：{command}")


def _private_of(folder: Path) -> Path | None:
    if folder.parent.name != "assignments":
        return None
    private = folder.parent.parent / "solutions" / folder.name
    return private if private.is_dir() else None
