"""Run one program over many seeds and print what it reaches, in a process of its own: ``python -m grader.audit.measured``.

``PRIVATE/calibrate.py`` says what is measured: ``THRESHOLDS``, a list of dicts (name, check, value, seeds, and perhaps wrong_seeds,
also, reads, rivals), and ``reached(program, name, seed) -> float``. Staff-owned code; nothing of a student's comes here.
"""

from __future__ import annotations

import importlib.util
import json
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _plain(rule: dict[str, Any]) -> dict[str, Any]:
    return {**rule, "rivals": sorted(rule.get("rivals", {}))}


def _number(call: Any, *arguments: Any) -> float:
    """Return what *call* reaches; a program that raises, or gives no number, reaches nothing."""
    try:
        loss = float(call(*arguments))
    except Exception:
        return math.inf
    return loss if math.isfinite(loss) else math.inf


def main(private: str, public: str, *what: str) -> None:
    """``describe``, or ``NAME PROGRAM SEEDS`` with the path of a program, or ``NAME rival:WORDS SEEDS``."""
    sys.path[:0] = [str(Path(private) / "hidden"), public]
    course = _load(Path(private) / "calibrate.py")
    if what == ("describe",):
        print(json.dumps([_plain(rule) for rule in course.THRESHOLDS]))
        return
    name, program, seeds = what
    rule = next(rule for rule in course.THRESHOLDS if rule["name"] == name)
    if program.startswith("rival:"):
        losses = [_number(rule["rivals"][program.removeprefix("rival:")], seed) for seed in range(int(seeds))]
    else:
        sys.path.insert(0, str(Path(program).parent))
        module = _load(Path(program))
        losses = [_number(course.reached, module, name, seed) for seed in range(int(seeds))]
    print(json.dumps(losses))


if __name__ == "__main__":
    main(*sys.argv[1:])
