"""Pages for a student and for the class: one file each, without scripts, escaped, fit for paper, in both languages."""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from grader.figures import Figures
from grader.gradebook import Standing, Summary
from grader.model import Outcome, Verdict
from grader.phrases import in_language, verdict_in
from grader.reports.charts import drawn
from grader.reports.classview import ClassView
from grader.reports.copies import Pair
from grader.reports.words import WORDS
from grader.shown import block, line, points

if TYPE_CHECKING:
    import jinja2

_WAITING = (Outcome.PENDING, Outcome.FAULT)


def student_page(
    standing: Standing, history: Sequence[Summary] = (), lang: str = "en", *, files: Mapping[str, bytes] | None = None, made: str = ""
) -> str:
    """Return one student's page. Of a hidden check it shows the concept and the question, never the message.

    *files* is her hand-in, for quoting her own tries back to her.
    """
    verdicts = [verdict_in(verdict, lang) for verdict in standing.attempt.grade.verdicts] if standing.attempt is not None else []
    return _render(
        "student.html.j2",
        lang,
        made,
        s=standing,
        stages=_stages(verdicts),
        earned=[v for v in verdicts if v.outcome is Outcome.PASS and v.max_points > 0],
        lost=[v for v in verdicts if v.outcome is not Outcome.PASS and v.outcome not in _WAITING],
        waiting=[v for v in verdicts if v.outcome in _WAITING],
        history=history,
        tries=tries_of(files or {}, lang),
    )


def class_page(
    view: ClassView, lang: str = "en", *, figures: Figures | None = None, similar: Sequence[Pair] | None = None, made: str = ""
) -> str:
    """Return the class page, with the class's *figures* if they are given. *similar* is None where nobody looked."""
    concepts = {item.id: item.concept_zh if lang == "zh" and item.concept_zh else item.concept for item in view.items}
    steps = drawn(figures) if figures is not None else ()
    return _render("class.html.j2", lang, made, v=view, f=figures, steps=steps, concepts=concepts, similar=similar)


def _render(template: str, lang: str, made: str, **values: Any) -> str:
    made = made or dt.datetime.now(dt.UTC).isoformat(timespec="minutes")
    words = WORDS["zh" if lang == "zh" else "en"]
    return (
        _environment()
        .get_template(template)
        .render(w=words, zh=lang == "zh", made=made, told=lambda text: in_language(text or "", lang), **values)
    )


@functools.cache  # templates are compiled once, not once a student
def _environment() -> jinja2.Environment:
    import jinja2

    found = jinja2.Environment(
        loader=jinja2.PackageLoader("grader.reports"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"line": line, "points": points, "block": lambda text: "\n".join(block(text)), "percent": lambda share: f"{share:.0%}"}
    found.filters["duration"] = duration
    found.tests["hidden"] = lambda verdict: verdict.id.startswith("hidden/")
    return found


def duration(seconds: float) -> str:
    """Return a time as a person says it: 40 s, 12 min, 3 h, 2 d."""
    for size, unit in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.0f} s"


def _stages(verdicts: Sequence[Verdict]) -> list[tuple[str, float, float]]:
    sums: dict[str, list[float]] = {}
    for verdict in verdicts:
        both = sums.setdefault(verdict.stage, [0.0, 0.0])
        both[0] += verdict.points
        both[1] += verdict.max_points
    return [(name, got, due) for name, (got, due) in sums.items()]


def tries_of(files: Mapping[str, bytes], lang: str = "en") -> list[str]:
    """Return her own tries in a sentence for each kind: how many, the first result and the best, as far as they are numbers."""
    by_kind: dict[str, list[float | None]] = {}
    for row in files.get("pain.jsonl", b"").splitlines()[:10_000]:
        try:
            record = json.loads(row)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            result = record.get("result")
            number = float(result) if isinstance(result, (int, float)) and not isinstance(result, bool) and abs(result) < 1e300 else None
            by_kind.setdefault(line(str(record.get("kind", "")))[:40], []).append(number)
    return [_sentence(kind, results, lang) for kind, results in sorted(by_kind.items())[:12]]


def _sentence(kind: str, results: list[float | None], lang: str) -> str:
    numbers = [number for number in results if number is not None]
    count = len(results)
    if lang == "zh":
        return f"{kind}：{count} 次" + (f"，第一次 {numbers[0]:.3g}，最好 {min(numbers):.3g}" if numbers else "")
    tries = "try" if count == 1 else "tries"
    return f"{kind}: {count} {tries}" + (f", first {numbers[0]:.3g}, best {min(numbers):.3g}" if numbers else "")
