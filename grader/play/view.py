"""What the page is told: the description, the state, and the charts that are made of her own log. Pure functions of book and log."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from grader.play.book import Book
from grader.play.log import Log, Try, minutes

ROWS = 12  # of a panel's table: the newest ones
DRAWN = 400  # tries of one chart: more dots than pixels help nobody


def description(book: Book, log: Log, lang: str) -> dict[str, Any]:
    """Return all that a fresh page needs."""
    page = book.page.PAGE
    return {
        "name": book.name,
        "lang": lang,
        "title": page.get("title", {"en": book.name, "zh": book.name}),
        "intro": page.get("intro"),
        "panels": list(book.panels.values()),
        "questions": book.questions,
        "files": {"tries": log.path.name, "prediction": log.prediction_path.name},
        "state": state(book, log),
    }


def state(book: Book, log: Log) -> dict[str, Any]:
    """Return what has been tried and predicted so far. The machine's answers are in it only once a prediction was made."""
    tries, prediction = log.tries(), log.prediction()
    return {
        "tries": len(tries),
        "panels": {name: standing(panel, tries) for name, panel in book.panels.items()},
        "prediction": prediction,
        "truth": {question["id"]: book.truth(question["id"]) for question in book.questions} if prediction else None,
    }


def standing(panel: Mapping[str, Any], tries: Sequence[Try]) -> dict[str, Any]:
    """Return one panel's share of the log: how many tries, how long, the best, the last input, and its charts and tables."""
    mine = tuple(one for one in tries if one.kind == panel["kind"])
    best = best_of(panel, mine)
    return {
        "tries": len(mine),
        "minutes": minutes(mine),
        "best": None if best is None else number(best, panel["best"]["path"]),
        "best_input": None if best is None else best.input,
        "last_input": mine[-1].input if mine else None,
        "history": history(panel, mine),
        "table": table(panel, mine),
    }


def best_of(panel: Mapping[str, Any], tries: Sequence[Try]) -> Try | None:
    """Return the try whose number is best in the panel's own sense, or None."""
    wanted = panel.get("best")
    numbered = [(value, one) for one in tries if (value := number(one, wanted["path"])) is not None] if wanted else []
    if not wanted or not numbered:
        return None
    choose = max if wanted.get("better") == "high" else min
    return choose(numbered, key=lambda pair: pair[0])[1]


def number(one: Try, path: str) -> float | None:
    """Return the finite number at *path* (``result``, ``result.train``, ``input.k``) of a try, or None."""
    value: Any = {"input": one.input, "result": one.result}
    for key in path.split("."):
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return value


def history(panel: Mapping[str, Any], tries: Sequence[Try]) -> dict[str, Any] | None:
    """Return the chart of her tries, as the panel's ``history`` asks for it; over x = the number of the try, or a path."""
    wanted = panel.get("history")
    if not wanted:
        return None
    first = max(0, len(tries) - DRAWN)
    series = []
    for asked in wanted["series"]:
        points = []
        for place, one in enumerate(tries[first:], first + 1):
            x = place if wanted.get("x") is None else number(one, wanted["x"])
            y = number(one, asked["path"])
            if x is not None and y is not None:
                points.append([x, y])
        if wanted.get("x") is not None:
            points.sort()
        series.append({**{key: value for key, value in asked.items() if key != "path"}, "points": points})
    chart = {
        key: wanted[key] for key in ("title", "log", "guides", "xlabel", "ylabel", "ymin", "ymax", "xmin", "xmax", "whole") if key in wanted
    }
    return {**chart, "series": [*series, *wanted.get("also", ())]}


def table(panel: Mapping[str, Any], tries: Sequence[Try]) -> list[list[Any]] | None:
    """Return the newest tries as rows, newest first, as the panel's ``table`` asks for them."""
    columns = panel.get("table")
    if not columns:
        return None
    newest = list(enumerate(tries, 1))[-ROWS:][::-1]
    return [[place, *(_cell(one, column["path"]) for column in columns)] for place, one in newest]


def _cell(one: Try, path: str) -> Any:
    value: Any = {"input": one.input, "result": one.result}
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, (int, float, str)) else ""


def answers(book: Book, given: Any) -> dict[str, str]:
    """Return the prediction's answers as text. Raises ValueError naming the first question that is not answered."""
    if not isinstance(given, dict):
        raise ValueError("answers are missing")
    told = {}
    for question in book.questions:
        answer = given.get(question["id"])
        choices = [choice["id"] for choice in question["choices"]]
        if not isinstance(answer, str) or not answer.strip() or len(answer) > 4000 or (choices and answer not in choices):
            raise ValueError(f"no answer to {question['id']}")
        told[question["id"]] = answer.strip()
    return told


def quote(panel: Mapping[str, Any], tries: Sequence[Try], played: Mapping[str, Any]) -> dict[str, str]:
    """Return her tries and the machine's side by side, in both languages: the sentence that the panel's machine gives a form for."""
    mine = tuple(one for one in tries if one.kind == panel["kind"])
    best = best_of(panel, mine)
    value = number(best, panel["best"]["path"]) if best is not None else None
    words = {
        "tries": str(len(mine)),
        "minutes": f"{minutes(mine):.0f}" if minutes(mine) >= 1 else "<1",
        "best": "-" if value is None else str(value) if isinstance(value, int) else f"{value:.2f}",
        **{key: f"{told:.3g}" if isinstance(told, float) else str(told) for key, told in played.get("told", {}).items()},
    }
    forms: Mapping[str, str] = panel["machine"].get("quote", {})
    return {lang: form.format_map(words) for lang, form in forms.items()}
