"""The pain of homework 4: predict the next letter by counting, in your terminal. Standard library only.

``python pain.py`` lets you fill tables; every try is written to pain.jsonl.
``python pain.py predict`` asks the questions and writes prediction.json, once.
``--lang en`` or ``--lang zh`` chooses the language.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import sys
import time
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
V = 27
DEAL = 1990  # the public split of this page; the one that grades is another, and secret

KINDS = {
    "table": {
        "en": "Fill the table for k letters of context and see how well it predicts words that it has not seen.",
        "zh": "用 k 个字母作上文，把表填满，看看它预测没见过的词有多准。",
    },
    "map": {
        "en": "Put the 26 letters on a map; each lends its counts to its neighbours. How well does a table of few words predict then?",
        "zh": "把 26 个字母放到地图上，每个字母把记录借给邻居。只数了很少几个词的表，这时预测得有多准？",
    },
}

QUESTIONS = [
    {
        "id": "turn",
        "en": "Training loss falls from k = 1 to k = 5, all the way. Up to which k will the loss on unseen words fall too, before it turns?",
        "zh": "从 k = 1 到 k = 5，训练损失一路下降。没见过的词上的损失会跟着降到哪个 k，然后掉头向上？",
        "choices": ["1", "2", "3", "4", "5"],
    },
    {
        "id": "memorised",
        "en": "Train keeps falling and the unseen words get worse. What has the table for k = 5 memorised?",
        "zh": "训练损失还在降，没见过的词却越来越糟。k = 5 的表记住的到底是什么？",
    },
    {
        "id": "ema-eva",
        "en": "In the table for k = 3 the row 'ema' was filled a few times, the row 'eva' never. How many counts does 'ema' lend to 'eva'?",
        "zh": "k = 3 的表里，“ema”这一行有几次记录，“eva”一次也没有。“ema”能借给“eva”几次记录？",
    },
    {
        "id": "small",
        "en": "A net with 15,897 numbers looks at five letters; the table for k = 5 has 387 million cells. Which predicts unseen words better: net or table?",
        "zh": "一张只有 15,897 个数的网络看五个字母；k = 5 的表有 3.87 亿格。谁预测没见过的词更准：net（网络）还是 table（表）？",
        "choices": ["net", "table"],
    },
]

_TRUTH = {"turn": "3", "ema-eva": "0", "small": "net"}


def truth(question_id: str) -> str | None:
    """Return the machine's answer, or None where a question has none. Raises ValueError for an unknown id."""
    if question_id not in {question["id"] for question in QUESTIONS}:
        raise ValueError(f"no question {question_id!r}")
    return _TRUTH.get(question_id)


@lru_cache(maxsize=1)
def _words() -> tuple[str, ...]:
    return tuple((HERE / "last20k.txt").read_text(encoding="ascii").split())


def words() -> list[str]:
    """Return the 20,000 last names, most frequent first."""
    return list(_words())


@lru_cache(maxsize=1)
def _dealt() -> tuple[list[str], list[str]]:
    """Return (train, unseen): nine words in ten, and the tenth of the others on which a table is scored."""
    mine = sorted(_words())
    random.Random(DEAL).shuffle(mine)
    return mine[: int(0.8 * len(mine))], mine[int(0.8 * len(mine)) : int(0.9 * len(mine))]


@lru_cache(maxsize=16)
def _grams(part: int, k: int) -> Counter[str]:
    """Count every run of k letters and the one after it, as one string of k + 1."""
    pads = "." * k
    return Counter(text[i : i + k + 1] for text in (f"{pads}{word}." for word in _dealt()[part]) for i in range(len(text) - k))


@lru_cache(maxsize=8)
def _heads(k: int) -> Counter[str]:
    heads: Counter[str] = Counter()
    for gram, times in _grams(0, k).items():
        heads[gram[:k]] += times
    return heads


def _surprise(part: int, k: int, smooth: float) -> float:
    """Return nats per character: every cell counts *smooth* more than was seen."""
    seen, heads, asked = _grams(0, k), _heads(k), _grams(part, k)
    terms = [times * math.log((heads[gram[:k]] + V * smooth) / (seen[gram] + smooth)) for gram, times in sorted(asked.items())]
    return math.fsum(terms) / sum(asked.values())


def evaluate(kind: str, input: dict[str, float]) -> dict[str, float]:
    """Return what a try gives: cells, MiB, per cent of the contexts seen, nats per character on the words counted and on unseen ones.

    kind: "map": see below; or "table". input: {"k": 1..5, "smooth": 1e-6..100}; smooth is what is added to every cell before dividing, so that nothing is impossible.
    Pure: the same input gives the same numbers. The full table is computed (27 ** (k + 1) cells of 4 bytes), never made. Raises ValueError.
    """
    if kind not in KINDS:
        raise ValueError(f"no kind of try is called {kind!r}; there is: {', '.join(KINDS)}")
    if kind == "map":
        return {"unseen": _map_loss(_places(input))}
    if not isinstance(input, dict) or set(input) != {"k", "smooth"}:
        raise ValueError('a try is {"k": ..., "smooth": ...}')
    k, smooth = input["k"], input["smooth"]
    if type(k) is not int or not 1 <= k <= 5:
        raise ValueError("k must be a whole number from 1 to 5")
    if type(smooth) not in (int, float) or not 1e-6 <= smooth <= 100:
        raise ValueError("smooth must be a number from 0.000001 to 100")
    return {
        "cells": V ** (k + 1),
        "mib": V ** (k + 1) * 4 / 2**20,
        "seen_percent": 100 * len(_heads(k)) / V**k,
        "train": _surprise(0, k, smooth),
        "unseen": _surprise(1, k, smooth),
    }


# --- letters on a map: a table of one letter whose rows lend to each other ---------------------------------------------

FEW = 100  # words that are counted for the map: so few that a letter alone knows little
NEAR, CRUMB, EDGE = 0.25, 0.1, 1.0  # how far lending reaches; what every cell is given; the map goes from -EDGE to EDGE
LETTERS = "abcdefghijklmnopqrstuvwxyz"
GRID = {letter: [round(-0.85 + 0.34 * (n % 6), 2), round(0.75 - 0.375 * (n // 6), 3)] for n, letter in enumerate(LETTERS)}

# Found by walking downhill on the same loss from the grid, slightly shaken (420 steps; the best of four walks).
TRAINED = {
    **{"a": [-0.26, 0.2], "b": [0.41, 0.96], "c": [-0.2, 1.0], "d": [0.59, 0.55], "e": [0.11, 0.12], "f": [0.75, 1.0], "g": [-1.0, 0.21]},
    **{"h": [-1.0, -0.04], "i": [-0.37, -0.29], "j": [0.31, 0.99], "k": [0.76, 0.5], "l": [1.0, 0.48], "m": [-1.0, -0.27], "n": [-0.32, -0.8]},
    **{"o": [-0.39, 0.38], "p": [0.76, -0.7], "q": [0.49, 0.64], "r": [0.61, 0.19], "s": [-0.78, -0.74], "t": [0.4, -0.41], "u": [-0.44, 0.05]},
    **{"v": [0.83, -0.48], "w": [0.81, -0.3], "x": [0.89, 0.13], "y": [0.08, -0.92], "z": [-0.46, -1.0]},
}


def _places(input: dict[str, dict[str, list[float]]]) -> dict[str, list[float]]:
    """Return the 26 places of a map, checked. Raises ValueError."""
    places = input.get("letters") if isinstance(input, dict) and set(input) == {"letters"} else None
    if not isinstance(places, dict) or set(places) != set(LETTERS):
        raise ValueError('a map is {"letters": {"a": [x, y], ... "z": [x, y]}}')
    for letter, place in places.items():
        if not isinstance(place, list) or len(place) != 2 or not all(type(at) in (int, float) and -EDGE <= at <= EDGE for at in place):
            raise ValueError(f"{letter} must stand at two numbers from {-EDGE:g} to {EDGE:g}")
    return places


@lru_cache(maxsize=1)
def _pairs() -> tuple[dict[str, list[int]], list[tuple[str, int, int]]]:
    """Return how often each letter was followed by each, in FEW words; and (letter, number of the next, times) for the unseen words."""
    order = "." + LETTERS
    rows = {letter: [0] * V for letter in order}
    for word in _dealt()[0][:FEW]:
        for here, after in zip(f".{word}", f"{word}."):
            rows[here][order.index(after)] += 1
    return rows, [(gram[0], order.index(gram[1]), times) for gram, times in sorted(_grams(1, 1).items())]


def _map_loss(places: dict[str, list[float]]) -> float:
    """Return nats per character on unseen words, when each letter's row is the sum of all rows, the nearer the more ('.' stays alone)."""
    rows, asked = _pairs()
    mixed = {".": rows["."]}
    for here, (x, y) in places.items():
        weights = [(math.exp(-((x - u) ** 2 + (y - v) ** 2) / (2 * NEAR * NEAR)), rows[there]) for there, (u, v) in sorted(places.items())]
        mixed[here] = [math.fsum(weight * row[after] for weight, row in weights) for after in range(V)]
    totals = {letter: math.fsum(row) + V * CRUMB for letter, row in mixed.items()}
    terms = [times * math.log(totals[letter] / (mixed[letter][after] + CRUMB)) for letter, after, times in asked]
    return math.fsum(terms) / sum(times for _, _, times in asked)


# --- her files and her keyboard: these lines are the same in each homework ----------------------------------------------------

LOG, PREDICTION = Path("pain.jsonl"), Path("prediction.json")
FILES = {
    "en": {
        "aside": "{file} was cut off, or is no prediction: it is kept as {file}.bak, and you can predict.",
        "lost": "{file}: {why}, so nothing more can be kept. Free the disk, or put that file right or away, and start again.",
    },
    "zh": {
        "aside": "{file} 不完整，或者不是预测：已改名为 {file}.bak，可以重新预测。",
        "lost": "{file}：{why}，无法继续保存。请腾出磁盘空间，或者修好、移走这个文件，再重新开始。",
    },
}


def record(kind: str, input: Any) -> Any:
    """Evaluate a try, append it to pain.jsonl on a line of its own, and return its result. Raises OSError if it cannot be kept."""
    result = evaluate(kind, input)
    row = {"t": _now(), "kind": kind, "input": input, "result": result}
    with open(LOG, "a+b", buffering=0) as log:
        _mend(log)
        _add(log, json.dumps(row).encode() + b"\n")
    return result


def _mend(log: Any) -> None:
    """End a last line that has no end, if it is a whole try; move it to pain.jsonl.bak otherwise: it would spoil the next try."""
    log.seek(0)
    before, newline, last = log.read().rpartition(b"\n")
    if not last:
        return
    try:
        whole = {"t", "kind", "input", "result"} <= set(json.loads(last))
    except (ValueError, TypeError, RecursionError):
        whole = False
    if whole:
        _add(log, b"\n")
        return
    with open(f"{LOG}.bak", "wb", buffering=0) as aside:
        _add(aside, last)
    log.truncate(len(before + newline))


def _add(file: Any, content: bytes) -> None:
    """Add *content* to a file, all of it or nothing: a disk may be full half-way."""
    end = file.seek(0, os.SEEK_END)
    try:
        while content:
            content = content[file.write(content) :]
        os.fsync(file.fileno())
    except OSError as error:
        file.truncate(end)
        raise OSError(error.errno, error.strerror, file.name) from None  # Python's own does not say which file


def _tries() -> int:
    return LOG.read_bytes().count(b"\n") if LOG.is_file() else 0


def _predicted(say: dict[str, str]) -> dict[str, str] | None:
    """Return the answers that were written down, or None if there are none yet; a broken file is put aside."""
    try:
        answers = json.loads(PREDICTION.read_text(encoding="utf-8-sig"))["answers"]
        if isinstance(answers, dict):
            return answers
    except FileNotFoundError:
        return None
    except (ValueError, LookupError, TypeError, RecursionError):
        pass
    os.replace(PREDICTION, f"{PREDICTION}.bak")
    print(say["aside"].format(file=PREDICTION))
    return None


def _write_down(answers: dict[str, str]) -> None:
    """Write prediction.json: once, and whole or not at all. Raises FileExistsError if it was made meanwhile, on the page perhaps."""
    content = json.dumps({"t": _now(), "answers": answers}, ensure_ascii=False, indent=1).encode() + b"\n"
    file = open(PREDICTION, "xb", buffering=0)
    try:
        with file:
            _add(file, content)
    except BaseException:  # Ctrl-C too
        PREDICTION.unlink()
        raise


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _read(text: str, kind: Any = float) -> Any:
    """Return *text* as a number. Raises ValueError in words that a beginner understands."""
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"{text!r}: not a {'whole ' if kind is int else ''}number / 不是{'整' if kind is int else ''}数") from None


def _carry_out(work: Any, say: dict[str, str], lang: str) -> int:
    """Do *work*, return the exit code. Ctrl-C and Ctrl-D leave; a file that cannot be read or written is said in one line."""
    for stream in (sys.stdin, sys.stdout):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # what is not in the terminal's own letters must not end the game
    try:
        return work(say, lang)
    except (EOFError, KeyboardInterrupt):
        print()
        return 0
    except OSError as error:
        print(say["lost"].format(file=error.filename or "-", why=error.strerror or error), file=sys.stderr)
        return 2


# --- the terminal ----------------------------------------------------------------------------------------------------

TEXT = {
    "en": {
        "intro": "A table guesses the next letter: it looks at the last k letters and counts what followed them.\n"
        "Loss is in nats per character: 3.296 = no idea, lower is better. Try k = 1, 2, 3, 4, 5, and several values of smooth.\n"
        "Type two numbers, e.g. '2 0.1', or 'q' to stop.",
        "row": "k={k} smooth={smooth:g}: {cells:,} cells, {mib:,.1f} MiB, {seen_percent:.2f}% of the contexts seen; counted words {train:.3f}, unseen words {unseen:.3f}",
        "bad": "Not a try: {error}",
        "form": "type k and smooth, e.g. 2 0.1",
        "bye": "{n} tries in pain.jsonl.",
        "exists": "prediction.json is there already, and a prediction is made once. To keep your answers, leave it; hand it in as it is.",
        "choose": "one of: {choices}",
        "truth": "The machine: {id}: {truth}",
        "open": "{id}: there is no one answer. Read text/2_question.md.",
        "again": "Please answer with one of: {choices}",
        "saved": "Written to prediction.json.",
    },
    "zh": {
        "intro": "一张表来猜下一个字母：看最后 k 个字母，数一数它们后面都跟过谁。\n"
        "损失的单位是“奈特每字符”：3.296 等于毫无头绪，越低越好。请试 k = 1、2、3、4、5，再换几个 smooth。\n"
        "输入两个数，例如 '2 0.1'；输入 q 结束。",
        "row": "k={k} smooth={smooth:g}：{cells:,} 格，{mib:,.1f} MiB，见过 {seen_percent:.2f}% 的上文；数过的词 {train:.3f}，没见过的词 {unseen:.3f}",
        "bad": "这不算一次尝试：{error}",
        "form": "请输入 k 和 smooth，例如 2 0.1",
        "bye": "pain.jsonl 里现在有 {n} 次尝试。",
        "exists": "prediction.json 已经有了，预测只做一次。请保留原样交上来。",
        "choose": "从中选一个：{choices}",
        "truth": "机器的回答：{id}：{truth}",
        "open": "{id}：没有唯一的答案。请读 text/2_question.zh.md。",
        "again": "请从中选一个：{choices}",
        "saved": "已写入 prediction.json。",
    },
}


def play(say: dict[str, str], lang: str) -> int:
    print(say["intro"])
    while True:
        try:
            line = input("> ").strip()
            if line.lower() in ("q", "quit", "exit"):
                break
            parts = line.split()
            if len(parts) != 2:
                raise ValueError(say["form"])
            what = {"k": _read(parts[0], int), "smooth": _read(parts[1])}
            print(say["row"].format(**what, **record("table", what)))
        except ValueError as error:
            print(say["bad"].format(error=error))
        except (EOFError, KeyboardInterrupt):
            print()
            break
    print(say["bye"].format(n=_tries()))
    return 0


def predict(say: dict[str, str], lang: str) -> int:
    if _predicted(say) is not None:
        print(say["exists"])
        return 2
    answers = {}
    for question in QUESTIONS:
        print(question[lang])
        choices = question.get("choices")
        if choices:
            print("  " + say["choose"].format(choices=", ".join(choices)))
        answer = input("> ").strip()
        while not answer or (choices and answer not in choices):
            if choices:
                print(say["again"].format(choices=", ".join(choices)))
            answer = input("> ").strip()
        answers[question["id"]] = answer
    _write_down(answers)
    print(say["saved"])
    for question in QUESTIONS:
        known = truth(question["id"])
        print(say["open"].format(id=question["id"]) if known is None else say["truth"].format(id=question["id"], truth=known))
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description="The pain and the question of homework 4.")
    parser.add_argument("what", nargs="?", choices=["play", "predict"], default="play")
    parser.add_argument("--lang", choices=["en", "zh"], default="zh" if os.environ.get("LANG", "").startswith("zh") else "en")
    chosen = parser.parse_args()
    return _carry_out({"play": play, "predict": predict}[chosen.what], TEXT[chosen.lang] | FILES[chosen.lang], chosen.lang)


if __name__ == "__main__":
    sys.exit(main())
