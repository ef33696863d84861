"""How the pain of homework 4 looks in a browser (``grade play hw4``). Nothing to do here; every number comes from pain.py."""

from __future__ import annotations

from typing import Any

import pain

SMOOTHS = [0.001, 0.01, 0.03, 0.1, 0.3, 1, 3]
GOLDEN = 618_033_989  # steps of this part of a billion never fall into step with the 27 letters
SQUARES = 27  # squares of the picture on each side
VOWELS = "aeiouy"
UNSEEN = {"en": "loss on unseen words", "zh": "没见过的词上的损失"}
COUNTED = {"en": "loss on counted words", "zh": "数过的词上的损失"}


def _column(path: str, en: str, zh: str) -> dict[str, Any]:
    return {"path": path, "label": {"en": en, "zh": zh}}


def _points(places: dict[str, list[float]]) -> list[dict[str, Any]]:
    return [
        {
            "id": letter,
            "type": "point",
            "in": "letters",
            "start": place,
            "kin": letter in VOWELS,
            "label": {"en": f"letter {letter}", "zh": f"字母 {letter}"},
        }
        for letter, place in places.items()
    ]


TABLE: dict[str, Any] = {
    "id": "table",
    "kind": "table",
    "title": {"en": "Fill the table", "zh": "填表"},
    "text": {
        "en": "Choose how many letters the table looks at (k), and how much every cell gets for free (smooth), so that nothing is impossible. "
        "Try every k, eight tries at least, and find the best smooth for each. 3.296 nats per character is no idea at all; lower is better.",
        "zh": "选一选表要看几个字母（k），再定每一格白送多少（smooth），免得有什么变成“不可能”。每个 k 都要试，至少八次，并为它找到最好的 smooth。"
        "损失的单位是奈特每字符：3.296 是毫无头绪，越低越好。",
    },
    "tries": 8,
    "record": "button",
    "live": False,
    "button": {"en": "Fill it and score it", "zh": "填好并打分"},
    "controls": [
        {"id": "k", "type": "choice", "options": [1, 2, 3, 4, 5], "start": 1, "label": {"en": "letters of context, k", "zh": "上文的字母数 k"}},
        {"id": "smooth", "type": "choice", "options": SMOOTHS, "start": 1, "label": {"en": "added to every cell, smooth", "zh": "每格先加上 smooth"}},
    ],
    "best": {"path": "result.unseen", "label": UNSEEN, "digits": 3},
    "history": {
        "title": {"en": "All your tries (nats per character)", "zh": "你的全部尝试（奈特每字符）"},
        "x": "input.k",
        "xlabel": {"en": "letters of context, k", "zh": "上文的字母数 k"},
        "xmin": 0.5,
        "xmax": 5.5,
        "whole": True,
        "series": [
            {"path": "result.train", "name": COUNTED, "as": "dots", "tone": 0},
            {"path": "result.unseen", "name": UNSEEN, "as": "dots", "tone": 1},
        ],
    },
    "table": [
        _column("input.k", "k", "k"),
        _column("input.smooth", "smooth", "smooth"),
        _column("result.mib", "MiB", "MiB"),
        _column("result.seen_percent", "% seen", "见过 %"),
        _column("result.train", "counted", "数过的"),
        _column("result.unseen", "unseen", "没见过的"),
    ],
}

MAP: dict[str, Any] = {
    "id": "map",
    "kind": "map",
    "title": {"en": "Letters on a map", "zh": "地图上的字母"},
    "text": {
        "en": f"Now only {pain.FEW} words are counted, and every letter lends its counts to its neighbours: the nearer, the more. Drag the letters, or "
        "choose one and use the arrow keys, until letters that behave alike stand together. (Square and orange: a, e, i, o, u, y.)",
        "zh": f"现在只数 {pain.FEW} 个词，每个字母会把自己的记录借给邻居，离得越近借得越多。拖动字母，或者选中后按方向键，让行为相像的站到一起。"
        "（橙色方形的是 a、e、i、o、u、y。）",
    },
    "record": "release",
    "pad": {"min": -pain.EDGE, "max": pain.EDGE},
    "controls": _points(pain.GRID),
    "best": {"path": "result.unseen", "label": UNSEEN, "digits": 4},
    "history": {
        "title": {"en": "The loss of each of your maps", "zh": "每张地图的损失"},
        "xlabel": {"en": "try", "zh": "第几次"},
        "xmin": 0,
        "whole": True,
        "guides": [{"y": pain.evaluate("map", {"letters": pain.GRID})["unseen"], "name": {"en": "in the alphabet's order", "zh": "按字母表排"}}],
        "series": [{"path": "result.unseen", "name": {"en": "you", "zh": "你"}, "as": "both", "tone": 1}],
    },
}

TRAINED: dict[str, Any] = {
    "id": "trained",
    "kind": None,
    "after": "question",
    "beside": "map",
    "title": {"en": "The map that the slope found", "zh": "斜率找到的地图"},
    "text": {
        "en": "The same words and the same rule; these places were found by walking downhill. Who stands beside whom? Move a letter: what does it cost?",
        "zh": "同样的词，同样的规则，这些位置是沿着下坡走出来的。谁和谁站在一起？挪动一个字母，看看要付出什么。",
    },
    "record": "never",
    "pad": {"min": -pain.EDGE, "max": pain.EDGE},
    "controls": _points(pain.TRAINED),
}

PAGE: dict[str, Any] = {
    "title": {"en": "Homework 4: a table, then a map", "zh": "作业 4：先是表，后是地图"},
    "intro": {
        "en": "Guess the next letter of a name. First with a table that counts: watch what stops it. Then with letters that live on a map.",
        "zh": "猜名字的下一个字母。先用一张会数数的表，看看是什么拦住了它；再让字母住到地图上。",
    },
    "panels": [TABLE, MAP, TRAINED],
}


def look(panel: str, input: Any) -> dict[str, Any]:
    """Return what the page draws: the loss of a map, or what filling the table showed. ValueError if the input is malformed."""
    if panel != "table":
        return {"values": [{"label": UNSEEN, "value": pain.evaluate("map", input)["unseen"], "digits": 4, "main": True}], "charts": []}
    result = pain.evaluate("table", input)
    rows = [
        ({"en": "cells", "zh": "格"}, result["cells"], None),
        ({"en": "MiB", "zh": "MiB"}, result["mib"], None),
        ({"en": "% of the rows seen", "zh": "见过的行 %"}, result["seen_percent"], 1),
        (COUNTED, result["train"], 3),
        (UNSEEN, result["unseen"], 3),
    ]
    values = [{"label": label, "value": value, "digits": digits} for label, value, digits in rows]
    return {"values": values, "charts": [_squares(input["k"])]}


def _squares(k: int) -> dict[str, Any]:
    """Return one square for each of 729 contexts of k letters (all 27 for k = 1), evenly spread, in the alphabet's order."""
    seen, alphabet, there = pain._heads(k), ".abcdefghijklmnopqrstuvwxyz", pain.V**k
    shown = min(there, SQUARES * SQUARES)
    bits = []
    spread = sorted(square * GOLDEN % 10**9 * there // 10**9 for square in range(shown)) if shown < there else range(shown)
    for place in spread:
        context = ""
        for _ in range(k):
            place, letter = divmod(place, pain.V)
            context = alphabet[letter] + context
        bits.append("1" if seen[context] else "0")
    share = f"{bits.count('1')} / {shown}"
    title = {
        "en": f"Rows of the table for k = {k}, evenly drawn; dark: seen at least once ({share})",
        "zh": f"k = {k} 的表，均匀抽出的行；深色：至少见过一次（{share}）",
    }
    return {"title": title, "waffle": {"rows": shown // SQUARES, "columns": SQUARES, "bits": "".join(bits)}}
