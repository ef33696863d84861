"""The pain of homework 3, in the terminal: two loops, one bug, and every try is recorded.

    python pain.py            the race, then the swing; each try is a line of pain.jsonl
    python pain.py loops      what six unknown loops did, for part 3
    python pain.py predict    write your prediction, before the machine answers, to prediction.json
    python pain.py reveal     see what the machine says, once the prediction is made

``--lang zh`` speaks Chinese. Needs nothing but Python and engine.py.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from engine import Net

GOAL = 0.05
RACES, SWINGS = 6, 12  # how many tries the terminal asks for
CAP = 1e12  # a loss that runs away is reported as this much

# The four songs of homework 1.
XS = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
YS = [1.0, -1.0, -1.0, 1.0]
RACE_LR, RACE_STEPS, SWING_STEPS, LAST, PENDULUM_STEPS = 0.05, 20, 200, 20, 60

KINDS = {
    "race": {
        "en": "Four songs, a net of 41 knobs, 20 steps: the loss at the end (3 decimals), right loop and forgetful one. Input: a seed.",
        "zh": "四首歌、41 个旋钮、20 步：正确的循环和忘性大的循环，最后的损失各是多少（三位小数）。输入：随机种子 seed。",
    },
    "swing": {
        "en": "40 points, a straight line with 4 knobs, 200 steps: the largest loss of the last 20. Input: the learning rate lr.",
        "zh": "40 个点、4 个旋钮的直线、200 步：最后 20 步里最大的损失。输入：学习率 lr。",
    },
    "pendulum": {
        "en": "One knob in the valley w*w/2, 60 steps from w = 1: where it stands at each step. Input: the learning rate lr.",
        "zh": "一个旋钮，山谷 w*w/2，从 w = 1 走 60 步：每一步停在哪里。输入：学习率 lr。",
    },
}

QUESTIONS: list[dict[str, Any]] = [
    {
        "id": "ship",
        "en": "You saw the race. One of the two loops must go to all your users, for data that nobody has seen yet. Which one?",
        "zh": "比赛你看过了。两个循环里要选一个发给所有用户，去跑谁都没见过的数据。你选哪个？",
        "choices": [
            {"id": "right", "en": "the loop that wipes the board", "zh": "会擦黑板的循环"},
            {"id": "forgot", "en": "the forgetful loop", "zh": "忘性大的循环"},
        ],
    },
    {
        "id": "frozen",
        "en": "The forgetful loop with lr = 0: the knobs are frozen. At step 1, p.grad is 4. Predict p.grad at steps 1, 2, 3.",
        "zh": "忘性大的循环，lr = 0，旋钮纹丝不动。第 1 步 p.grad 是 4。预测第 1、2、3 步的 p.grad。",
    },
    {
        "id": "small_lr",
        "en": "The forgetful loop swings on the 40 points. If lr is made ten times smaller, does it settle within 200 steps?",
        "zh": "忘性大的循环在 40 个点上来回摆。把 lr 缩小到十分之一，200 步之内它会停下来吗？",
        "choices": [
            {"id": "yes", "en": "yes, it settles", "zh": "会停"},
            {"id": "no", "en": "no, it swings more slowly", "zh": "不会，只是摆得慢些"},
        ],
    },
]

_TRUTH = {"ship": "right", "frozen": "4, 8, 12", "small_lr": "no"}

# What six unknown loops did. At each step the knobs were put back to where they had been, and one step was taken; each row
# says how far the weights moved, and how far the biases, where 1 is the move that the slope asked for. Which bug is whose?
LOOPS = {
    "A": [[1.0, 1.0], [2.0, 2.0], [3.0, 3.0], [4.0, 4.0], [5.0, 5.0]],
    "B": [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]],
    "C": [[1.0, 1.0], [1.0, 2.0], [1.0, 3.0], [1.0, 4.0], [1.0, 5.0]],
    "D": [[2.0, 2.0], [2.0, 2.0], [2.0, 2.0], [2.0, 2.0], [2.0, 2.0]],
    "E": [[1.0, 1.0], [2.0, 2.0], [1.0, 1.0], [2.0, 2.0], [1.0, 1.0]],
    "F": [[0.31, -1.62], [0.31, -1.62], [0.31, -1.62], [0.31, -1.62], [0.31, -1.62]],
}

Slopes = Callable[[list[float]], tuple[float, list[float]]]


def _walk(measure: Slopes, knobs: list[float], lr: float, steps: int, forgetful: bool) -> list[list[float]]:
    """Return [loss, knobs...] at the start and after each step; a forgetful walk follows the sum of all slopes so far."""
    board = [0.0] * len(knobs)
    loss, told = measure(knobs)
    seen = [[min(loss, CAP), *knobs]]
    for _ in range(steps):
        if loss < CAP:
            board = [old + new for old, new in zip(board, told)] if forgetful else told
            knobs = [knob - lr * slope for knob, slope in zip(knobs, board)]
            loss, told = measure(knobs)
        seen.append([min(loss, CAP), *knobs])
    return seen


def _songs(knobs: list[float]) -> tuple[float, list[float]]:
    model = Net(knobs)
    loss = model.loss(XS, YS)
    loss.backward()
    return loss.data, [knob.grad for knob in model.parameters()]


@cache
def points() -> tuple[tuple[tuple[float, ...], float], ...]:
    """Return the 40 points of the swing, (x, y) each; x is three numbers."""
    rng = random.Random(40)
    line = (1.5, -1.2, 1.8, 1.1)
    rows = [tuple(rng.gauss(0, 1) for _ in range(3)) for _ in range(40)]
    return tuple((x, sum(k * v for k, v in zip(line, (*x, 1.0))) + rng.gauss(0, 0.05)) for x in rows)


@cache
def _sums() -> tuple[list[list[float]], list[float], float]:
    """Return the means that the loss on the points is made of, so that a step need not read all the points again."""
    rows = [((*x, 1.0), y) for x, y in points()]
    n = len(rows)
    return (
        [[sum(x[i] * x[j] for x, _ in rows) / n for j in range(4)] for i in range(4)],
        [sum(x[i] * y for x, y in rows) / n for i in range(4)],
        sum(y * y for _, y in rows) / n,
    )


def _points(knobs: list[float]) -> tuple[float, list[float]]:
    both, wish, rest = _sums()
    pull = [sum(m * k for m, k in zip(row, knobs)) for row in both]
    loss = sum(k * (p - 2 * c) for k, p, c in zip(knobs, pull, wish)) + rest
    return loss, [2 * (p - c) for p, c in zip(pull, wish)]


def _valley(knobs: list[float]) -> tuple[float, list[float]]:
    return knobs[0] ** 2 / 2, [knobs[0]]


def _lr(input: Any) -> float:
    lr = input.get("lr") if isinstance(input, dict) and set(input) == {"lr"} else None
    if isinstance(lr, bool) or not isinstance(lr, (int, float)) or not 0 < lr <= 1:
        raise ValueError('the input is {"lr": a number above 0 and up to 1}')
    return float(lr)


def _seed(input: Any) -> int:
    seed = input.get("seed") if isinstance(input, dict) and set(input) == {"seed"} else None
    if type(seed) is not int or not 0 <= seed <= 10**6:
        raise ValueError('the input is {"seed": a whole number from 0 to 1000000}')
    return seed


def start_of(seed: int) -> list[float]:
    """Return the 41 knobs that a race with *seed* starts from."""
    rng = random.Random(seed)
    return [rng.uniform(-1, 1) for _ in range(41)]


def picture(kind: str, input: Any) -> dict[str, list[float]]:
    """Return what a page draws: the whole walk of the right loop and of the forgetful one (losses; for the pendulum, places)."""
    if kind == "race":
        measure, start, lr, steps, column = _songs, start_of(_seed(input)), RACE_LR, RACE_STEPS, 0
    elif kind == "swing":
        measure, start, lr, steps, column = _points, [0.0] * 4, _lr(input), SWING_STEPS, 0
    elif kind == "pendulum":
        measure, start, lr, steps, column = _valley, [1.0], _lr(input), PENDULUM_STEPS, 1
    else:
        raise ValueError(f"unknown kind {kind!r}; known: {', '.join(KINDS)}")
    return {name: [row[column] for row in _walk(measure, start, lr, steps, name == "forgot")] for name in ("right", "forgot")}


def evaluate(kind: str, input: Any) -> dict[str, Any]:
    """Return {"right": ..., "forgot": ...}: see KINDS. ValueError if the kind is unknown or the input malformed."""
    walks = picture(kind, input)
    if kind == "race":
        return {name: round(losses[-1], 3) for name, losses in walks.items()}  # another machine's tanh may differ beyond that
    if kind == "swing":
        return {name: max(losses[-LAST:]) for name, losses in walks.items()}
    return walks


def truth(question_id: str) -> str | None:
    """Return the machine's answer to a question, or None where there is none."""
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
        "race": "The race: two loops train the same net from the same start, 20 steps. One of them has a bug.\nType a seed; q leaves.",
        "swing": "\nThe same two loops, 40 points on a line, 200 steps. The forgetful loop does not settle.\n"
        "Find a learning rate (above 0, up to 1) at which its last losses stay below {goal}. q leaves.",
        "race_try": "  the right loop: {right:.3f}   the forgetful loop: {forgot:.3f}",
        "swing_try": "  largest loss of the last 20 - the right loop: {right:.4g}   the forgetful loop: {forgot:.4g}",
        "bad": "I did not understand that: {why}",
        "left": "{n} tries are in {log}. Next: python pain.py predict",
        "loops": "Six loops. Each row is a step: how far the weights moved, how far the biases (1 is right).",
        "write": "Write something first; a wrong guess costs nothing.",
        "made": "Written to {file}. It stays as it is. Now: python pain.py reveal",
        "exists": "{file} is there already. A prediction is made once; being wrong costs nothing.",
        "first": "First predict: python pain.py predict",
        "none": "(no machine can say)",
        "you": "  you: {a}\n  machine: {b}",
    },
    "zh": {
        "race": "比赛：两个循环从同一个起点训练同一个网络，各走 20 步。其中一个有毛病。\n输入一个种子（整数），q 退出。",
        "swing": "\n还是这两个循环，换成一条直线上的 40 个点，200 步。忘性大的循环停不下来。\n"
        "找一个学习率（大于 0，不超过 1），让它最后的损失都低于 {goal}。q 退出。",
        "race_try": "  正确的循环：{right:.3f}   忘性大的循环：{forgot:.3f}",
        "swing_try": "  最后 20 步里最大的损失：正确的循环 {right:.4g}，忘性大的循环 {forgot:.4g}",
        "bad": "没看懂：{why}",
        "left": "{log} 里记了 {n} 次。下一步：python pain.py predict",
        "loops": "六个循环。一行是一步：权重走了多远，偏置走了多远（1 是对的）。",
        "write": "先写点什么吧，猜错不扣分。",
        "made": "已写入 {file}，不会再改。接下来：python pain.py reveal",
        "exists": "{file} 已经有了。预测只做一次，猜错不扣分。",
        "first": "先做预测：python pain.py predict",
        "none": "（这个机器答不了）",
        "you": "  你：{a}\n  机器：{b}",
    },
}


def _play(kind: str, key: str, number: type, due: int, say: dict[str, str]) -> None:
    """Let her try *kind*, *due* times or until she leaves."""
    print(say[kind].format(goal=GOAL))
    n = 0
    while n < due:
        line = input(f"{n + 1}/{due}> ").strip()
        if line == "q":
            return
        try:
            print(say[f"{kind}_try"].format(**record(kind, {key: _read(line, number)})))
            n += 1
        except ValueError as error:
            print(say["bad"].format(why=error))


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


def _loops(say: dict[str, str], lang: str) -> int:
    print(say["loops"])
    for name, rows in LOOPS.items():
        print(f"  {name}: " + "  ".join(f"{w:g}/{b:g}" for w, b in rows))
    return 0


def _by_hand(what: str, say: dict[str, str]) -> int:
    """Let her try the race, the swing, or both."""
    try:
        if what in ("try", "race"):
            _play("race", "seed", int, RACES, say)
        if what in ("try", "swing"):
            _play("swing", "lr", float, SWINGS, say)
    except (EOFError, KeyboardInterrupt):
        print()
    print(say["left"].format(n=_tries(), log=LOG))
    return 0


def main(argv: list[str] | None = None) -> int:
    language = "zh" if os.environ.get("GRADE_LANG", os.environ.get("LANG", "")).startswith("zh") else "en"
    parser = argparse.ArgumentParser(description="Two loops, one bug. / 两个循环，一个毛病。")
    parser.add_argument("what", nargs="?", default="try", choices=["try", "race", "swing", "loops", "predict", "reveal"])
    parser.add_argument("--lang", choices=["en", "zh"], default=language)
    options = parser.parse_args(argv)
    named = {"predict": _predict, "reveal": _reveal, "loops": _loops}
    work = named.get(options.what, lambda say, _lang: _by_hand(options.what, say))
    return _carry_out(work, SAY[options.lang] | FILES[options.lang], options.lang)


if __name__ == "__main__":
    sys.exit(main())
