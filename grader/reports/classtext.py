"""The class on a terminal: how it went, where the ramp is too steep, which misconceptions to talk about."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from grader.phrases import in_language
from grader.reports.classview import ClassView
from grader.reports.copies import Pair
from grader.reports.words import WORDS
from grader.shown import line, points

_MOST = 8


def class_lines(view: ClassView, lang: str = "en") -> list[str]:
    """Return the class as lines for a terminal; the page has more."""
    zh = lang == "zh"
    counts = view.counts
    head = (
        f"{line(view.assignment)}：{len(view.standings)} 名学生，已批改 {counts['graded']}，未被接受 {counts['rejected']}，"
        f"系统出错 {counts['fault']}，未提交 {counts['missing']}"
        if zh
        else f"{line(view.assignment)}: {len(view.standings)} students, {counts['graded']} graded, {counts['rejected']} not accepted, "
        f"{counts['fault']} our fault, {counts['missing']} missing"
    )
    return [head, *_marks(view, zh), *_steep(view, zh), *_misconceptions(view, zh), *_late(view, zh)]


def similar_lines(pairs: Sequence[Pair], lang: str = "en") -> list[str]:
    """Return the pairs of hand-ins that share code; a hint where to look, as the page says too."""
    words = WORDS[lang]
    if not pairs:
        return ["", f"{words['similar']}{words['colon']}{words['none']}"]
    found = [f"  {pair.share:4.0%}  {line(pair.one)}, {line(pair.two)}" for pair in pairs]
    return ["", f"{words['similar']}{words['colon']}{words['similar_note']}", *found]


def _marks(view: ClassView, zh: bool) -> list[str]:
    if not view.marks:
        return []
    low, middle, high = (points(value) for value in view.quartiles)
    mean, most = points(statistics.fmean(view.marks)), points(view.max_score)
    top = max(1, *view.bins)
    bars = "".join(" ▁▂▃▄▅▆▇█"[-(-8 * n // top)] for n in view.bins)
    if zh:
        return [f"  满分 {most}：平均 {mean}，中位数 {middle}，中间一半 {low}–{high}", f"  0 {bars} {most}"]
    return [f"  of {most}: mean {mean}, median {middle}, middle half {low}–{high}", f"  0 {bars} {most}"]


def _steep(view: ClassView, zh: bool) -> list[str]:
    if view.steepest is None:
        return []
    concept = line(view.steepest.concept_zh if zh and view.steepest.concept_zh else view.steepest.concept)
    before, now = f"{view.steepest.share + view.steepest.drop:.0%}", f"{view.steepest.share:.0%}"
    head = "最陡的一步：" if zh else "The steepest step:"
    return ["", head, f"  {before} → {now}  {concept}  [{line(view.steepest.stage)}]"]


def _misconceptions(view: ClassView, zh: bool) -> list[str]:
    if not view.misconceptions:
        return []
    found = ["", "常见误解：" if zh else "Misconceptions:"]
    for one in view.misconceptions[:_MOST]:
        question = in_language(one.question, "zh" if zh else "en")
        found.append(f"  {len(one.students):4}  {line(one.id)}" + (f"  ? {line(question)}" if question else ""))
    return found


def _late(view: ClassView, zh: bool) -> list[str]:
    if not view.late:
        return []
    shown = ", ".join(f"{line(s.person.id)} (+{s.days_late})" for s in view.late[:_MOST])
    more = " …" if len(view.late) > _MOST else ""
    return ["", f"迟交 {len(view.late)} 人：{shown}{more}" if zh else f"{len(view.late)} late: {shown}{more}"]
