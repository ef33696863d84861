"""JUnit XML as pytest writes it; points are properties of the suite, since the schema knows none at a case."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree

from grader.gradebook import Standing
from grader.model import Grade, Outcome, Verdict
from grader.shown import xml

_LOST = (Outcome.FAIL, Outcome.CRASH, Outcome.TIMEOUT)


def junit(grades: Iterable[Grade], standings: Iterable[Standing] = ()) -> str:
    """Return one document with a test suite for each grade. PENDING and FAULT are skipped: neither failed nor passed.

    The cases are the checks; what people gave and what lateness cost, as *standings* say it, are properties of the suite.
    """
    by_student = {standing.person.id: standing for standing in standings}
    root = ElementTree.Element("testsuites")
    for grade in grades:
        root.append(_suite(grade, by_student.get(grade.student)))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(grade: Grade, standing: Standing | None) -> ElementTree.Element:
    cases = [_case(verdict) for verdict in grade.verdicts]
    skipped = sum(v.outcome in (Outcome.PENDING, Outcome.FAULT) for v in grade.verdicts)
    failures = sum(v.outcome in _LOST for v in grade.verdicts)
    if grade.status != "graded":
        cases.append(_ungraded(grade))
        skipped, failures = (1, 0) if grade.status == "fault" else (0, 1)
    head = {
        "name": xml(f"{grade.assignment} {grade.student}".strip()),
        "tests": str(len(cases)),
        "failures": str(failures),
        "errors": "0",
        "skipped": str(skipped),
        "time": _time(grade.seconds),
    }
    suite = ElementTree.Element("testsuite", head)
    facts = {
        "score": f"{grade.score:g}",
        "max_score": f"{grade.max_score:g}",
        "submission": grade.submission,
        "suite_hash": grade.suite_hash,
    }
    facts |= {"tier": str(grade.tier), "device": grade.device}
    facts |= {f"points {v.id}": f"{v.points:g}/{v.max_points:g}" for v in grade.verdicts}
    facts |= _decided(standing) if standing is not None else {}
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in facts.items():
        ElementTree.SubElement(properties, "property", {"name": xml(name), "value": xml(value)})
    suite.extend(cases)
    return suite


def _decided(standing: Standing) -> dict[str, str]:
    """Return the mark in the place of the checks' points, and how it came about."""
    if standing.final is None:
        return {}
    facts = {"score": f"{standing.final:g}", "max_score": f"{standing.max_score:g}"}
    if standing.penalty or standing.marks:
        facts |= {"automatic": f"{standing.automatic:g}", "penalty": f"{standing.penalty:g}", "days_late": str(standing.days_late)}
    for mark in standing.marks:
        if mark.points is not None:
            most = f"/{mark.max_points:g}" if mark.max_points else ""
            facts[f"marked {mark.item or 'the whole'}"] = f"{mark.points:g}{most}"
        if mark.comment:
            facts[f"comment {mark.item or 'the whole'}"] = mark.comment
    return facts


def _case(verdict: Verdict) -> ElementTree.Element:
    file, _, name = verdict.id.partition("::")
    classname = file.removesuffix(".py").replace("/", ".")
    case = ElementTree.Element("testcase", {"classname": xml(classname), "name": xml(name or verdict.id), "time": _time(verdict.seconds)})
    if verdict.outcome in _LOST:
        told = {"message": xml(verdict.message or verdict.concept), "type": verdict.outcome.value}
        ElementTree.SubElement(case, "failure", told).text = xml(verdict.traceback)
    elif verdict.outcome is not Outcome.PASS:
        ElementTree.SubElement(case, "skipped", {"message": xml(verdict.message or verdict.outcome.value), "type": verdict.outcome.value})
    return case


def _ungraded(grade: Grade) -> ElementTree.Element:
    case = ElementTree.Element("testcase", {"classname": "intake", "name": grade.status, "time": "0.000"})
    ElementTree.SubElement(case, "skipped" if grade.status == "fault" else "failure", {"message": xml(grade.message), "type": grade.status})
    return case


def _time(seconds: float) -> str:
    return f"{max(seconds, 0.0):.3f}"
