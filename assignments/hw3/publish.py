"""Draw the pendulum as an animation, from your own loop.py.

    python publish.py [OUT.svg]        (default: pendulum.svg; every browser plays it)

Three bobs hang in the valley b*b and start at 1: your own train, your own glide with some friction (once you wrote it), and
the loop that never wipes the board. Each swings as the knob b went, step by step.
"""

from __future__ import annotations

import sys
from pathlib import Path

import loop
import pain

LR, STEPS, KEEP, SECONDS = 0.03, 60, 0.9, 6
XS, YS = [[0.0, 0.0, 0.0]], [0.0]  # one point at the origin: the bias alone has a slope


def walk(train) -> list[float]:
    """Return where the bias stands after 0, 1, 2, ... steps; train(model, steps) takes them."""
    places = []
    for steps in range(STEPS + 1):
        model = loop.Linear([0.0, 0.0, 0.0, 1.0])
        train(model, steps)
        places.append(float(model.parameters()[3].data))
    return places


def walks() -> dict[str, list[float]]:
    """Return the walks to draw, by their captions."""
    found = {"my train": walk(lambda model, steps: loop.train(model, XS, YS, LR, steps))}
    try:
        found[f"my glide, keep {KEEP}"] = walk(lambda model, steps: loop.glide(model, XS, YS, LR, steps, KEEP))
    except NotImplementedError:
        print("glide is not written yet: two bobs instead of three / glide 还没写：先画两个摆")
    found["never wiped"] = pain.picture("pendulum", {"lr": 2 * LR})["forgot"]  # its valley is w*w/2, half as steep
    return found


def bob(caption: str, places: list[float], x: int, colour: str) -> str:
    """Return one pendulum as SVG."""
    angles = ";".join(f"{-50 * place:.2f} {x} 40" for place in places)
    return (
        f'<g><line x1="{x}" y1="40" x2="{x}" y2="200" stroke="#444" stroke-width="2"/>'
        f'<circle cx="{x}" cy="200" r="16" fill="{colour}"/>'
        f'<animateTransform attributeName="transform" type="rotate" values="{angles}" dur="{SECONDS}s" repeatCount="indefinite"/></g>\n'
        f'<text x="{x}" y="24" text-anchor="middle" font-size="15">{caption}</text>'
    )


def picture(found: dict[str, list[float]]) -> str:
    """Return the animation as SVG."""
    colours = ("#0072b2", "#009e73", "#d55e00")
    bobs = [bob(name, places, 180 + 320 * n, colours[n]) for n, (name, places) in enumerate(found.items())]
    wide = 40 + 320 * len(found)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} 250" font-family="sans-serif">\n'
        f'<rect width="{wide}" height="250" fill="white"/>\n' + "\n".join(bobs) + "\n</svg>\n"
    )


if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "pendulum.svg")
    try:
        drawn = walks()
    except NotImplementedError:
        raise SystemExit("train is not written yet; see text/3_solution.md / train 还没写，见 text/3_solution.zh.md") from None
    out.write_text(picture(drawn), encoding="utf-8")
    for name, places in drawn.items():
        print(f"{name}: after {STEPS} steps at {places[-1]:+.3f}")
    print(out)
