"""The pain of homework 1, in the terminal: tune the knobs by hand, and every try is recorded.

    python pain.py            try by hand (4 knobs, then 41); each try is a line of pain.jsonl
    python pain.py predict    write your prediction, before the machine answers, to prediction.json
    python pain.py reveal     see what the machine says, once the prediction is made

``--lang zh`` speaks Chinese. Needs nothing but Python.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from pathlib import Path
from typing import Any

GOAL = 0.05  # a loss below this counts as tuned
TRIES = 30

# Four songs. Each is three numbers (beat, guitar, sadness); the friend said +1 (likes it) or -1 (does not).
XS = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
YS = [1.0, -1.0, -1.0, 1.0]
SIZES = {"loss4": (3, 1), "loss41": (3, 4, 4, 1)}  # numbers in, neurons of each layer

START4 = [-0.6, 0.2, 0.5, 0.4]
START41 = [
    *(0.32, 0.57, -0.23, 0.13, -0.39, 0.79, 0.62, 0.51, 0.42, -0.94, -0.31, 0.25, -0.84, -0.06, 0.55, -0.26),
    *(-0.79, 0.06, -0.63, 0.26, 0.28, -0.17, 0.47, -0.73, 0.68, 0.95, 0.45, -0.21, -0.58, 0.36, 0.12, 0.07, -0.88, 0.53, -0.44, 0.19),
    *(0.64, -0.37, 0.81, -0.52, 0.09),
]
STARTS = {"loss4": START4, "loss41": START41}

KINDS = {
    "loss4": {
        "en": "One neuron, 4 knobs (3 weights and a bias): the loss over the four songs.",
        "zh": "一个神经元，4 个旋钮（3 个权重加 1 个偏置）：四首歌上的总损失。",
    },
    "loss41": {
        "en": "A net of 9 neurons, 41 knobs: the loss over the same four songs.",
        "zh": "9 个神经元的小网络，41 个旋钮：同样四首歌上的总损失。",
    },
}

QUESTIONS: list[dict[str, Any]] = [
    {
        "id": "measurement",
        "en": "You may take ONE kind of measurement before each try. Which one would have saved you most tries?",
        "zh": "假如每次动手之前，允许你先做一种测量。测量什么，能让你少试最多次？",
    },
    {
        "id": "steps4",
        "en": "A program takes that measurement on all 4 knobs, then moves all of them at once. "
        f"How many moves until its loss is below {GOAL}?",
        "zh": f"一个程序先对 4 个旋钮都做这种测量，再同时转动它们。要转多少轮，损失才会低于 {GOAL}？",
    },
    {
        "id": "steps41",
        "en": "And with 41 knobs: more moves than with 4, about as many, or fewer?",
        "zh": "换成 41 个旋钮呢：比 4 个旋钮时多、差不多，还是更少？",
        "choices": [
            {"id": "more", "en": "more", "zh": "更多"},
            {"id": "same", "en": "about as many", "zh": "差不多"},
            {"id": "fewer", "en": "fewer", "zh": "更少"},
        ],
    },
]

# Measured from the starts above, each move 0.1 times the measurement.
_TRUTH: dict[str, str] = {"steps4": "17", "steps41": "fewer"}


def _knobs(kind: str, knobs: Any) -> list[float]:
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}; known: {', '.join(KINDS)}")
    due = len(STARTS[kind])
    if not isinstance(knobs, list) or len(knobs) != due:
        raise ValueError(f"{kind} needs a list of {due} numbers")
    for number, knob in enumerate(knobs):
        if isinstance(knob, bool) or not isinstance(knob, (int, float)):
            raise ValueError(f"knob {number} of {kind} is {knob!r}, and must be a number")
        if not abs(knob) <= 1e6:  # NaN fails this too
            raise ValueError(f"knob {number} of {kind} is {knob!r}; keep it between -1e6 and 1e6")
    return [float(knob) for knob in knobs]


def _run(sizes: tuple[int, ...], knobs: list[float], x: list[float]) -> tuple[float, float]:
    """Return the last neuron's sum, and that sum squashed by tanh. A neuron's knobs are its weights, then its bias."""
    at, total = 0, 0.0
    for fan_in, neurons in zip(sizes, sizes[1:]):
        out = []
        for _ in range(neurons):
            total = sum(knobs[at + j] * x[j] for j in range(fan_in)) + knobs[at + fan_in]
            out.append(math.tanh(total))
            at += fan_in + 1
        x = out
    return total, x[0]


def evaluate(kind: str, input: Any) -> float:
    """Return the loss (sum over the songs of (guess - wish) squared) of the knobs *input*. ValueError if they are malformed."""
    knobs = _knobs(kind, input)
    return sum((_run(SIZES[kind], knobs, x)[1] - y) ** 2 for x, y in zip(XS, YS))


def picture(kind: str, input: Any) -> dict[str, Any]:
    """Return what a page draws: the squash curve, and where each song sits on it (x: the sum, y: the guess, wish: +1 or -1)."""
    knobs = _knobs(kind, input)
    songs = [{**dict(zip(("x", "y"), _run(SIZES[kind], knobs, x))), "wish": y, "numbers": x} for x, y in zip(XS, YS)]
    return {"curve": [[x / 10, math.tanh(x / 10)] for x in range(-40, 41)], "points": songs, "loss": evaluate(kind, input)}


def truth(question_id: str) -> str | None:
    """Return the machine's answer to a question, or None where only an argument can answer it."""
    return _TRUTH.get(question_id)


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

SAY = {
    "en": {
        "intro": "Four songs, three numbers each; your friend wants the guesses on the right.\n",
        "help": "Type a knob and a value ('0 1.5'), or a knob and a nudge ('0 +0.1', '2 -0.3'). 'b' back to the best, 'q' leave.\n"
        "(a value below zero is typed with '=': '2 =-0.3')",
        "try": "try {n}: loss {loss:.4f}   (best {best:.4f})",
        "song": "  song {i}: {x}  wish {y:+.0f}  guess {p:+.2f}",
        "bad": "I did not understand that. {why}",
        "form": "It takes a knob and a value.",
        "done": "Below {goal}! {n} tries.",
        "next": "Now 41 knobs. Same songs, same game.",
        "left": "{n} tries are in {log}. Next: python pain.py predict",
        "write": "Write something first; a wrong guess costs nothing.",
        "made": "Written to {file}. It stays as it is. Now: python pain.py reveal",
        "exists": "{file} is there already. A prediction is made once; being wrong costs nothing.",
        "first": "First predict: python pain.py predict",
        "none": "(no machine can say; read part 3)",
        "you": "  you: {a}\n  machine: {b}",
    },
    "zh": {
        "intro": "四首歌，每首三个数；右边是你朋友的真实口味。\n",
        "help": "输入“旋钮号 数值”（0 1.5），或“旋钮号 微调量”（0 +0.1、2 -0.3）。b 回到最好的一次，q 退出。\n"
        "（要直接设成负数，写等号：2 =-0.3）",
        "try": "第 {n} 次：损失 {loss:.4f}（最好 {best:.4f}）",
        "song": "  第 {i} 首：{x}  想要 {y:+.0f}  猜的 {p:+.2f}",
        "bad": "没看懂。{why}",
        "form": "要输入旋钮号和数值。",
        "done": "低于 {goal} 了！一共 {n} 次。",
        "next": "现在是 41 个旋钮。歌没变，玩法也没变。",
        "left": "{log} 里记了 {n} 次。下一步：python pain.py predict",
        "write": "先写点什么吧，猜错不扣分。",
        "made": "已写入 {file}，不会再改。接下来：python pain.py reveal",
        "exists": "{file} 已经有了。预测只做一次，猜错不扣分。",
        "first": "先做预测：python pain.py predict",
        "none": "（这个机器答不了，去看第 3 部分）",
        "you": "  你：{a}\n  机器：{b}",
    },
}


def _parse(line: str, knobs: list[float], say: dict[str, str]) -> list[float]:
    """Return *knobs* with one changed as *line* says. Raises ValueError."""
    words = line.split()
    if len(words) != 2:
        raise ValueError(say["form"])
    index, word = _read(words[0], int), words[1]
    if not 0 <= index < len(knobs):
        raise ValueError(f"0 .. {len(knobs) - 1}")
    value = knobs[index] + _read(word) if word[0] in "+-" else _read(word.removeprefix("="))
    return [*knobs[:index], value, *knobs[index + 1 :]]


def _show(kind: str, knobs: list[float], say: dict[str, str]) -> None:
    for i, (x, y) in enumerate(zip(XS, YS)):
        print(say["song"].format(i=i, x=x, y=y, p=_run(SIZES[kind], knobs, x)[1]))
    for at in range(0, len(knobs), 8):
        print("   " + "  ".join(f"{n}:{v:+.2f}" for n, v in enumerate(knobs[at : at + 8], at)))


def _play(kind: str, say: dict[str, str]) -> bool:
    """Let her try *kind* until she leaves (False) or is done (True)."""
    knobs, best, best_loss, n = list(STARTS[kind]), list(STARTS[kind]), math.inf, 0
    while True:
        if n == 0:
            loss = evaluate(kind, knobs)
        if loss < best_loss:
            best, best_loss = list(knobs), loss
        print(say["try"].format(n=n, loss=loss, best=best_loss))
        _show(kind, knobs, say)
        if loss < GOAL:
            print(say["done"].format(goal=GOAL, n=n))
            return True
        line = input(f"{n + 1}/{TRIES}> ").strip()
        if line == "q":
            return n >= TRIES
        try:
            knobs = list(best) if line == "b" else _parse(line, knobs, say)
            loss = record(kind, knobs)
            n += 1
        except ValueError as error:
            print(say["bad"].format(why=error))
            print(say["help"])


def _predict(say: dict[str, str], lang: str) -> int:
    if _predicted(say) is not None:
        print(say["exists"].format(file=PREDICTION))
        return 2
    answers: dict[str, str] = {}
    for question in QUESTIONS:
        print(question[lang])
        for choice in question.get("choices", ()):
            print(f"  {choice['id']}: {choice[lang]}")
        while not (answer := input("> ").strip()):
            print(say["write"])
        answers[question["id"]] = answer
    _write_down(answers)
    print(say["made"].format(file=PREDICTION))
    return 0


def _reveal(say: dict[str, str], lang: str) -> int:
    answers = _predicted(say)
    if answers is None:
        print(say["first"])
        return 2
    for question in QUESTIONS:
        print(question[lang])
        print(say["you"].format(a=answers.get(question["id"], "-"), b=truth(question["id"]) or say["none"]))
    return 0


def _by_hand(kinds: tuple[str, ...], say: dict[str, str]) -> int:
    """Let her try one kind after the other, as long as she gets each done."""
    print(say["intro"] + say["help"])
    try:
        for kind in kinds:
            if kind != kinds[0]:
                print(say["next"])
            if not _play(kind, say):
                break
    except (EOFError, KeyboardInterrupt):
        print()
    print(say["left"].format(n=_tries(), log=LOG))
    return 0


def main(argv: list[str] | None = None) -> int:
    language = "zh" if os.environ.get("GRADE_LANG", os.environ.get("LANG", "")).startswith("zh") else "en"
    parser = argparse.ArgumentParser(description="Tune the knobs by hand. / 动手调旋钮。")
    parser.add_argument("what", nargs="?", default="try", choices=["try", "4", "41", "predict", "reveal"])
    parser.add_argument("--lang", choices=["en", "zh"], default=language)
    options = parser.parse_args(argv)
    kinds = {"try": ("loss4", "loss41"), "4": ("loss4",), "41": ("loss41",)}
    work = {"predict": _predict, "reveal": _reveal}.get(options.what, lambda say, _lang: _by_hand(kinds[options.what], say))
    return _carry_out(work, SAY[options.lang] | FILES[options.lang], options.lang)


if __name__ == "__main__":
    sys.exit(main())
