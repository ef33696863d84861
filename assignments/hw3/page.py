"""How the pain of homework 3 looks in a browser (``grade play hw3``). Nothing to do here; every number comes from pain.py."""

from __future__ import annotations

import math
from typing import Any

import pain

RIGHT = {"en": "the loop that wipes the board", "zh": "会擦黑板的循环"}
FORGOT = {"en": "the forgetful loop", "zh": "忘性大的循环"}
TONES = {"right": 0, "forgot": 1}
NAMES = {"right": RIGHT, "forgot": FORGOT}
BROAD = 2.2  # how far the drawn valley goes to each side
STEP, LOSS, LR = {"en": "step", "zh": "步"}, {"en": "loss", "zh": "损失"}, {"en": "learning rate lr", "zh": "学习率 lr"}


def _both(prefix: str, kind: str = "dots") -> list[dict[str, Any]]:
    return [{"path": f"{prefix}.{name}", "name": NAMES[name], "as": kind, "tone": TONES[name]} for name in NAMES]


def _goal(words_en: str, words_zh: str) -> list[dict[str, Any]]:
    return [{"y": pain.GOAL, "name": {"en": f"{words_en} {pain.GOAL}", "zh": f"{words_zh} {pain.GOAL}"}}]


def _column(path: str, en: str, zh: str) -> dict[str, Any]:
    return {"path": path, "label": {"en": en, "zh": zh}}


RACE = {
    "id": "race",
    "kind": "race",
    "title": {"en": "The race", "zh": "比赛"},
    "text": {
        "en": "Two loops train the same net of 41 knobs on the same four songs, from the same start, 20 steps each. One of them has a bug: it "
        "never wipes the board. Run at least five races and count who wins.",
        "zh": "两个循环在同样的四首歌上训练同一个 41 旋钮的网络，起点相同，各走 20 步。其中一个有毛病：从来不擦黑板。至少跑五场，数一数谁赢得多。",
    },
    "record": "button",
    "live": False,
    "tries": pain.RACES,
    "button": {"en": "Run the race", "zh": "开跑"},
    "controls": [
        {"id": "seed", "type": "number", "start": 1, "label": {"en": "seed: a whole number, it picks the start", "zh": "种子：一个整数，决定起点"}}
    ],
    "history": {
        "title": {"en": "Where each race ended (below the line: learned)", "zh": "每场的终点（线以下：学会了）"},
        "xlabel": {"en": "race", "zh": "第几场"},
        "log": "y",
        "ymin": 0.0005,
        "xmin": 0,
        "whole": True,
        "guides": _goal("loss", "损失"),
        "series": _both("result"),
    },
    "table": [_column("input.seed", "seed", "种子"), _column("result.right", "wipes", "会擦"), _column("result.forgot", "forgets", "忘性大")],
}

SWING = {
    "id": "swing",
    "kind": "swing",
    "title": {"en": "The swing", "zh": "秋千"},
    "text": {
        "en": "The same two loops on 40 points of a straight line, 200 steps. Find a learning rate at which the last 20 losses of the "
        f"forgetful loop stay below {pain.GOAL}. Try at least ten.",
        "zh": f"还是这两个循环，换成一条直线上的 40 个点，走 200 步。找一个学习率，让忘性大的循环最后 20 步的损失都低于 {pain.GOAL}。至少试十个。",
    },
    "record": "button",
    "live": False,
    "tries": pain.SWINGS,
    "button": {"en": "Let it run", "zh": "跑一次"},
    "controls": [{"id": "lr", "type": "slider", "min": 0.0005, "max": 1, "log": True, "start": 0.05, "label": LR}],
    "best": {"path": "result.forgot", "label": {"en": "largest of the last 20, forgetful loop", "zh": "忘性大的循环，最后 20 步的最大损失"}, "digits": 4},
    "history": {
        "title": {"en": "The largest of the last 20 losses", "zh": "最后 20 步里最大的损失"},
        "x": "input.lr",
        "xlabel": LR,
        "log": "xy",
        "guides": _goal("settled:", "停下来："),
        "series": _both("result"),
    },
}

PENDULUM = {
    "id": "pendulum",
    "kind": "pendulum",
    "after": "question",
    "title": {"en": "The pendulum", "zh": "钟摆"},
    "text": {
        "en": "One knob in the valley w*w/2, from w = 1. The forgetful loop follows the sum of all slopes so far: a speed. "
        "Nothing ever takes the speed away. Watch both, and make lr smaller: does it settle, or only swing more slowly?",
        "zh": "一个旋钮，在山谷 w*w/2 里从 w = 1 出发。忘性大的循环跟着“到目前为止所有斜率的和”走：那就是速度，而且什么都不会让它慢下来。"
        "看看这两个循环，再把 lr 调小：它会停下来，还是只是摆得更慢？",
    },
    "record": "button",
    "live": False,
    "button": {"en": "Let go", "zh": "松手"},
    "controls": [{"id": "lr", "type": "slider", "min": 0.005, "max": 1, "log": True, "start": 0.1, "label": LR}],
}

PAGE: dict[str, Any] = {
    "title": {"en": "Homework 3: the bug that wins", "zh": "作业 3：会赢的毛病"},
    "intro": {
        "en": "A slope is written on a board, and the board must be wiped before the next one. One of two loops forgets. Watch it win.",
        "zh": "斜率写在黑板上，写下一个之前要先擦掉。两个循环里有一个忘了擦。看它怎么赢。",
    },
    "panels": [RACE, SWING, PENDULUM],
}


def look(panel: str, input: Any) -> dict[str, Any]:
    """Return what the page draws for a try: both walks, as a race. ValueError if the input is malformed."""
    result, walks = pain.evaluate(panel, input), pain.picture(panel, input)
    if panel == "pendulum":
        return {"values": [], "charts": [_valley(walks), _walks(walks, {"en": "Where w stands", "zh": "w 停在哪里"}, "", 6.0)]}
    values = [{"label": NAMES[name], "value": result[name], "digits": 3 if panel == "race" else None, "main": True} for name in NAMES]
    seconds = 2.5 if panel == "race" else 4.0
    chart = _walks(walks, {"en": "The loss, step by step", "zh": "一步一步的损失"}, "y", seconds)
    return {"values": values, "charts": [{**chart, "guides": _goal("loss", "损失")}]}


def _walks(walks: dict[str, list[float]], title: dict[str, str], log: str, seconds: float) -> dict[str, Any]:
    series = []
    for name, walk in walks.items():
        points = [[step, value] for step, value in enumerate(walk)]
        series += [
            {"as": "line", "tone": TONES[name], "name": NAMES[name], "points": points},
            {"as": "mover", "tone": TONES[name], "points": points},
        ]
    last = len(walks["right"]) - 1
    return {"title": title, "xlabel": STEP, "xmin": 0, "xmax": last, "whole": True, "log": log, "reveal": seconds, "series": series, **({"ymin": 1e-4} if log else {})}


def _valley(walks: dict[str, list[float]]) -> dict[str, Any]:
    """Return the valley with a ball for each loop; its places are the walk's, drawn no further out than the picture goes."""
    curve = [[w / 20, (w / 20) ** 2 / 2] for w in range(-44, 45)]
    series: list[dict[str, Any]] = [{"as": "line", "tone": 4, "static": True, "points": curve}]
    for name, walk in walks.items():
        inside = [max(-BROAD, min(BROAD, w)) for w in walk]
        series.append({"as": "mover", "tone": TONES[name], "name": NAMES[name], "points": [[w, w * w / 2] for w in _smooth(inside)]})
    title = {"en": "In the valley w*w/2", "zh": "在山谷 w*w/2 里"}
    return {"title": title, "xlabel": {"en": "w", "zh": "w"}, "xmin": -BROAD, "xmax": BROAD, "ymin": 0, "reveal": 6.0, "series": series}


def _smooth(walk: list[float], between: int = 4) -> list[float]:
    """Return the walk with places in between, so that a ball glides from step to step."""
    glide = [(1 - math.cos(math.pi * k / between)) / 2 for k in range(between)]
    return [here + (there - here) * share for here, there in zip(walk, walk[1:]) for share in glide] + walk[-1:]
