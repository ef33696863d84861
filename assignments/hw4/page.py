"""How the pain of homework 4 looks in a browser (``grade play hw4``). Nothing to do here; every number comes from pain.py."""

import pain

SMOOTHS = [0.001, 0.01, 0.03, 0.1, 0.3, 1, 3]


def _column(path, en, zh):
    return {"path": path, "label": {"en": en, "zh": zh}}


TABLE = {
    "id": "table",
    "kind": "table",
    "title": {"en": "Fill the table", "zh": "填表"},
    "text": pain.KINDS["table"],
    "tries": 8,
    "record": "button",
    "live": False,
    "button": {"en": "Fill it and score it", "zh": "填好并打分"},
    "controls": [
        {"id": "k", "type": "choice", "options": [1, 2, 3, 4, 5], "start": 1, "label": {"en": "letters of context, k", "zh": "上文的字母数 k"}},
        {"id": "smooth", "type": "choice", "options": SMOOTHS, "start": 1, "label": {"en": "added to every cell, smooth", "zh": "每格先加上 smooth"}},
    ],
    "best": {"path": "result.unseen", "label": {"en": "best loss on unseen words", "zh": "没见过的词上最好的损失"}, "digits": 3},
    "history": {
        "title": {"en": "Counted and unseen words", "zh": "数过的词和没见过的词"},
        "x": "input.k",
        "xlabel": {"en": "letters of context", "zh": "上文的字母数"},
        "series": [
            {"path": "result.train", "name": {"en": "words that were counted", "zh": "数过的词"}, "as": "dots", "tone": 0},
            {"path": "result.unseen", "name": {"en": "unseen words", "zh": "没见过的词"}, "as": "dots", "tone": 1},
        ],
    },
    "table": [
        _column("input.k", "k", "k"),
        _column("input.smooth", "smooth", "smooth"),
        _column("result.cells", "cells", "格数"),
        _column("result.mib", "MiB", "MiB"),
        _column("result.seen_percent", "% of contexts seen", "见过的上文 %"),
        _column("result.train", "counted", "数过的"),
        _column("result.unseen", "unseen", "没见过的"),
    ],
}

PAGE = {
    "title": {"en": "Guess the next letter by counting", "zh": "靠数数来猜下一个字母"},
    "intro": {
        "en": "Loss is in nats per character: 3.296 is no idea at all, lower is better. Try every k, and find the best smooth for each.",
        "zh": "损失的单位是奈特每字符：3.296 是毫无头绪，越低越好。每个 k 都试一试，并为它找到最好的 smooth。",
    },
    "panels": [TABLE],
}
