"""JUnit XML, as GitLab, Jenkins and others read it: a test suite for each section of the rubric.

A `failure` is the submission's, an `error` is ours, `skipped` is what nobody has graded yet. Points
stand in the properties of a suite, for JUnit knows none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from grader.report.export import exported
from grader.report.export.exported import ExportedItem
from grader.report.result_form import ResultJson
from grader.report.text import points


def write(result: ResultJson) -> str:
    """Return one test case for each item."""
    items = exported.items(result)
    rubric = exported.line(result["rubric"]["id"])
    measured = result["measured"]
    root = Element("testsuites")  # strict schemas know no attribute of it
    said = "\n".join((exported.headline(result), *exported.notes(result)))
    for number, section in enumerate(dict.fromkeys(item.section for item in items)):
        inside = [item for item in items if item.section == section]
        suite = SubElement(root, "testsuite", {"name": section, "package": rubric})
        suite.attrib |= {"id": str(number), **_counts(inside)}
        suite.set("time", _seconds(sum(item.seconds for item in inside)))
        suite.set("timestamp", _time(measured["started"]))
        suite.set("hostname", exported.line(measured["host"]).strip() or "unknown")
        _points(suite, inside)
        for item in inside:
            _case(suite, f"{rubric}.{section}", item)
        SubElement(suite, "system-out").text = "" if number else said
        SubElement(suite, "system-err")
    ElementTree.indent(root, " ")
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return head + ElementTree.tostring(root, encoding="unicode") + "\n"


def _points(suite: Element, items: Sequence[ExportedItem]) -> None:
    properties = SubElement(suite, "properties")
    for item in items:
        if item.counts:
            for name, value in (("score", item.earned), ("max_score", item.possible)):
                given = {"name": f"{item.id}.{name}", "value": points(value)}
                SubElement(properties, "property", given)


def _case(suite: Element, classname: str, item: ExportedItem) -> None:
    case = SubElement(suite, "testcase", {"classname": classname, "name": item.id})
    case.set("time", _seconds(item.seconds))
    if kind := _kind(item):
        found = SubElement(case, kind, {"message": " ".join(item.lines[:2])})
        if kind != "skipped":
            found.set("type", item.status)
        found.text = "\n".join(filter(None, (item.text, *item.smallest)))


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"


def _time(started: str) -> str:
    """Return an instant as the schemas have it: without a zone, in UTC where there was one."""
    try:
        found = datetime.fromisoformat(started)
    except ValueError:
        return "1970-01-01T00:00:00"
    return (found.astimezone(UTC) if found.tzinfo else found).strftime("%Y-%m-%dT%H:%M:%S")


def _kind(item: ExportedItem) -> str:
    kinds = {"grader_fault": "error", "passed": ""}
    return kinds.get(item.status, "failure" if item.counts else "skipped")


def _counts(items: Sequence[ExportedItem]) -> dict[str, str]:
    kinds = Counter(map(_kind, items))
    numbers = (len(items), kinds["failure"], kinds["error"], kinds["skipped"])
    return dict(zip(("tests", "failures", "errors", "skipped"), map(str, numbers)))
