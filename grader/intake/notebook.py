"""A notebook's code cells as a module's text. Nothing is executed, and outputs and Markdown are never read."""

from __future__ import annotations

import json
import re
from typing import Any

from grader.intake.refusal import Rejected

# Strings and comments: what stands inside them is no magic. Linear: no alternative can match the same text twice.
_QUIET = re.compile(
    r'"""(?:[^"\\]|\\(?:.|\Z)|"(?!""))*(?:"""|\Z)'
    r"|'''(?:[^'\\]|\\(?:.|\Z)|'(?!''))*(?:'''|\Z)"
    r'|"(?:[^"\\\n]|\\.)*"?'
    r"|'(?:[^'\\\n]|\\.)*'?|#[^\n]*",
    re.DOTALL,
)
_MAGIC = re.compile(r"\s*(%%?[A-Za-z]|!|\?)|.*\?\s*$")


def module_text(name: str, data: bytes) -> bytes:
    """Return the code cells of the notebook *data*, joined. Refuses magics, shell lines and what is no notebook."""
    chunks = []
    for number, cell in enumerate(_cells(name, data), 1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code" or _left_out(cell):
            continue
        text = _source(name, cell)
        line = magic_line(text)
        if line is not None:
            text = f"cell {number}, line {line} is for the notebook only (% or !); remove it, or give the cell the tag 'scratch'"
            zh = f"第 {number} 个单元格第 {line} 行只能在笔记本里运行（% 或 !）；请删去，或给单元格加标签 scratch"
            raise Rejected(name, text, zh=zh)
        chunks.append(text.rstrip() + "\n")
    return "\n\n".join(chunks).encode("utf-8", "surrogatepass")


def _cells(name: str, data: bytes) -> list[Any]:
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        text = "is not a notebook that can be read; save it and hand it in again"
        raise Rejected(name, text, zh="无法作为笔记本读取；请保存后重新提交") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise Rejected(name, "has no cells; save it as a notebook of format 4", zh="没有单元格；请存为第 4 版格式的笔记本")
    return cells


def _left_out(cell: dict[str, Any]) -> bool:
    """A test cell belongs to the course, a scratch cell to nobody: neither is part of the module."""
    metadata = cell.get("metadata")
    if not isinstance(metadata, dict):
        return False
    nbgrader, tags = metadata.get("nbgrader"), metadata.get("tags")
    if isinstance(tags, list) and "scratch" in tags:
        return True
    return isinstance(nbgrader, dict) and nbgrader.get("grade") is True and nbgrader.get("solution") is not True


def _source(name: str, cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise Rejected(name, "has a cell without text; save it and hand it in again", zh="有单元格没有文本；请保存后重新提交")
    return source


def magic_line(text: str) -> int | None:
    """Return the number of the first line that only IPython understands, or None."""
    quiet = _QUIET.sub(lambda match: "_" + re.sub(r"[^\n]", "", match.group()), text)
    depth, joined = 0, False
    for number, line in enumerate(quiet.split("\n"), 1):
        if depth == 0 and not joined and _MAGIC.match(line):
            return number
        depth = max(0, depth + sum(line.count(c) for c in "([{") - sum(line.count(c) for c in ")]}"))
        joined = line.endswith("\\")
    return None
