"""What other programs read: their published fields, and nothing else, as each of them checks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

VISIBILITY = {"enum": ["hidden", "after_due_date", "after_published", "visible"]}
TEXT_FORMAT = {"enum": ["text", "html", "simple_format", "md", "ansi"]}
TEXT = {"type": "string"}
NUMBER = {"type": "number"}
WHOLE = {"type": "integer", "minimum": 0}


def closed(required: str, **properties: Any) -> dict[str, Any]:
    """An object of these fields alone."""
    return {
        "type": "object", "properties": properties, "required": required.split(),
        "additionalProperties": False,
    }  # fmt: skip


GRADESCOPE_TEST = closed(
    "", score=NUMBER, max_score=NUMBER, status={"enum": ["passed", "failed"]}, name=TEXT,
    name_format=TEXT_FORMAT, number=TEXT, output=TEXT, output_format=TEXT_FORMAT,
    tags={"type": "array", "items": TEXT}, visibility=VISIBILITY, extra_data={"type": "object"},
)  # fmt: skip
GRADESCOPE = closed(
    "", score=NUMBER, execution_time=NUMBER, output=TEXT, output_format=TEXT_FORMAT,
    test_output_format=TEXT_FORMAT, test_name_format=TEXT_FORMAT, visibility=VISIBILITY,
    stdout_visibility=VISIBILITY, extra_data={"type": "object"},
    tests={"type": "array", "items": GRADESCOPE_TEST},
    leaderboard={"type": "array", "items": closed("name value", name=TEXT, value={}, order={})},
)  # fmt: skip
CLASSROOM50_TEST = closed(
    "test-name passed score max-score",
    **{"test-name": TEXT, "passed": {"type": "boolean"}, "score": WHOLE, "max-score": WHOLE},
)
CLASSROOM50 = closed(
    "schema classroom assignment usernames submission commit release review datetime score "
    "max-score tests",
    schema={"const": "classroom50/result/v1"}, classroom=TEXT, assignment=TEXT,
    usernames={"type": "array", "items": TEXT, "minItems": 1},
    submission={"type": "string", "pattern": "^submit/."}, commit=TEXT, release=TEXT, review=TEXT,
    datetime={"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
    score=WHOLE, **{"max-score": WHOLE}, tests={"type": "array", "items": CLASSROOM50_TEST},
)  # fmt: skip


@dataclass(frozen=True)
class Element:
    """An element of JUnit XML: attributes that it must have, and may have, each with the form of
    its value; its children, in their order, as a pattern of "name ".
    """

    needs: dict[str, str]
    children: str = ""
    may: dict[str, str] = field(default_factory=dict)


ANY, SOME, INTEGER, SECONDS = r"(?s:.*)", r"(?s:.*\S.*)", r"\d+", r"\d+\.\d{3}"
INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"
_COUNTS = dict.fromkeys(("tests", "failures", "errors", "id"), INTEGER)
_NAMES = dict.fromkeys(("name", "hostname"), SOME)
# What each strict schema lets pass: those of Ant, of Jenkins, and what GitLab reads.
JUNIT = {
    "testsuites": Element({}, "(testsuite )*"),
    "testsuite": Element(
        {**_COUNTS, **_NAMES, "package": ANY, "time": SECONDS, "timestamp": INSTANT},
        "properties (testcase )*system-out system-err ", {"skipped": INTEGER},
    ),
    "properties": Element({}, "(property )*"),
    "property": Element({"name": SOME, "value": ANY}),
    "testcase": Element(
        {"classname": SOME, "name": SOME, "time": SECONDS}, "(failure |error |skipped )?"
    ),
    "failure": Element({"type": SOME}, may={"message": ANY}),
    "error": Element({"type": SOME}, may={"message": ANY}),
    "skipped": Element({}, may={"message": ANY}),
    "system-out": Element({}),
    "system-err": Element({}),
}  # fmt: skip


def wrong_in_junit(root: ElementTree.Element) -> list[str]:
    """Return what a strict schema would not let pass, and the counts that are not right."""
    wrong = []
    for element in root.iter():
        known = JUNIT.get(element.tag)
        if known is None:
            wrong.append(f"<{element.tag}> is unknown")
            continue
        given, forms = dict(element.attrib), {**known.needs, **known.may}
        wrong += [f"<{element.tag}> has no {name}" for name in known.needs if name not in given]
        wrong += [
            f"<{element.tag}> has {name}={value[:60]!r}"
            for name, value in given.items()
            if name not in forms or not re.fullmatch(forms[name], value)
        ]
        children = "".join(f"{child.tag} " for child in element)
        if not re.fullmatch(known.children, children):
            wrong.append(f"<{element.tag}> holds {children}")
        if len(element) and (element.text or "").strip():
            wrong.append(f"<{element.tag}> holds text")
    counted = {"tests": "testcase"} | {
        name: f"testcase/{name.removesuffix('s')}" for name in ("failures", "errors", "skipped")
    }
    for suite in root.iter("testsuite"):
        wrong += [
            f"<testsuite> has {name}={suite.get(name)!r}"
            for name, path in counted.items()
            if suite.get(name) != str(len(suite.findall(path)))
        ]
    return wrong


ANNOTATION = {"error", "warning", "notice"}
ANNOTATION_PROPERTIES = {"title", "file", "line", "endLine", "col", "endColumn"}


def gradescope_has_a_grade(data: dict[str, Any]) -> bool:
    """Is there a number that Gradescope would take for a score?"""
    return "score" in data or any("score" in test for test in data.get("tests", ()))


@dataclass(frozen=True)
class Command:
    """One workflow command, as the runner of GitHub Actions understands it."""

    name: str
    properties: dict[str, str]
    data: str


def workflow_commands(log: str) -> list[Command]:
    """Read a log as the runner does: line by line, a command in each that starts with `::`."""
    found = []
    for line in log.replace("\r", "\n").split("\n"):
        line = line.lstrip()
        assert "##[" not in line or line.startswith("::"), line
        if not line.startswith("::") or (end := line.find("::", 2)) < 0:
            continue
        name, _, given = line[2:end].partition(" ")
        pairs = [pair.partition("=") for pair in given.split(",") if pair]
        properties = {key: _unescaped(value, True) for key, _, value in pairs}
        found.append(Command(name, properties, _unescaped(line[end + 2 :], False)))
    return found


def _unescaped(text: str, is_property: bool) -> str:
    if is_property:
        text = text.replace("%3A", ":").replace("%2C", ",")
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
