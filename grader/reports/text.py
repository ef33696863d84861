"""A grade on a terminal: what to look at first, then the rest in a line each, then the points by stage."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from grader.model import Grade, Outcome, Verdict
from grader.phrases import grade_in
from grader.shown import block, line, points

_SIGNS = {
    Outcome.PASS: "✓",
    Outcome.FAIL: "✗",
    Outcome.CRASH: "✗",
    Outcome.TIMEOUT: "✗",
    Outcome.PENDING: "…",
    Outcome.FAULT: "!",
}
_MEANS = {
    Outcome.CRASH: ("the program ended in the middle", "程序中途退出"),
    Outcome.TIMEOUT: ("the program took too long", "程序运行超时"),
    Outcome.PENDING: ("waits for a device that is not here; it costs nothing", "等待这里没有的设备；不扣分"),
    Outcome.FAULT: ("our fault, not yours; it costs nothing", "是我们的问题，不是你的；不扣分"),
}
_SHOWN = 8  # failed checks in a line each, before the rest is only counted
_BAR = 10


def lines(grade: Grade, lang: str = "en", verbose: bool = False, hidden: Sequence[tuple[str, str]] = ()) -> list[str]:
    """Return *grade* as lines for a terminal. *hidden* are stage and concept of checks that this grade did not run."""
    zh, grade = lang == "zh", grade_in(grade, lang)
    if grade.status != "graded":
        return [*_ungraded(grade, zh), *(_causes(grade) if verbose else [])]
    lost = [v for v in grade.verdicts if v.outcome is not Outcome.PASS]
    failed = [v for v in lost if v.outcome not in (Outcome.PENDING, Outcome.FAULT)]
    found: list[str] = []
    if failed:
        found += [_pick(zh, "Look at this first:", "先看这一个："), *_details(failed[0], lang, verbose)]
        found += [_pick(zh, f"  a hint: grade hint {line(grade.assignment)}", f"  要提示：grade hint {line(grade.assignment)}"), ""]
    rest = [v for v in lost if not failed or v is not failed[0]]
    if rest:
        found += [_pick(zh, "Not passed yet:", "还没通过："), *_rest(rest, lang, verbose), ""]
    found += _stages(grade)
    found += ["", _total(grade, zh, all_passed=not lost)]
    if hidden:
        found += ["", *_hidden(hidden, "" if verbose or not failed else failed[0].stage, zh)]
    return found


def _hidden(hidden: Sequence[tuple[str, str]], here: str, zh: bool) -> list[str]:
    """Say that there are more checks, and what they are about: those of the stage that she works on, or all."""
    near = [concept for stage, concept in hidden if here in ("", stage)]
    more = len(hidden) - len(near)
    found = [_pick(zh, "The grading runs more checks, which you cannot see.", "批改时还有看不到的测试。")]
    if near and more:
        found[0] += _pick(zh, f" In '{line(here)}' they are about:", f"“{line(here)}”部分考察的是：")
    elif near:
        found[0] += _pick(zh, " They are about:", "考察的是：")
    found += [f"  · {line(concept)}" for concept in near]
    if more:
        found.append(_pick(zh, f"  {more} in other parts: --verbose lists them", f"  其他部分还有 {more} 个：--verbose 全部列出"))
    return found


def _pick(zh: bool, english: str, chinese: str) -> str:
    return chinese if zh else english


def _ungraded(grade: Grade, zh: bool) -> list[str]:
    if grade.status == "rejected":
        return [_pick(zh, f"Not accepted: {line(grade.message)}", f"未被接受：{line(grade.message)}")]
    fault = _pick(zh, "Our grader failed; this costs you nothing", "批改程序出错；不扣分")
    return [f"{fault}: {line(grade.message)}" if grade.message else f"{fault}."]


def _causes(grade: Grade) -> list[str]:
    """Return what is known of each fault's cause, once."""
    causes = dict.fromkeys(v.traceback for v in grade.verdicts if v.outcome is Outcome.FAULT and v.traceback)
    return [f"  | {part}" for cause in causes for part in block(cause)]


def _concept(verdict: Verdict, lang: str) -> str:
    return line(verdict.concept_zh if lang == "zh" and verdict.concept_zh else verdict.concept) or line(verdict.id)


def _details(verdict: Verdict, lang: str, verbose: bool) -> list[str]:
    """What, where, what to try: the message first, the traceback on demand."""
    found = [f"{_SIGNS[verdict.outcome]} {_concept(verdict, lang)}  [{line(verdict.stage)}]"]
    means = _MEANS.get(verdict.outcome)
    if means:
        found.append(f"  {means[lang == 'zh']}")
    found += [f"  {part}" for part in block(verdict.message)]
    if verdict.where:
        found.append(f"  {_pick(lang == 'zh', 'in', '位置：')} {line(verdict.where)}")
    if verdict.question:
        found.append(f"  ? {line(verdict.question)}")
    if verbose:
        found.append(f"  {line(verdict.id)}")
        for text in (verdict.traceback, verdict.output):
            found += [f"  | {part}" for part in block(text)]
    return found


def _rest(verdicts: list[Verdict], lang: str, verbose: bool) -> list[str]:
    if verbose:
        return [part for verdict in verdicts for part in _details(verdict, lang, True)]
    found = []
    for verdict in verdicts[:_SHOWN]:
        means = _MEANS.get(verdict.outcome)
        note = f" ({means[lang == 'zh']})" if means else ""
        found.append(f"{_SIGNS[verdict.outcome]} {_concept(verdict, lang)}  [{line(verdict.stage)}]{note}")
    more = len(verdicts) - _SHOWN
    return [*found, _pick(lang == "zh", f"  and {more} more", f"  还有 {more} 个")] if more > 0 else found


def _stages(grade: Grade) -> list[str]:
    earned: dict[str, list[float]] = {}
    for verdict in grade.verdicts:
        sums = earned.setdefault(line(verdict.stage), [0.0, 0.0])
        sums[0] += verdict.points
        sums[1] += verdict.max_points
    wide = max((_width(name) for name in earned), default=0)
    found = []
    for name, (got, due) in earned.items():
        full = int(_BAR * got / due + 1e-9) if due > 0 else 0
        full = min(max(full, 0), _BAR)
        bar = "█" * full + "░" * (_BAR - full)
        found.append(f"  {name}{' ' * (wide - _width(name))}  {bar}  {points(got)} / {points(due)}")
    return found


def _total(grade: Grade, zh: bool, *, all_passed: bool) -> str:
    score = f"{points(grade.score)} / {points(grade.max_score)}"
    if all_passed and grade.verdicts:
        return _pick(zh, f"All passed: {score} points", f"全部通过：{score} 分")
    return _pick(zh, f"{score} points", f"{score} 分")


def _width(text: str) -> int:
    """Return how many columns *text* takes: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
