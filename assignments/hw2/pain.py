"""The pain of hw2: find who is to blame with bare hands. Standard library only; every try goes into pain.jsonl.

python pain.py            try by hand: race, nudge, blame
python pain.py predict    answer three questions, once, before the machine does
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

NODES = ("a", "b", "c", "d", "e", "L")
USES = {"c": ("a", "b"), "d": ("c", "a"), "e": ("c", "b"), "L": ("d", "e")}
PICTURE = "c = a * b    d = c + a    e = c * b    L = d + e"

KINDS = {
    "race": {
        "en": "How many looks at the net does nudging need with this many knobs?",
        "zh": "有这么多旋钮时，用“轻推法”要看这张网多少次？",
        "example": {"knobs": 41},
    },
    "nudge": {
        "en": "Push one of a, b, c, d, e a little up and down: how many times as far does L move?",
        "zh": "把 a、b、c、d、e 里的一个轻轻往上、往下推：L 动了几倍？",
        "example": {"a": 2, "b": 3, "node": "c", "h": 0.01},
    },
    "blame": {
        "en": "Your answers: how far does L move for each unit of a, b, c, d, e and L itself?",
        "zh": "你的答案：a、b、c、d、e 和 L 自己每动一个单位，L 动多少？",
        "example": {"a": 2, "b": 3, "answers": {"a": 0, "b": 0, "c": 0, "d": 0, "e": 0, "L": 1}},
    },
}

QUESTIONS = [
    {
        "id": "twice",
        "en": "In the six-node graph you follow every way from L to a, then every way from L to b, multiplying as you go. "
        "Which products do you compute twice?",
        "zh": "在六个节点的图里，你沿着每条路从 L 走到 a，再沿着每条路从 L 走到 b，边走边乘。哪些乘积你算了两遍？",
    },
    {
        "id": "both",
        "en": "c = a + a, and L = c. How far does L move when a moves by one?",
        "zh": "c = a + a，L = c。a 动 1，L 动多少？",
        "choices": ["0", "1", "2"],
    },
    {
        "id": "walks",
        "en": "A net has 41 knobs. Nudging each up and down costs 82 looks at the net. If blame could walk back from the answer, "
        "how many walks would you need for all 41 knobs?",
        "zh": "一张网有 41 个旋钮。每个都往上、往下推一次，要看这张网 82 次。如果责任能从答案往回走，41 个旋钮一共要走几次？",
    },
]


def _number(given, name, low, high, whole=False):
    """Return *given* if it is a number from *low* to *high*; raise ValueError otherwise."""
    fits = type(given) is int or (type(given) is float and not whole)
    if not fits or not low <= given <= high:
        raise ValueError(f"{name} must be a {'whole ' if whole else ''}number from {low} to {high}")
    return given


def _keys(given, *names):
    if type(given) is not dict or set(given) != set(names):
        raise ValueError(f"the input needs exactly: {', '.join(names)}")
    return [given[name] for name in names]


def values(a, b, fixed=None, at=0.0):
    """Return every node's number; the node *fixed*, if any, is held at *at* whatever it was made from."""
    v = {"a": a, "b": b}
    for node, work in (
        ("a", lambda: a),
        ("b", lambda: b),
        ("c", lambda: v["a"] * v["b"]),
        ("d", lambda: v["c"] + v["a"]),
        ("e", lambda: v["c"] * v["b"]),
        ("L", lambda: v["d"] + v["e"]),
    ):
        v[node] = at if node == fixed else work()
    return v


def blames(a, b):
    """Return how far L moves for each unit of each node, worked out on paper."""
    return {"a": b + 1 + b * b, "b": a + 2 * a * b, "c": 1 + b, "d": 1, "e": 1, "L": 1}


def _race(given):
    (knobs,) = _keys(given, "knobs")
    _number(knobs, "knobs", 1, 3000, whole=True)
    return {"evaluations": 2 * knobs, "multiplications": 2 * knobs * knobs}


def _nudge(given):
    a, b, node, h = _keys(given, "a", "b", "node", "h")
    _number(a, "a", -9, 9), _number(b, "b", -9, 9), _number(h, "h", 1e-9, 1)
    if node not in NODES[:-1]:
        raise ValueError(f"node must be one of {', '.join(NODES[:-1])}")
    here = values(a, b)[node]
    up, down = (values(a, b, node, here + step)["L"] for step in (h, -h))
    return {"slope": (up - down) / (2 * h), "evaluations": 2}


def _blame(given):
    a, b, answers = _keys(given, "a", "b", "answers")
    _number(a, "a", -9, 9), _number(b, "b", -9, 9)
    for node, answer in zip(NODES, _keys(answers, *NODES), strict=True):
        _number(answer, f"the answer for {node}", -1e6, 1e6)
    want = blames(a, b)
    return {"right": sum(abs(answers[node] - want[node]) < 1e-6 for node in NODES), "of": len(NODES)}


def evaluate(kind, input):
    """Return the result of one try: the same for the same input, on every machine. Raises ValueError for a malformed try."""
    known = {"race": _race, "nudge": _nudge, "blame": _blame}
    if type(kind) is not str or kind not in known:
        raise ValueError(f"no try of the kind {kind!r}; there are: {', '.join(known)}")
    return known[kind](input)


def _ways(node, so_far):
    """Yield every way from *node* down to a and b, as a list of names."""
    if node not in USES:
        yield so_far
        return
    for parent in dict.fromkeys(USES[node]):
        yield from _ways(parent, [*so_far, parent])


def truth(question_id):
    """Return the machine's own answer to a question, as text, or None where there is none."""
    if question_id == "both":
        return "2"
    if question_id == "walks":
        return "1"
    if question_id != "twice":
        return None
    stretches = [tuple(way[: k + 1]) for way in _ways("L", ["L"]) for k in range(2, len(way) - 1)]
    shared = [stretch for stretch in dict.fromkeys(stretches) if stretches.count(stretch) > 1]
    return ", ".join(f"{' > '.join(stretch)} (x{stretches.count(stretch)})" for stretch in shared)


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
        "hello": f"Six nodes: {PICTURE}\nc is used twice. What is each of them to blame for L?\n"
        "  race 100        nudge every one of 100 knobs of a neuron; watch the clock\n"
        "  nudge c         push c (or a, b, d, e) a little and watch L;  nudge c 0.5 pushes harder\n"
        "  blame           give your six answers\n  values 2 5      other numbers for a and b\n  quit",
        "race": "{evaluations} looks at the neuron, {multiplications} multiplications, {seconds:.3f} s. Now twice as many knobs?",
        "nudge": "L moves {slope:.6g} times as far as {node}. That cost {evaluations} looks.",
        "blame": "{right} of {of} right. (This is not graded: it only has to be tried.)",
        "ask": "if {node} moves by one, L moves by: ",
        "what": "I did not understand that; try: race 100, nudge c, blame, values 2 5, quit",
        "bad": "That did not work: {error}",
        "bye": "{count} tries are in pain.jsonl. Now: python pain.py predict",
        "already": "prediction.json is there already. A prediction is made once; the machine's answers:",
        "first": "Write down what you believe. Nothing here is graded for being right.",
        "empty": "Write something, even a guess.",
        "saved": "Written to prediction.json. Now the machine:",
    },
    "zh": {
        "hello": f"六个节点：{PICTURE}\nc 被用了两次。对于 L，每个节点各有多少责任？\n"
        "  race 100        把一个神经元的 100 个旋钮挨个推一遍，留意时间\n"
        "  nudge c         轻推 c（或 a、b、d、e），看 L 怎么动；nudge c 0.5 推得重一些\n"
        "  blame           写下你的六个答案\n  values 2 5      给 a 和 b 换两个数\n  quit            退出",
        "race": "看了神经元 {evaluations} 次，做了 {multiplications} 次乘法，用了 {seconds:.3f} 秒。旋钮再多一倍呢？",
        "nudge": "L 动的是 {node} 的 {slope:.6g} 倍。这花了 {evaluations} 次。",
        "blame": "{of} 个里对了 {right} 个。（不打分，试过就行。）",
        "ask": "{node} 动 1，L 动：",
        "what": "没看懂。试试：race 100、nudge c、blame、values 2 5、quit",
        "bad": "没成功：{error}",
        "bye": "pain.jsonl 里有 {count} 次尝试。接下来：python pain.py predict",
        "already": "prediction.json 已经有了。预测只做一次。机器的回答是：",
        "first": "写下你相信的答案。这里不看对错。",
        "empty": "写点什么吧，猜的也行。",
        "saved": "已写进 prediction.json。现在轮到机器：",
    },
}


def _run_race(knobs):
    """Really nudge every knob of a neuron with *knobs* weights; return the seconds that it took."""
    weights, signals = [0.5 / knobs] * knobs, [1.0] * knobs
    start = time.perf_counter()
    for k in range(knobs):
        for h in (1e-6, -1e-6):
            weights[k] += h
            sum(w * s for w, s in zip(weights, signals, strict=True))
            weights[k] -= h
    return time.perf_counter() - start


def _try(words, state, say):
    """Carry out one line of the text loop; return what to print."""
    match words:
        case ["race", knobs]:
            result = record("race", {"knobs": _read(knobs, int)})
            return say["race"].format(**result, seconds=_run_race(int(knobs)))
        case ["nudge", node, *rest]:
            h = _read(rest[0]) if rest else 0.01
            return say["nudge"].format(**record("nudge", {**state, "node": node, "h": h}), node=node)
        case ["blame"]:
            answers = {node: _read(input(say["ask"].format(node=node))) for node in NODES}
            return say["blame"].format(**record("blame", {**state, "answers": answers}))
        case ["values", a, b]:
            state.update(a=_number(_read(a), "a", -9, 9), b=_number(_read(b), "b", -9, 9))
            shown = values(state["a"], state["b"])
            return "  ".join(f"{node} = {shown[node]:g}" for node in NODES)
        case _:
            return say["what"]


def play(say, lang):
    """Let her try until she has had enough."""
    state = {"a": 2.0, "b": 3.0}
    print(say["hello"])
    print(_try(["values", "2", "3"], state, say))
    while True:
        try:
            words = input("> ").split()
            if words[:1] in (["quit"], ["exit"], ["q"]):
                break
            if words:
                print(_try(words, state, say))
        except ValueError as error:
            print(say["bad"].format(error=error))
        except (EOFError, KeyboardInterrupt):
            print()
            break
    print(say["bye"].format(count=_tries()))
    return 0


def predict(say, lang):
    """Ask the questions, write the answers down, and only then show the machine's."""
    if _predicted(say) is not None:
        print(say["already"])
    else:
        print(say["first"])
        _write_down({question["id"]: _answer(question, say, lang) for question in QUESTIONS})
        print(say["saved"])
    for question in QUESTIONS:
        print(f"- {question[lang]}\n  = {truth(question['id'])}")
    return 0


def _answer(question, say, lang):
    choices = f" [{' / '.join(question['choices'])}]" if "choices" in question else ""
    while True:
        text = input(f"\n{question[lang]}{choices}\n> ").strip()
        if text:
            return text
        print(say["empty"])


def main(arguments=None):
    parser = argparse.ArgumentParser(description="hw2: blame by hand")
    parser.add_argument("what", nargs="?", choices=("play", "predict"), default="play")
    parser.add_argument("--lang", choices=("en", "zh"), default="zh" if os.environ.get("LANG", "").startswith("zh") else "en")
    options = parser.parse_args(arguments)
    work = play if options.what == "play" else predict
    return _carry_out(work, SAY[options.lang] | FILES[options.lang], options.lang)


if __name__ == "__main__":
    sys.exit(main())
