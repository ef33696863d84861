"""How the pain of homework 1 looks in a browser (``grade play hw1``). Nothing to do here; every number comes from pain.py."""

from __future__ import annotations

from typing import Any

import pain

EDGE = 4.0  # sums further out are drawn at the picture's edge, where the squash is flat
LR, MOVES = 0.1, 60
NUMBERS = [("beat", "节拍"), ("guitar", "吉他"), ("sadness", "忧伤")]


def _slider(number: int, start: float, en: str, zh: str, group: dict[str, str] | None = None) -> dict[str, Any]:
    control = {"id": str(number), "type": "slider", "min": -3, "max": 3, "step": 0.05, "start": start, "label": {"en": en, "zh": zh}}
    return {**control, "group": group} if group else control


def _one_neuron() -> list[dict[str, Any]]:
    labels = [*NUMBERS, ("bias", "偏置")]
    return [_slider(n, start, en, zh) for n, (start, (en, zh)) in enumerate(zip(pain.START4, labels))]


def _net() -> list[dict[str, Any]]:
    sliders: list[dict[str, Any]] = []
    sizes = pain.SIZES["loss41"]
    for layer, (fan_in, neurons) in enumerate(zip(sizes, sizes[1:]), 1):
        for neuron in range(1, neurons + 1):
            group = {"en": f"layer {layer}, neuron {neuron}", "zh": f"第 {layer} 层，神经元 {neuron}"}
            for knob in range(fan_in + 1):
                n = len(sliders)
                en, zh = (f"bias {n}", f"偏置 {n}") if knob == fan_in else (f"knob {n}", f"旋钮 {n}")
                sliders.append(_slider(n, pain.START41[n], en, zh, group))
    return sliders


def _panel(name: str, kind: str, title: dict[str, str], text: dict[str, str], controls: list[dict[str, Any]]) -> dict[str, Any]:
    loss = {"en": "loss", "zh": "损失"}
    return {
        "id": name,
        "kind": kind,
        "title": title,
        "text": text,
        "form": "list",
        "record": "release",
        "tries": pain.TRIES,
        "controls": controls,
        "best": {"path": "result", "label": loss, "digits": 4},
        "history": {
            "title": {"en": "The loss of each of your tries", "zh": "每一次尝试的损失"},
            "xlabel": {"en": "try", "zh": "第几次"},
            "log": "y",
            "ymin": 0.01,
            "ymax": 16,
            "xmin": 0,
            "whole": True,
            "guides": [{"y": pain.GOAL, "name": {"en": f"tuned: {pain.GOAL}", "zh": f"调好了：{pain.GOAL}"}}],
            "series": [{"path": "result", "name": {"en": "you", "zh": "你"}, "as": "both", "tone": 1}],
        },
        "machine": {
            "stages": ["loss", "slope", "gradient", "descend"],
            "title": {"en": "Your own descend, on the same picture", "zh": "你自己的 descend，同一张图"},
            "quote": {
                "en": "you: {tries} tries in {minutes} minutes, loss {best}; the slope: {steps} steps, loss {last}",
                "zh": "你：{tries} 次，{minutes} 分钟，损失 {best}；斜率：{steps} 步，损失 {last}",
            },
        },
    }


PAGE: dict[str, Any] = {
    "title": {"en": "Homework 1: tune it by hand", "zh": "作业 1：亲手调一调"},
    "intro": {
        "en": "Four songs, three numbers each: how much beat, how much guitar, how much sadness. A friend likes two of them (+1) "
        "and dislikes two (-1). Turn the knobs until the guesses sit on the wishes. Letting a knob go is one try.",
        "zh": "四首歌，每首三个数：节拍多少、吉他多少、忧伤多少。朋友喜欢其中两首（+1），不喜欢另外两首（-1）。"
        "转动旋钮，让猜测落到她的口味上。松开一次旋钮，就算一次尝试。",
    },
    "panels": [
        _panel(
            "four",
            "loss4",
            {"en": "One neuron, 4 knobs", "zh": "一个神经元，4 个旋钮"},
            {
                "en": "The curve is the squash. Each song sits where its sum is; the line from it is its error.",
                "zh": "曲线是压缩函数。每首歌停在它的和上，连出来的线就是它的误差。",
            },
            _one_neuron(),
        ),
        _panel(
            "forty-one",
            "loss41",
            {"en": "Nine neurons, 41 knobs", "zh": "九个神经元，41 个旋钮"},
            {"en": "The same four songs, the same game. Which knob now?", "zh": "还是那四首歌，玩法没变。现在该转哪一个？"},
            _net(),
        ),
    ],
}
KIND = {panel["id"]: panel["kind"] for panel in PAGE["panels"]}


def look(panel: str, input: Any) -> dict[str, Any]:
    """Return what the page draws for these knobs: the squash, the songs on it, and the loss. ValueError if they are malformed."""
    shown = pain.picture(KIND[panel], input)
    songs = [(max(-EDGE, min(EDGE, song["x"])), song["y"], song["wish"]) for song in shown["points"]]
    marks = [{"en": f"song {n}", "zh": f"第 {n} 首"} for n in range(1, len(songs) + 1)]
    series = [
        {"as": "line", "tone": 4, "points": shown["curve"]},
        {"as": "segments", "tone": 1, "points": [[x, y, x, wish] for x, y, wish in songs], "name": {"en": "error", "zh": "误差"}, "dash": ""},
        {"as": "hollow", "tone": 2, "shape": "square", "size": 5, "points": [[x, w] for x, _, w in songs], "name": {"en": "wish", "zh": "口味"}},
        {"as": "dots", "tone": 0, "size": 6, "points": [[x, y, m] for (x, y, _), m in zip(songs, marks)], "name": {"en": "guess", "zh": "猜测"}},
    ]
    chart = {
        "title": {"en": "The four songs on the squash", "zh": "四首歌在压缩曲线上"},
        "xlabel": {"en": "sum of the last neuron", "zh": "最后一个神经元的和"},
        "xmin": -EDGE,
        "xmax": EDGE,
        "ymin": -1.25,
        "ymax": 1.25,
        "series": series,
    }
    loss = {"label": {"en": "loss", "zh": "损失"}, "value": shown["loss"], "digits": 4, "main": True, "reached": shown["loss"] < pain.GOAL}
    return {"values": [loss], "charts": [chart]}


def machine(student: Any, panel: str) -> dict[str, Any]:
    """Let her own ``descend`` walk, one move at a time, and return every move as a frame; the losses are computed here."""
    kind = KIND[panel]
    knobs = list(pain.STARTS[kind])
    losses = [pain.evaluate(kind, knobs)]
    frames = []
    while True:
        words = (len(losses) - 1, losses[-1])
        frames.append(
            {
                "input": knobs,
                "view": look(panel, knobs),
                "say": {"en": "step {}: loss {:.4f}".format(*words), "zh": "第 {} 步：损失 {:.4f}".format(*words)},
            }
        )
        if losses[-1] < pain.GOAL or len(losses) > MOVES:
            break
        moved, _ = student.descend(lambda tried: pain.evaluate(kind, list(tried)), knobs, LR, 1)
        knobs = [float(knob) for knob in moved]
        losses.append(pain.evaluate(kind, knobs))
    walked = {"as": "both", "tone": 0, "name": {"en": "your descend", "zh": "你的 descend"}, "points": [list(pair) for pair in enumerate(losses)]}
    return {"frames": frames, "overlay": [walked], "told": {"steps": len(losses) - 1, "last": losses[-1]}}
