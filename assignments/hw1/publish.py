"""Draw "me against the slope" from your own pain.jsonl and your own tuning.py.

    python publish.py [OUT.svg]        (default: me_against_the_slope.svg)

One picture, two panels (4 knobs, 41 knobs): the loss of each of your tries, and of each move of your descend.
"""

from __future__ import annotations

import json
import math
import sys
from html import escape
from pathlib import Path

import pain

LR, MOVES = 0.1, 60
WIDE, HIGH, LEFT, TOP = 420, 260, 56, 46
LOW = 0.01  # the bottom of the picture; the axis is logarithmic


def my_tries(kind: str) -> list[float]:
    """Return the losses of the logged tries of *kind*, in order."""
    log = Path(pain.LOG)
    if not log.exists():
        raise SystemExit(f"{pain.LOG} is not here yet. First: python pain.py / 还没有 {pain.LOG},先运行 python pain.py")
    entries = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [pain.evaluate(kind, entry["input"]) for entry in entries if entry["kind"] == kind]


def the_slope(kind: str) -> list[float]:
    """Return the losses that your own descend passes, up to the first below the goal."""
    import tuning

    _, history = tuning.descend(lambda knobs: pain.evaluate(kind, list(knobs)), list(pain.STARTS[kind]), LR, MOVES)
    reached = next((number for number, loss in enumerate(history) if loss < pain.GOAL), len(history) - 1)
    return [float(loss) for loss in history[: reached + 1]]


def summary(kind: str) -> str:
    """Return the sentence under a panel."""
    mine, slope = my_tries(kind), the_slope(kind)
    best = f"best loss {min(mine):.2f}" if mine else "no try yet"
    return f"me: {len(mine)} tries, {best} - the slope: {len(slope) - 1} moves, loss {slope[-1]:.2f}"


def _line(losses: list[float], most: int, left: int, style: str) -> str:
    top = math.log(10 / LOW)
    points = []
    for number, loss in enumerate(losses):
        x = left + LEFT + (WIDE - LEFT - 20) * number / max(most, 1)
        y = TOP + (HIGH - TOP) * (1 - min(max(math.log(max(loss, LOW) / LOW) / top, 0.0), 1.0))
        points.append(f"{x:.1f},{y:.1f}")
    return f'<polyline points="{" ".join(points)}" fill="none" {style}/>'


def panel(kind: str, left: int) -> str:
    """Return one panel as SVG."""
    mine, slope = my_tries(kind), the_slope(kind)
    most = max(len(mine), len(slope)) - 1
    goal = TOP + (HIGH - TOP) * (1 - math.log(pain.GOAL / LOW) / math.log(10 / LOW))
    return "\n".join(
        [
            f'<text x="{left + LEFT}" y="24" font-size="16">{len(pain.STARTS[kind])} knobs</text>',
            f'<line x1="{left + LEFT}" x2="{left + WIDE - 20}" y1="{goal:.1f}" y2="{goal:.1f}" stroke="#888" stroke-dasharray="4 4"/>',
            f'<text x="{left + 4}" y="{goal:.1f}" font-size="12">{pain.GOAL}</text>',
            f'<text x="{left + 4}" y="{TOP + 4}" font-size="12">loss 10</text>',
            _line(mine, most, left, 'stroke="#d55e00" stroke-width="2"'),
            _line(slope, most, left, 'stroke="#0072b2" stroke-width="3"'),
            f'<text x="{left + LEFT}" y="{HIGH + 24}" font-size="12">{escape(summary(kind))}</text>',
        ]
    )


def picture() -> str:
    """Return the whole picture as SVG."""
    panels = "\n".join(panel(kind, number * WIDE) for number, kind in enumerate(pain.KINDS))
    wide, high = WIDE * len(pain.KINDS), HIGH + 60
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" font-family="sans-serif">\n'
        f'<rect width="{wide}" height="{high}" fill="white"/>\n{panels}\n'
        f'<text x="{LEFT}" y="{high - 12}" font-size="12" fill="#d55e00">orange: me, by hand</text>\n'
        f'<text x="{LEFT + 160}" y="{high - 12}" font-size="12" fill="#0072b2">blue: my own descend</text>\n</svg>\n'
    )


if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "me_against_the_slope.svg")
    try:
        out.write_text(picture(), encoding="utf-8")
    except NotImplementedError:
        raise SystemExit("descend is not written yet; see text/3_solution.md / descend 还没写，见 text/3_solution.zh.md") from None
    for name in pain.KINDS:
        print(f"{name}: {summary(name)}")
    print(out)
