"""The same pain in a notebook cell: ``from grader.play import notebook; notebook.show("HW")``. Needs ipywidgets where the notebook runs.

The sliders, choices and fields of each panel, its numbers as text, and every try in the same log; a map's points share a list and two
sliders. Pictures are the browser page's.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from grader import manifest
from grader.errors import CourseError
from grader.play import book, log, view


def show(name: str, lang: str = "en", start: Path | None = None) -> Any:
    """Return a widget with the panels of *name*, found from *start* (here). Raises CourseError where ipywidgets is missing."""
    import importlib

    try:
        ipywidgets = importlib.import_module("ipywidgets")
    except ImportError:
        raise CourseError(
            "ipywidgets is not installed here: pip install ipywidgets, or use `grade play` with --text",
            zh="这里没有安装 ipywidgets：pip install ipywidgets，或者用 grade play 加 --text",
        ) from None
    assignment = manifest.find(name, start or Path.cwd())
    read, kept = book.read(assignment.name, assignment.folder), log.Log(assignment.folder)
    playable = [panel for panel in read.panels.values() if panel["kind"] is not None and "after" not in panel]
    tabs = ipywidgets.Tab(children=[_panel(ipywidgets, read, kept, panel, lang) for panel in playable])
    for place, panel in enumerate(playable):
        tabs.set_title(place, _say(panel["title"], lang))
    return tabs


def _panel(widgets: Any, read: book.Book, kept: log.Log, panel: Mapping[str, Any], lang: str) -> Any:
    """Return one panel: what it is about, its controls, a button that records a try, and what the try gave."""
    controls = [(control, widget) for control in panel["controls"] if (widget := _control(widgets, control, lang)) is not None]
    places = {id(control): list(control["start"]) for control in panel["controls"] if control["type"] == "point"}
    out = widgets.HTML()
    button = widgets.Button(
        description=_say(panel.get("button") or {"en": "Try it", "zh": "试一次"}, lang), layout={"width": "max-content"}
    )

    def attempt(_: Any = None) -> None:
        given = as_input(panel, {**places, **{id(control): widget.value for control, widget in controls}})
        try:
            made = kept.append(panel["kind"], given, read.evaluate(panel["kind"], given))
            shown = read.look(panel["id"], given).get("values", ())
        except ValueError as error:
            out.value = html.escape(str(error))
            return
        standing = view.standing(panel, kept.tries())
        tries, best = {"en": ("try", "best so far"), "zh": ("第几次", "目前最好")}[lang]
        told = [f"{_say(one['label'], lang)} {_figure(one['value'])}" for one in shown] or [f"{made.result}"]
        told += [] if standing["best"] is None else [f"{best} {_figure(standing['best'])}"]
        out.value = html.escape(f"{tries} {standing['tries']}: {'; '.join(told)}")

    button.on_click(attempt)
    text = widgets.HTML(value=html.escape(_say(panel.get("text", ""), lang)).replace("\n", "<br>"))
    movers = _movers(widgets, panel, places, lang) if places else []
    return widgets.VBox([text, *(widget for _, widget in controls), *movers, button, out])


def _movers(widgets: Any, panel: Mapping[str, Any], places: dict[int, list[float]], lang: str) -> list[Any]:
    """Return three controls that stand for all points of a map: which one, and its two places. *places* follows them."""
    points = [control for control in panel["controls"] if control["type"] == "point"]
    words = {"en": "which", "zh": "哪一个"}[lang]
    which = widgets.Dropdown(options=[(_say(point["label"], lang), place) for place, point in enumerate(points)], description=words)
    ends = {"min": panel["pad"]["min"], "max": panel["pad"]["max"], "step": 0.01, "continuous_update": False}
    axes = [widgets.FloatSlider(value=start, description=name, **ends) for name, start in zip("xy", points[0]["start"], strict=True)]

    def chosen(_: Any) -> None:
        kept = list(places[id(points[which.value])])
        for axis, value in zip(axes, kept, strict=True):
            axis.value = value

    def moved(axis: int) -> Callable[[Any], None]:
        return lambda change: places[id(points[which.value])].__setitem__(axis, change["new"])

    which.observe(chosen, names="value")
    for axis, slider in enumerate(axes):
        slider.observe(moved(axis), names="value")
    return [which, *axes]


def _figure(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def as_input(panel: Mapping[str, Any], values: Mapping[int, Any]) -> Any:
    """Return the input of a try, as the browser's page builds it; *values* by the identity of a control, else where it starts."""
    told = [(control, values.get(id(control), control.get("start"))) for control in panel["controls"]]
    if panel.get("form") == "list":
        return [value for _, value in told]
    made: dict[str, Any] = dict(panel.get("fixed", {}))
    for control, value in told:
        (made.setdefault(control["in"], {}) if "in" in control else made)[control["id"]] = value
    return made


def _control(widgets: Any, control: Mapping[str, Any], lang: str) -> Any:
    label = _say(control.get("label", control["id"]), lang)
    common = {"description": label, "style": {"description_width": "initial"}}
    if control["type"] == "slider" and control.get("log"):
        from math import log10

        ends = {"min": log10(control["min"]), "max": log10(control["max"])}
        return widgets.FloatLogSlider(value=control["start"], base=10, continuous_update=False, **ends, **common)
    if control["type"] == "slider":
        ends = {"min": control["min"], "max": control["max"], "step": control["step"]}
        return widgets.FloatSlider(value=control["start"], continuous_update=False, **ends, **common)
    if control["type"] == "choice":
        options = [(_say(one, lang), one["id"]) if isinstance(one, Mapping) else (str(one), one) for one in control["options"]]
        return widgets.RadioButtons(options=options, value=control["start"], **common)
    if control["type"] == "number":
        whole = type(control.get("start")) is int
        return (widgets.IntText if whole else widgets.FloatText)(value=control.get("start", 0), **common)
    return None  # points share three controls


def _say(text: Any, lang: str) -> str:
    return str(text.get(lang, text["en"])) if isinstance(text, Mapping) else str(text)
