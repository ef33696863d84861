"""Which entries of a hand-in are the files that the manifest names, and which names nobody honest writes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from grader.intake.refusal import Rejected, shown
from grader.model import Assignment

KIB = 1024
MODULE_CAP = 64 * KIB
EVIDENCE_CAP = 1024 * KIB
NOTEBOOK_CAP = 4 * 1024 * KIB
ENTRIES = 10_000  # a hand-in has a handful; the rest is somebody's virtual environment
_LONG = 1024
PACKED = (".zip", ".tar", ".tar.gz", ".tgz", ".rar", ".7z")

# What tools leave beside a student's work: never read, so a link in there does no harm.
_IGNORED = {"__MACOSX", "__pycache__", "venv", "env", "node_modules"}
_KINDS = {
    "link": ("is a link; hand in the file itself", "是一个链接；请提交文件本身"),
    "device": ("is a device, not a file", "是设备，不是文件"),
    "fifo": ("is a pipe, not a file", "是管道，不是文件"),
    "socket": ("is a socket, not a file", "是套接字，不是文件"),
    "submodule": ("is a submodule; hand in the file itself", "是子模块；请提交文件本身"),
    "sparse": ("is a sparse entry; make the archive again without that option", "是稀疏条目；请不用该选项重新打包"),
    "encrypted": ("is encrypted; hand in an archive without a password", "已加密；请提交没有密码的压缩包"),
    "unknown": ("is neither a file nor a folder", "既不是文件也不是文件夹"),
}


@dataclass(frozen=True, slots=True)
class Item:
    """One entry as its container lists it: ``kind`` is file, dir or what makes it refused; ``key`` finds it again."""

    name: str
    kind: str
    size: int = 0
    key: object = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The entries to read, by the name that the manifest gives them; a notebook stands in for the module."""

    files: dict[str, Item]
    notebook: Item | None = None


def cap_of(name: str, assignment: Assignment) -> int:
    """Return how many bytes the file *name* may have."""
    if name.lower().endswith(".ipynb"):
        return NOTEBOOK_CAP
    return MODULE_CAP if name == assignment.source_name else EVIDENCE_CAP


def too_large(name: str, cap: int) -> Rejected:
    return Rejected(name, f"is larger than {cap // KIB} KiB; hand in only your own work", zh=f"超过 {cap // KIB} KiB；请只提交自己的作业")


def too_many(name: str) -> Rejected:
    text = f"has more than {ENTRIES:,} entries; hand in only the files that the assignment asks for"
    return Rejected(name, text, zh=f"条目超过 {ENTRIES:,} 个；请只提交作业要求的文件")


def damaged(name: str) -> Rejected:
    text = "is damaged or is not an archive that can be read here; make a plain zip and hand it in again"
    return Rejected(name, text, zh="已损坏或无法读取；请重新打包成普通 zip 再提交")


def tidy(name: str) -> str:
    """Return *name* without a leading ``./`` and a trailing ``/``; refuse a name that could lead anywhere else."""
    for bad, reason, zh in (
        ("\0", "has a NUL byte in its name", "名字里有 NUL 字节"),
        ("\\", "has a backslash in its name; make the archive with another program", "名字里有反斜杠；请换一个程序打包"),
    ):
        if bad in name:
            raise Rejected(name, reason, zh=zh)
    if len(name) > _LONG:
        raise Rejected(name, "has a name that is too long", zh="名字过长")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        raise Rejected(name, "has an absolute path; pack the folder, not the whole path", zh="是绝对路径；请只打包文件夹")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise Rejected(name, "leads out of the archive (..)", zh="指向压缩包之外（..）")
    return "/".join(parts)


def choose(source: str, items: Iterable[Item], assignment: Assignment) -> Chosen:
    """Pick the entries that the manifest names, at the top or one folder down. Refuses links, devices and twins."""
    entries: dict[str, Item] = {}
    folded: dict[str, Item] = {}
    for count, item in enumerate(items):
        if count >= ENTRIES:
            raise too_many(source)
        name = tidy(item.name)
        if not name or _ignored(name):
            continue
        if item.kind not in ("file", "dir"):
            reason, zh = _KINDS.get(item.kind, _KINDS["unknown"])
            raise Rejected(name, reason, zh=zh)
        key = unicodedata.normalize("NFC", name).casefold()
        twin = folded.get(key)
        if twin is not None and not (twin.kind == item.kind == "dir" and tidy(twin.name) == name):
            raise _twin(name, tidy(twin.name))
        entries[name] = folded[key] = item
    return _pick(source, entries, assignment)


def _ignored(name: str) -> bool:
    first, _, rest = name.partition("/")
    folders = [first, *rest.split("/")[:-1]] if rest else [first]
    return any(folder in _IGNORED or (folder.startswith(".") and rest != "") for folder in folders)


def _twin(name: str, other: str) -> Rejected:
    if name == other:
        return Rejected(name, "is there twice; keep one", zh="出现了两次；请只保留一个")
    text = f"and {shown(other)} differ only in capitals or accents; keep one"
    return Rejected(name, text, zh=f"与 {shown(other)} 只有大小写或重音不同；请只保留一个")


def _pick(source: str, entries: dict[str, Item], assignment: Assignment) -> Chosen:
    prefix = _home(entries, (assignment.source_name,), assignment)
    notebook = None
    if prefix is None:
        notebooks = assignment.notebook_names
        prefix = _home(entries, notebooks, assignment)
        if prefix is None:
            raise _missing(source, entries, assignment)
        notebook = next(entries[prefix + name] for name in notebooks if prefix + name in entries)
    files = {name: entries[prefix + name] for name in assignment.files if prefix + name in entries}
    for name, item in [*files.items(), *([(notebook.name, notebook)] if notebook else [])]:
        if item.kind == "dir":
            raise Rejected(name, "is a folder; a file of this name is needed", zh="是文件夹；需要同名的文件")
        cap = cap_of(name, assignment)
        if item.size > cap:
            raise too_large(name, cap)
    return Chosen(files, notebook)


def _home(entries: dict[str, Item], wanted: tuple[str, ...], assignment: Assignment) -> str | None:
    """Return the prefix under which one of *wanted* lies: the top, else one folder down, else None."""
    if any(name in entries for name in wanted):
        return ""
    found = sorted({name[: -len(last)] for name in entries for last in wanted if name.endswith("/" + last)})
    own = [p for p in (f"{assignment.name}/", f"assignments/{assignment.name}/") if p in found]
    near = own[:1] or [prefix for prefix in found if prefix.count("/") == 1]
    if len(near) > 1:
        text = f"is in {shown(near[0])} and in {shown(near[1])}; hand in one of them"
        raise Rejected(wanted[0], text, zh=f"同时在 {shown(near[0])} 和 {shown(near[1])} 里；请只提交一个")
    return near[0] if near else None


def _missing(source: str, entries: dict[str, Item], assignment: Assignment) -> Rejected:
    wanted = assignment.source_name
    alike = sorted(name for name in entries if name.rsplit("/", 1)[-1].casefold() == wanted.casefold())
    own = {*assignment.files, *assignment.given}
    others = sorted(name for name in entries if name.endswith((".py", ".ipynb")) and name.rsplit("/", 1)[-1] not in own)
    near = next(iter([*alike, *others]), None)
    packed = next((name for name in sorted(entries) if name.lower().endswith(PACKED)), None)
    if near is None and packed is not None:
        text = f"has no {wanted}, but {shown(packed)}, an archive in it; unpack that, and hand in what it holds"
        return Rejected(source, text, zh=f"里没有 {wanted}，只有压缩包 {shown(packed)}；请解压后提交里面的内容")
    hint = f" (there is {shown(near)}; rename it, or move it up)" if near else ""
    zh = f"（有 {shown(near)}；请改名或移到最外层）" if near else ""
    return Rejected(source, f"has no {wanted}{hint}", zh=f"没有 {wanted}{zh}")
