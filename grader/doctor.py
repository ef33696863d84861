"""What this machine can do for the kit, what is missing, and how to get it."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from grader import __version__, manifest, wall
from grader.errors import CourseError
from grader.wall.bubblewrap import cuda_devices

OK, COULD, MISSING = "ok", "could be better", "missing"
_PACKAGES = {  # package: (the requirement to install, what for in English, in Chinese)
    "watchfiles": ("watchfiles", "re-checking on each save", "保存后自动检查"),
    "torch": ("torch", "homework that computes with tensors", "用张量计算的作业"),
    "rich": ("rich", "progress and tables", "进度和表格"),
    "sqlalchemy": ("sqlalchemy", "the gradebook", "成绩册"),
    "jinja2": ("jinja2", "reports", "报告"),
    "scipy": ("scipy", "the class's statistics", "全班统计"),
    "psycopg": ("psycopg[binary]", "a gradebook in PostgreSQL", "存放在 PostgreSQL 的成绩册"),
    "nbgrader": ("nbgrader==0.9.6", "manual grading and notebooks", "人工评分和 notebook"),
    "distributed": ("distributed", "more than one machine", "多台机器"),
}
_TOOLS = {"git": ("handing in by git", "用 git 提交"), "make": ("the staff's two commands", "教师的两条命令")}
_ASK_TORCH = "import torch; print(torch.cuda.get_device_name(0) if torch.cuda.is_available() else '')"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: how it stands, and the command that would make it better (or nothing)."""

    name: str
    state: str
    en: str
    zh: str
    remedy: str = ""


def examine(start: Path) -> list[Finding]:
    """Look at Python, the wall, the devices, packages and tools, and the assignments seen from *start*."""
    return [_python(), _wall(), _device(), *(_package(name) for name in _PACKAGES), *(_tool(name) for name in _TOOLS), _course(start)]


def _python() -> Finding:
    text = f"{platform.python_version()}, {platform.platform(terse=True)}, grade {__version__}"
    return Finding("python", OK, text, text)


def _wall() -> Finding:
    found = wall.probe()
    layers = ", ".join(found.layers) or "-"
    if found.tier == 1:
        return Finding("wall", OK, f"tier 1 ({layers})", f"第 1 级（{layers}）")
    why, why_zh = (
        ("", "") if found.tier == 2 else ("; fine for checking one's own work, not for a class", "；检查自己的作业足够，不能用来批改全班")
    )
    return Finding(
        "wall",
        COULD,
        f"tier {found.tier} ({layers}): {found.reason}{why}",
        f"第 {found.tier} 级（{layers}）：{found.reason}{why_zh}",
        found.remedy,
    )


def _device() -> Finding:
    waits = "no GPU: checks that ask for one wait (PENDING), and cost nothing"
    waits_zh = "没有 GPU：需要 GPU 的检查会等待（PENDING），不扣分"
    if _version("torch") is None or not (cuda_devices() or shutil.which("nvidia-smi")):
        return Finding("device", OK, waits, waits_zh)
    try:
        asked = subprocess.run([sys.executable, "-c", _ASK_TORCH], capture_output=True, text=True, timeout=60, check=False)
    except subprocess.TimeoutExpired:
        return Finding(
            "device", COULD, "a GPU is there, and torch did not answer within 60 s", "有 GPU，但 torch 60 秒没有回应", "nvidia-smi"
        )
    name = asked.stdout.strip()
    if asked.returncode or not name:
        return Finding(
            "device", COULD, "a GPU is there, and torch cannot use it", "有 GPU，但 torch 用不了", "install a torch built for CUDA"
        )
    from grader.student import device

    why = device.refusal(wall.probe(), ("torch",))
    if why:
        held, held_zh = f"{name}; behind the wall it cannot be used: {why}", f"{name}；隔离墙里用不了：{why}"
        return Finding("device", COULD, held, held_zh, "grade run HW --device cpu")
    return Finding("device", OK, f"{name}, also behind the wall", f"{name}，隔离墙里也能用")


def _package(name: str) -> Finding:
    requirement, en, zh = _PACKAGES[name]
    version = _version(name)
    if version is not None:
        return Finding(name, OK, version, version)
    return Finding(name, MISSING, f"needed for {en}", f"用于：{zh}", f"pip install '{requirement}'")


def _tool(name: str) -> Finding:
    en, zh = _TOOLS[name]
    path = shutil.which(name)
    if path is not None:
        return Finding(name, OK, path, path)
    return Finding(name, MISSING, f"needed for {en}", f"用于：{zh}", f"install {name} with your system's packages")


def _course(start: Path) -> Finding:
    try:
        names = manifest.names(start)
    except CourseError as error:
        return Finding("assignments", COULD, error.in_language("en"), error.in_language("zh"))
    if names:
        return Finding("assignments", OK, ", ".join(names), "、".join(names))
    return Finding(
        "assignments", COULD, "none seen from here", "这里看不到作业", "go into the course repository, or into an unpacked handout"
    )


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
