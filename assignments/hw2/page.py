"""How the pain of homework 2 looks in a browser (``grade play hw2``). Nothing to do here; every number comes from pain.py."""

import pain

SIZES = [10, 20, 40, 80, 160, 320, 640, 1280, 2560]
SLIDE = {"type": "slider", "min": -5, "max": 5, "step": 0.5, "digits": 1}
PLACES = {"a": (0, 0.12), "b": (0, 0.88), "c": (0.36, 0.5), "d": (0.68, 0.12), "e": (0.68, 0.88), "L": (1, 0.5)}
WORK = {"a": "a", "b": "b", "c": "c = a×b", "d": "d = c+a", "e": "e = c×b", "L": "L = d+e"}
BLAME = {"en": "blame", "zh": "责任"}


def _graph():
    nodes = [{"id": node, "label": WORK[node], "x": x, "y": y} for node, (x, y) in PLACES.items()]
    return {"nodes": nodes, "edges": [{"from": made_of, "to": node} for node, parts in pain.USES.items() for made_of in parts]}


def _field(node):
    label = {"en": f"blame of {node}", "zh": f"{node} 的责任"}
    return {"id": node, "type": "number", "in": "answers", "node": node, "label": label}


def _column(path, en, zh):
    return {"path": path, "label": {"en": en, "zh": zh}}


A_AND_B = [{**SLIDE, "id": "a", "label": "a", "start": 2}, {**SLIDE, "id": "b", "label": "b", "start": 3}]

RACE = {
    "id": "race",
    "kind": "race",
    "title": {"en": "The price of nudging", "zh": "轻推的代价"},
    "text": {
        "en": "To learn the slope of every knob by nudging, each knob is pushed up and down once, and each time the whole machine is looked at "
        "again. Start small and double. Watch the clock as well: this really runs.",
        "zh": "想用轻推法知道每个旋钮的斜率，每个都要往上、往下推一次，每次都要把整台机器重算一遍。从小的开始，一次翻一倍。也看看时间：这是真的在算。",
    },
    "record": "button",
    "live": False,
    "button": {"en": "Nudge every knob", "zh": "把每个旋钮都推一遍"},
    "controls": [{"id": "knobs", "type": "choice", "options": SIZES, "start": SIZES[0], "label": {"en": "How many knobs?", "zh": "多少个旋钮？"}}],
    "history": {
        "title": {"en": "What it cost you", "zh": "花了多少"},
        "x": "input.knobs",
        "xlabel": {"en": "knobs", "zh": "旋钮"},
        "log": "xy",
        "series": [
            {"path": "result.evaluations", "name": {"en": "looks at the machine", "zh": "看机器的次数"}, "as": "both", "tone": 0},
            {"path": "result.multiplications", "name": {"en": "multiplications", "zh": "乘法的次数"}, "as": "both", "tone": 1},
        ],
    },
}

NUDGE = {
    "id": "nudge",
    "kind": "nudge",
    "title": {"en": "Nudge one node", "zh": "轻推一个节点"},
    "text": {
        "en": "Six nodes; c is used twice. Push one of them a little up and down, and see how many times as far L moves. Try at least three.",
        "zh": "六个节点，c 用了两次。把其中一个轻轻往上、往下推，看 L 动了几倍。至少试三个。",
    },
    "record": "button",
    "button": {"en": "Nudge it", "zh": "推一下"},
    "graph": _graph(),
    "controls": [
        *A_AND_B,
        {"id": "h", "type": "slider", "min": 1e-6, "max": 1, "log": True, "start": 0.01, "label": {"en": "size of the nudge h", "zh": "推多大 h"}},
        {"id": "node", "type": "choice", "options": list(pain.NODES[:-1]), "start": "a", "label": {"en": "Which node?", "zh": "推哪个节点？"}, "group": " "},
    ],
    "table": [
        _column("input.node", "node", "节点"),
        _column("input.a", "a", "a"),
        _column("input.b", "b", "b"),
        _column("input.h", "h", "h"),
        _column("result.slope", "L moves (times)", "L 动几倍"),
    ],
}

BY_HAND = {
    "id": "blame",
    "kind": "blame",
    "title": {"en": "Blame by hand", "zh": "徒手追责"},
    "text": {
        "en": "For each node: if it alone moves by one, how far does L move? Fill in all six, without nudging if you can. "
        "The score is shown and not graded.",
        "zh": "对每个节点：如果只有它动 1，L 动多少？六格都填上，尽量不靠轻推。会告诉你对了几个，但不计分。",
    },
    "record": "button",
    "button": {"en": "Score my six answers", "zh": "看看六个答案对了几个"},
    "graph": _graph(),
    "controls": [*A_AND_B, *(_field(node) for node in pain.NODES)],
    "best": {"path": "result.right", "better": "high", "label": {"en": "right of 6", "zh": "6 个里对了"}},
    "history": {
        "title": {"en": "Right answers in each of your tries", "zh": "每次对了几个"},
        "xlabel": {"en": "try", "zh": "第几次"},
        "ymin": 0,
        "ymax": 6.3,
        "xmin": 0,
        "whole": True,
        "series": [{"path": "result.right", "name": {"en": "right", "zh": "对"}, "as": "bars", "tone": 0}],
    },
    "machine": {
        "stages": ["forward", "local", "order", "backward"],
        "title": {"en": "Your own backward, edge by edge", "zh": "你自己的 backward，一条边一条边地走"},
        "pace": 1400,
        "quote": {
            "en": "you: {tries} tries in {minutes} minutes, at best {best} of 6; your backward: one walk, {right} of 6",
            "zh": "你：{tries} 次，{minutes} 分钟，最多对 {best} 个；你的 backward：走一趟，6 个里对 {right} 个",
        },
    },
}

PAGE = {
    "title": {"en": "Homework 2: who is to blame?", "zh": "作业 2：该怪谁？"},
    "intro": {
        "en": "The slope of a knob says how much it is to blame for the loss. First the price of asking every knob; then six nodes, by hand.",
        "zh": "旋钮的斜率说的是：损失该怪它多少。先看挨个问旋钮要花多少，再亲手算六个节点。",
    },
    "panels": [RACE, NUDGE, BY_HAND],
}


def look(panel, input):
    """Return what the page draws: every node's number, and what the try gave. ValueError if the input is malformed."""
    if panel == "race":
        result = pain.evaluate("race", input)
        return {"values": [_value("looks at the machine", "看机器的次数", result["evaluations"]), _value("multiplications", "乘法", result["multiplications"])]}
    a, b = input["a"], input["b"]
    pain.evaluate("nudge", {"a": a, "b": b, "node": "a", "h": 1})  # refuses what is no number
    nodes = {node: {"value": value} for node, value in pain.values(a, b).items()}
    return {"values": [], "nodes": nodes, "edges": {}}


def felt(panel, input):
    """Return what is shown with a try and not recorded: seconds, which no other machine could compute again; and the result's own words."""
    if panel == "race":
        return [{**_value("seconds, here and now", "秒（就在这台电脑上）", pain._run_race(input["knobs"]), 3), "main": True}]
    result = pain.evaluate(panel, input)
    if panel == "nudge":
        return [{**_value(f"L moves, times {input['node']}", f"L 动的是 {input['node']} 的几倍", result["slope"]), "main": True}]
    return [{**_value("right of 6", "6 个里对了", result["right"]), "main": True, "reached": result["right"] == result["of"]}]


def _value(en, zh, value, digits=None):
    return {"label": {"en": en, "zh": zh}, "value": value, "digits": digits}


def _messages(v):
    """Return every message of the walk back, in an order in which a node speaks only after it has heard everyone: (from, to, size)."""
    blame = dict.fromkeys(pain.NODES, 0.0) | {"L": 1.0}
    told = []
    for node in reversed(pain.NODES):
        for part in pain.USES.get(node, ()):
            other = next((one for one in pain.USES[node] if one != part), part)
            size = blame[node] * (v[other] if node in ("c", "e") else 1.0)
            blame[part] += size
            told.append((node, part, size))
    return told


def machine(student, panel):
    """Let her own Value and backward work on the graph; return the walk back as frames, with her gradients at its end."""
    a, b = 2.0, 3.0
    v = pain.values(a, b)
    hers = {"a": student.Value(a), "b": student.Value(b)}
    hers["c"] = hers["a"] * hers["b"]
    hers["d"] = hers["c"] + hers["a"]
    hers["e"] = hers["c"] * hers["b"]
    hers["L"] = hers["d"] + hers["e"]
    hers["L"].backward()
    grads = {node: float(hers[node].grad) for node in pain.NODES}
    want = pain.blames(a, b)
    right = sum(abs(grads[node] - want[node]) < 1e-6 for node in pain.NODES)

    so_far, edges = {"L": 1.0}, {}
    frames = [_frame(v, so_far, edges, "L", "L is to blame for itself: 1", "L 对自己的责任：1")]
    for node, part, size in _messages(v):
        so_far = {**so_far, part: so_far.get(part, 0.0) + size}
        edges = {**{edge: {"text": told["text"]} for edge, told in edges.items()}, f"{part}>{node}": {"hot": True, "text": f"{size:g}"}}
        en = f"{node} tells {part}: {size:g}. {part} has heard {so_far[part]:g} so far."
        zh = f"{node} 告诉 {part}：{size:g}。{part} 目前一共听到 {so_far[part]:g}。"
        frames.append(_frame(v, so_far, edges, part, en, zh))
    calm = {edge: {"text": told["text"]} for edge, told in edges.items()}
    told = ", ".join(f"{node} {grads[node]:g}" for node in pain.NODES)
    frames.append(_frame(v, grads, calm, None, f"What your code wrote into .grad: {told}", f"你的代码写进 .grad 的：{told}"))
    return {"frames": frames, "told": {"right": right}}


def _frame(v, blame, edges, hot, en, zh):
    nodes = {node: {"value": v[node], "blame": blame.get(node), "blame_label": BLAME, "hot": node == hot} for node in pain.NODES}
    return {"input": {"a": v["a"], "b": v["b"]}, "view": {"values": [], "nodes": nodes, "edges": edges}, "say": {"en": en, "zh": zh}}
