"""What other programs read: their published fields, and nothing else, as each of them checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
# Elements of JUnit XML with their attributes and children, as Jenkins and GitLab read them.
JUNIT: dict[str, tuple[set[str], set[str]]] = {
    "testsuites": (set(), {"testsuite"}),
    "testsuite": (
        {
            "name",
            "tests",
            "failures",
            "errors",
            "skipped",
            "time",
            "timestamp",
            "hostname",
            "package",
            "id",
        },
        {"testcase", "properties", "system-out", "system-err"},
    ),
    "testcase": ({"classname", "name", "time"}, {"failure", "error", "skipped", "system-out"}),
    "properties": (set(), {"property"}),
    "property": ({"name", "value"}, set()),
    "failure": ({"type", "message"}, set()),
    "error": ({"type", "message"}, set()),
    "skipped": ({"message"}, set()),
    "system-out": (set(), set()),
    "system-err": (set(), set()),
}
# What the stricter schemas (of Ant and of Jenkins) ask for: attributes, and the order of children.
JUNIT_NEEDS = {
    "testsuite": {"name", "tests", "failures", "errors", "time", "timestamp", "hostname",
                  "package", "id"},
    "testcase": {"classname", "name", "time"},
    "property": {"name", "value"},
    "failure": {"type"},
    "error": {"type"},
}  # fmt: skip
JUNIT_ORDER = ["properties", "testcase", "system-out", "system-err"]
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
