"""results.json of a Gradescope autograder.

https://gradescope-autograders.readthedocs.io/en/latest/specs/ lists the fields.

A file has a score only where there is a grade. Where the grader failed it has neither a score nor
tests, which Gradescope takes for an autograder that failed: no grade, and staff can run it again.
Where the upload cannot be read it has one failed test without a score, which says what to do.
No other file of an autograder is kept, so executed notebooks stand in tests without a score.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, Literal, get_args

from grader.report import changes
from grader.report.export import executed, exported
from grader.report.export.exported import ExportedItem, line
from grader.report.result_form import ResultJson

Visibility = Literal["visible", "after_due_date", "after_published", "hidden"]


def write(
    result: ResultJson,
    visibility: Visibility | None = None,
    notebooks: Mapping[str, str] | None = None,
    before: changes.Earlier | None = None,
) -> str:
    """Return results.json; `visibility` is that of every test and of the text above them.

    Without one it is the rubric's. One hidden test hides the score from the student as well.
    `notebooks` are those that were executed, as text by name; `before` is how the items stood.
    Raises UsageError for a notebook that is none.
    """
    visibility = visibility or _of_rubric(result)
    broken = exported.broken(result)
    if broken:
        return failed(exported.no_score(broken), visibility)
    score, items = result["score"], exported.items(result)
    since = changes.since(before, items) if before else ()
    above = (exported.headline(result), *exported.notes(result), *exported.to_fix(result), *since)
    tests = [_test(item, visibility) for item in items]
    return _json(
        {
            "score": score["earned"] + score["bonus"],
            "execution_time": result["measured"]["wall_s"],
            "output": _paragraphs(above),
            "output_format": "html",
            "test_output_format": "html",
            "test_name_format": "text",
            "visibility": visibility,
            "stdout_visibility": "hidden",
            "tests": [*tests, *_notebooks(result, notebooks or {}, visibility)],
            "extra_data": {
                "submission": result["submission"]["sha256"],
                "rubric": result["rubric"],
                "possible": score["possible"],
                "pending": score["pending"],
                "box": result["box"],
                "for_staff": list(exported.flags(result)),
            },
        }
    )


def _notebooks(
    result: ResultJson, written: Mapping[str, str], visibility: Visibility
) -> Iterable[dict[str, Any]]:
    """Yield a test without a score for each executed notebook: what its cells have shown."""
    room = executed.Room()
    for book in result["notebooks"]:
        if book["name"] in written:
            yield {
                "name": f"{exported.line(book['name'])}, as it ran here",
                "name_format": "text",
                "output": executed.html(book, written[book["name"]], room),
                "output_format": "html",
                "visibility": visibility,
            }


def earlier(metadata: bytes) -> changes.Earlier:
    """Return how items stood in the last submission that Gradescope's metadata tells of.

    What is not of that form tells nothing: it is no reason not to grade.
    """
    try:
        before = json.loads(metadata)["previous_submissions"]
        last = max(before, key=lambda one: str(one["submission_time"]))["results"]["tests"]
        return {
            str(test["extra_data"]["item"]): (test["status"] == "passed", float(test["score"]))
            for test in last
            if "score" in test and "item" in test.get("extra_data", {})
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _of_rubric(result: ResultJson) -> Visibility:
    asked = result["rubric"].get("visibility", "visible")
    return next((one for one in get_args(Visibility) if one == asked), "visible")


def failed(says: str, visibility: Visibility = "visible", **more: Any) -> str:
    """Return results.json for a grader that failed: it says so, and holds no number."""
    return _json(
        {
            "output": line(says),
            "output_format": "text",
            "visibility": visibility,
            "stdout_visibility": "hidden",
            **more,
        }
    )


def unreadable(says: str, visibility: Visibility = "visible") -> str:
    """Return results.json for an upload that cannot be graded: no zero, but what to do."""
    test = {
        "name": "Reading what was handed in",
        "name_format": "text",
        "status": "failed",
        "output": line(says),
        "output_format": "text",
        "visibility": visibility,
    }
    return failed(f"Nothing was graded. {says}", visibility, tests=[test])


def _test(item: ExportedItem, visibility: Visibility) -> dict[str, Any]:
    test: dict[str, Any] = {
        "name": item.title,
        "name_format": "text",
        "tags": [item.section],
        "output": _html(item),
        "output_format": "html",
        "visibility": visibility,
        "extra_data": {"item": item.id},
    }
    if item.counts:
        right = "passed" if item.status == "passed" else "failed"
        test |= {"score": item.earned, "max_score": item.possible, "status": right}
    return test


def _html(item: ExportedItem) -> str:
    """Return what is said of an item in a few plain tags; every text is escaped."""
    found = [_paragraphs(item.lines)]
    says, code = item.smallest
    if code:
        found.append(f"<p>The smallest case that fails: {escape(says)}</p>")
        found.append(f"<pre>{escape(code)}</pre>")
    if item.line:
        found.append(f"<p>Look first at {escape(item.file)}, line {item.line}.</p>")
    for number, hint in enumerate(item.hints, start=1):
        summary = f"<summary>Hint {number}</summary>"
        found.append(f"<details>{summary}<p>{escape(hint)}</p></details>")
    return "".join(found)


def _paragraphs(lines: Iterable[str]) -> str:
    return "".join(f"<p>{escape(each)}</p>" for each in lines)


def _json(data: dict[str, Any]) -> str:
    return json.dumps(data, indent=1, ensure_ascii=True, allow_nan=False) + "\n"
