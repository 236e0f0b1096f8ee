"""JUnit XML, as GitLab, Jenkins and others read it: a test suite for each section of the rubric.

A `failure` is the submission's, an `error` is ours, `skipped` is what nobody has graded yet. Points
stand in the properties of a suite, for JUnit knows none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
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
    root = Element("testsuites", {"name": rubric, **_counts(items)})
    root.set("time", f"{measured['wall_s']:.3f}")
    for section in dict.fromkeys(item.section for item in items):
        inside = [item for item in items if item.section == section]
        suite = SubElement(root, "testsuite", {"name": section, **_counts(inside)})
        suite.set("timestamp", exported.line(measured["started"])[:19])
        suite.set("hostname", exported.line(measured["host"]))
        _points(suite, inside)
        for item in inside:
            _case(suite, f"{rubric}.{section}", item)
    for first in root[:1]:
        output = "\n".join((exported.headline(result), *exported.notes(result)))
        SubElement(first, "system-out").text = output
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
    if kind := _kind(item):
        found = SubElement(case, kind, {"message": " ".join(item.lines[:2])})
        if kind != "skipped":
            found.set("type", item.status)
        found.text = item.text


def _kind(item: ExportedItem) -> str:
    kinds = {"grader_fault": "error", "passed": ""}
    return kinds.get(item.status, "failure" if item.counts else "skipped")


def _counts(items: Sequence[ExportedItem]) -> dict[str, str]:
    kinds = Counter(map(_kind, items))
    numbers = (len(items), kinds["failure"], kinds["error"], kinds["skipped"])
    return dict(zip(("tests", "failures", "errors", "skipped"), map(str, numbers)))
