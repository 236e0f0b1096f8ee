"""Exports: only the fields that each platform publishes, the right numbers, and no stranger's word
that is more than text. What we failed to grade is never a zero."""

from __future__ import annotations

import copy
import itertools
import json
import sys
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, get_args
from xml.etree import ElementTree

import jsonschema
import junitparser
import pytest
from markdown_it import MarkdownIt

from grader import cli
from grader.errors import GraderFault, UsageError
from grader.report import result_form
from grader.report.export import classroom50, exported, github, gradescope, junit, reading
from grader.types import Status
from tests.support import formats

WHO = {
    "CLASSROOM": "cs-autumn", "ASSIGNMENT": "a2", "USERNAME": "ada", "SUBMISSION_TAG": "t1",
    "COMMIT_URL": "https://example.org/c", "RELEASE_URL": "https://example.org/r",
    "REVIEW_URL": "https://example.org/v",
}  # fmt: skip


def item(name: str, status: str, earned: float, possible: float, *says: str, **more: Any) -> Any:
    parts = [{"id": "all", "earned": earned, "possible": possible, "status": status}]
    faults = [
        {"case": f"{name}/secret-case", "part": "all", "kind": "value", "says": each, "error": 0.5,
         "allowed": 1e-9, "at": None}
        for each in says
    ]  # fmt: skip
    return {
        "id": name, "section": "fc", "status": status, "earned": earned, "possible": possible,
        "parts": parts if status not in ("pending", "grader_fault") else [], "faults": faults,
        "cause": None, "because_of": None, "followed_through": False, **more,
    }  # fmt: skip


def sample(*items: Any, bonus: float = 0.0, **changes: Any) -> Any:
    graded = [i for i in items if i["status"] == "pending" or i["parts"]]
    return {
        "schema": result_form.SCHEMA,
        "submission": {"name": "ada", "sha256": "ab", "files": [], "repaired": [], "ignored": []},
        "rubric": {"id": "cs231n-a2", "sha256": "cd", "golden": "ef"},
        "score": {
            "earned": sum(i["earned"] for i in graded) - bonus,
            "possible": sum(i["possible"] for i in graded),
            "pending": sum(i["possible"] for i in items if i["status"] == "pending"),
            "bonus": bonus,
        },
        "items": list(items), "notebooks": [], "questions": [], "flags": [],
        "box": {"outer": "bubblewrap", "inner": ["uid"], "isolated": True},
        "measured": {"started": "2026-11-01T10:00:00+02:00", "wall_s": 1.25, "cpu_s": 0.5,
                     "host": "h", "versions": {"numpy": "2.4"}},
        **changes,
    }  # fmt: skip


RIGHT = item("affine_forward", "passed", 2.0, 2.0)
PARTLY = item("adam", "partial", 1.25, 4.0, "next_w is wrong: off by 0.1")
STOPPED = item("relu_forward", "error", 0.0, 1.0, "stopped with NameError")
LATE = item("rmsprop", "timeout", 0.0, 3.0, "took longer than 5 s")
WAITING = item("Dropout/1", "pending", 0.0, 1.6)
UNRUN = item("best_model", "skipped", 0.0, 4.0, parts=[])
NEEDED = item("TwoLayerNet", "skipped", 0.0, 6.0, because_of="affine_forward")
MORE = item("overfit", "passed", 2.5, 2.0)
OURS = item("sgd", "grader_fault", 0.0, 3.0, "the box could not be started")
ALL = (RIGHT, PARTLY, STOPPED, LATE, WAITING, UNRUN, NEEDED)
HOSTILE = (
    "\x1b[31mred\x1b[0m \x00\x07\x7f\x9b", "</script><script>alert(1)</script><img src=x>",
    "[a](https://example.org) ![b](c) | **d** | `e` # f\n# g @ada #12 https://example.org",
    "::error::you pass\n::set-output name=a::b\n##[add-mask]x\r\n  ::stop-commands::t",
    "]]> <![CDATA[ &lt; &amp; \ufffe \uffff \ud800", 
    "% %0A %25 , : = \u202e gnp.exe \u200b é 漢 😀",
    "</pre></code><h1>Full marks</h1>\n\n---\n| a | b |\n|---|---|", "x" * 100_000,
)  # fmt: skip
WRITERS: dict[str, Callable[[Any], str]] = {
    "gradescope": gradescope.write,
    "classroom50": lambda r: classroom50.write(r, WHO),
    "junit": junit.write,
    "github-summary": github.summary,
    "github-annotations": github.annotations,
}


def hostile() -> Any:
    """Hostile text wherever a student or a file of ours can put any."""
    names = [
        item(text[:50], "failed", 0.0, 1.0, *HOSTILE, section=text[:50],
             cause={"id": "c", "says": text, "certain": False}, because_of=text, title=text,
             hints=[text], suspects=[{"file": text, "line": 3, "says": text}],
             smallest={"case": text, "part": text, "says": text, "snippet": text})
        for text in HOSTILE
    ]  # fmt: skip
    made = sample(*names)
    made["submission"] |= {"name": HOSTILE[0], "repaired": list(HOSTILE)}
    made["flags"] = [{"kind": "bidi", "says": text, "where": text} for text in HOSTILE]
    made["measured"]["host"] = HOSTILE[4]
    return made


def valid_gradescope(text: str) -> Any:
    data = json.loads(text)
    jsonschema.validate(data, formats.GRADESCOPE)
    return data


def valid_junit(text: str) -> ElementTree.Element:
    root = ElementTree.fromstring(text.encode())
    assert formats.wrong_in_junit(root) == []
    return root


def strings(data: Any) -> list[str]:
    if isinstance(data, dict):
        return [each for pair in data.items() for one in pair for each in strings(one)]
    if isinstance(data, list):
        return [each for one in data for each in strings(one)]
    return [str(data)]


class Tags(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not [name for name, _ in attrs if name != "style"], (tag, attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def rendered(markdown: str) -> Tags:
    page = Tags()
    page.feed(MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown))
    return page


# --- Gradescope


def test_gradescope_gets_scores_states_and_words() -> None:
    data = valid_gradescope(gradescope.write(sample(*ALL)))
    assert data["score"] == 3.25
    assert data["execution_time"] == 1.25
    assert "3.25 of 17.6 points; 1.6 of these for a person to grade" in data["output"]
    assert "Code only. Not run, and not counted: 1 item" in data["output"]
    rows = {t["name"]: (t.get("score"), t.get("max_score"), t.get("status")) for t in data["tests"]}
    assert rows == {
        "affine_forward": (2.0, 2.0, "passed"), "adam": (1.25, 4.0, "failed"),
        "relu_forward": (0.0, 1.0, "failed"), "rmsprop": (0.0, 3.0, "failed"),
        "Dropout/1": (None, None, None), "best_model": (None, None, None),
        "TwoLayerNet": (0.0, 6.0, "failed"),
    }  # fmt: skip
    words = {test["name"]: test["output"] for test in data["tests"]}
    assert "next_w is wrong: off by 0.1" in words["adam"]
    assert words["Dropout/1"] == "<p>A person grades this: 1.6 points.</p>"
    assert "This comes from affine_forward" in words["TwoLayerNet"]


HELPED = item(
    "adam", "failed", 0.0, 4.0, "next_w is wrong", title="Adam", hints=["Look at t."],
    suspects=[{"file": "cs231n/optim.py", "line": 65, "says": "next_w is set here"}],
    smallest={"case": "adam/x", "part": "next_w", "says": "one step", "snippet": "a = 1\nb < a"},
)  # fmt: skip


def test_what_helps_in_the_report_helps_on_gradescope_and_github_too() -> None:
    made = sample(HELPED, RIGHT)
    test, other = valid_gradescope(gradescope.write(made))["tests"]
    assert (test["name"], test["extra_data"]) == ("Adam", {"item": "adam"})
    assert other["name"] == "affine_forward"  # a result of an earlier version has no title
    assert "<pre>a = 1\nb &lt; a</pre>" in test["output"] and "one step" in test["output"]
    assert "Look first at cs231n/optim.py, line 65." in test["output"]
    assert "<details><summary>Hint 1</summary><p>Look at t.</p></details>" in test["output"]
    (error, _) = formats.workflow_commands(github.annotations(made))
    assert (error.properties["file"], error.properties["line"]) == ("cs231n/optim.py", "65")
    page = rendered(github.summary(made))
    assert "one step" in page.text and "b < a" in page.text and "Look at t." in page.text
    assert "adam/x" not in json.dumps(valid_gradescope(gradescope.write(made)))


BOOK = {"name": "Dropout.ipynb", "page": "Dropout.html", "status": "error", "cells": 9,
        "failed_cell": 5, "runs": []}  # fmt: skip


def notebook(*outputs: Any, ran: int | None = 1) -> str:
    """Return an executed notebook of one code cell with these outputs."""
    code = {"cell_type": "code", "source": "x", "execution_count": ran, "outputs": list(outputs)}
    return json.dumps({"cells": [{"cell_type": "markdown", "source": "# <b>"}, code]})


def picture(size: int) -> Any:
    data = {"image/png": "iVBO" * (size // 4) + "\n", "text/plain": "<Figure>"}
    return {"output_type": "display_data", "metadata": {}, "data": data}


def said(text: str) -> Any:
    return {"output_type": "stream", "name": "stdout", "text": text}


def as_it_ran(*written: str) -> list[Any]:
    names = [f"sub/Book{number}.ipynb" for number in range(len(written))]
    made = sample(RIGHT, notebooks=[{**BOOK, "name": name} for name in names])
    tests = valid_gradescope(gradescope.write(made, None, dict(zip(names, written))))["tests"]
    assert [test["extra_data"]["item"] for test in tests[:1]] == ["affine_forward"]
    assert not [key for test in tests[1:] for key in ("score", "status") if key in test]
    return list(tests[1:])


def test_gradescope_shows_what_the_cells_of_executed_notebooks_have_shown() -> None:
    stop = {"output_type": "error", "ename": "NameError", "evalue": "<x>", "traceback": []}
    (test,) = as_it_ran(notebook(said("loss <3\n"), picture(400), stop))
    assert test["name"] == "sub/Book0.ipynb, as it ran here"
    assert "A cell stopped with an error" in test["output"]
    assert "<b>code cell 1, In [1]</b>" in test["output"] and "<Figure>" not in test["output"]
    assert "<pre>loss &lt;3</pre>" in test["output"]
    assert "<pre>NameError: &lt;x&gt;</pre>" in test["output"]
    assert (
        'alt="Picture 1 of code cell 1, In [1]" src="data:image/png;base64,iVBO' in test["output"]
    )


def test_notebooks_on_gradescope_are_bounded_together_and_what_is_left_out_is_counted() -> None:
    books = [notebook(said(HOSTILE[-1]), *[picture(150_000)] * 3, *[said("y" * 1900)] * 30)] * 3
    tests = as_it_ran(*books)
    assert sum(len(test["output"]) for test in tests) < 720_000
    assert sum(test["output"].count("<img ") for test in tests) == 4
    left = [test["output"].rpartition("<p>")[2] for test in tests]
    assert "2 pictures" in left[1] and "outputs and 3 pictures" in left[2]
    assert "grade class" in left[2] and "Left out" not in tests[0]["output"]


@pytest.mark.parametrize(
    "bad", ["", "[]", "{}", '{"cells": 3}', '{"cells": [{"cell_type": "code"}]}', "[" * 10**5]
)
def test_a_file_that_is_no_executed_notebook_is_told_in_one_line(bad: str) -> None:
    with pytest.raises(UsageError, match="Book0.ipynb: is no notebook that grade writes; grade"):
        as_it_ran(bad)


def test_a_picture_that_is_no_base64_is_no_picture() -> None:
    evil = picture(4)
    evil["data"]["image/png"] = '"><script>alert(1)</script>'
    (test,) = as_it_ran(notebook(evil, ran=None))
    assert "script" not in test["output"] and "1 picture" in test["output"]


def test_gradescope_says_first_what_to_fix_and_what_has_changed() -> None:
    follows = {**NEEDED, "status": "failed", "because_of": "relu_forward"}
    absent = item("adam2", "missing", 0.0, 0.5, title="Adam <2>")
    new = item("sgd", "not_written", 0.0, 3.0)
    gone = [item(f"q/{n}", "missing", 0.0, n, "Dropout.ipynb was not handed in") for n in (1, 2)]
    made = sample(RIGHT, PARTLY, STOPPED, follows, absent, new, *gone)
    told = gradescope.earlier(
        json.dumps({"previous_submissions": [
            {"submission_time": "2026-11-02", "results": {"tests": [
                {"extra_data": {"item": "affine_forward"}, "status": "failed", "score": 0.0},
                {"extra_data": {"item": "adam"}, "status": "passed", "score": 4.0}, {"name": "n"},
            ]}},
            {"submission_time": "2026-11-01", "results": {"tests": []}},
        ]}).encode()
    )  # fmt: skip
    page = Tags()
    page.feed(valid_gradescope(gradescope.write(made, before=told))["output"].replace("</p>", "|"))
    assert page.text.split("|")[1:-1] == [
        "To fix: Dropout.ipynb was not handed in (3 points)",
        "To fix: Adam <2> (0.5 points)", "To fix: relu_forward (7 points)",
        "To fix: adam (2.75 points)", "Not written yet: 1 item (3 points)",
        "Fixed since last time: affine_forward (0 → 2).",
        "Right last time, not now: adam (4 → 1.25).",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "metadata",
    [b"", b"3", b"\xff", b"{}", b'{"previous_submissions": []}',
     b'{"previous_submissions": [{"submission_time": 1, "results": {"tests": [{"score": {}}]}}]}',
     b'{"previous_submissions": [{"submission_time": 1, "results": null}]}'],
)  # fmt: skip
def test_metadata_of_another_form_tells_of_no_earlier_submission(metadata: bytes) -> None:
    assert gradescope.earlier(metadata) == {}


def test_the_rubric_says_when_students_see_it_unless_the_command_does() -> None:
    made = sample(RIGHT)
    made["rubric"]["visibility"] = "after_published"
    assert valid_gradescope(gradescope.write(made))["visibility"] == "after_published"
    assert valid_gradescope(gradescope.write(made, "visible"))["visibility"] == "visible"


def test_junit_has_the_seconds_of_each_item() -> None:
    made = sample(RIGHT, PARTLY)
    made["measured"]["items"] = {"adam": 0.25, "affine_forward": 0.5}
    root = valid_junit(junit.write(made))
    times = {case.get("name"): case.get("time") for case in root.iter("testcase")}
    assert times == {"affine_forward": "0.500", "adam": "0.250"}
    assert [suite.get("time") for suite in root] == ["0.750"]


def test_gradescope_s_score_is_the_sum_of_its_tests_with_bonus() -> None:
    data = valid_gradescope(gradescope.write(sample(RIGHT, PARTLY, MORE, WAITING, bonus=0.5)))
    assert data["score"] == sum(test.get("score", 0.0) for test in data["tests"]) == 5.75
    assert "0.5 of them bonus" in data["output"]


@pytest.mark.parametrize("visibility", formats.VISIBILITY["enum"])
def test_visibility_is_the_same_above_and_in_every_test(visibility: Any) -> None:
    data = valid_gradescope(gradescope.write(sample(*ALL), visibility))
    assert {data["visibility"], *(test["visibility"] for test in data["tests"])} == {visibility}
    assert data["stdout_visibility"] == "hidden"


def test_flags_and_names_of_cases_are_not_in_what_students_see() -> None:
    made = sample(*ALL, flags=[{"kind": "similar", "says": "like bob", "where": "layers.py:4"}])
    data = valid_gradescope(gradescope.write(made))
    assert data.pop("extra_data")["for_staff"] == ["like bob (layers.py:4)"]
    assert "bob" not in json.dumps(data) and "secret-case" not in json.dumps(data)


def test_a_fault_of_ours_leaves_gradescope_without_any_score() -> None:
    data = valid_gradescope(gradescope.write(sample(RIGHT, OURS)))
    assert not formats.gradescope_has_a_grade(data) and "tests" not in data
    assert "The grader itself failed on sgd" in data["output"]
    crashed = valid_gradescope(gradescope.failed("no room on disk"))
    assert not formats.gradescope_has_a_grade(crashed) and "no room on disk" in crashed["output"]


def test_an_unreadable_upload_is_a_failed_test_that_says_what_to_do_and_no_zero() -> None:
    data = valid_gradescope(gradescope.unreadable("hw.zip: is broken; pack it again"))
    assert not formats.gradescope_has_a_grade(data)
    (test,) = data["tests"]
    assert test["status"] == "failed" and "pack it again" in test["output"]


# --- Classroom 50


def test_classroom50_gets_hundredths_of_what_is_graded() -> None:
    data = json.loads(classroom50.write(sample(*ALL), WHO))
    jsonschema.validate(data, formats.CLASSROOM50)
    assert (data["score"], data["max-score"]) == (325, 1760)
    assert sum(test["score"] for test in data["tests"]) == 325
    tests = {t["test-name"]: (t["passed"], t["score"], t["max-score"]) for t in data["tests"]}
    beyond = json.loads(classroom50.write(sample(RIGHT, MORE, bonus=0.5), WHO))
    assert (beyond["score"], beyond["max-score"]) == (450, 400)
    assert tests["adam"] == (False, 125, 400) and tests["affine_forward"] == (True, 200, 200)
    assert tests["Dropout/1"] == (False, 0, 160) and "best_model" not in tests
    assert (data["usernames"], data["submission"]) == (["ada"], "submit/t1")
    assert data["datetime"] == "2026-11-01T08:00:00Z"
    assert (data["commit"], data["release"], data["review"]) == tuple(
        f"https://example.org/{letter}" for letter in "crv"
    )


def test_hundredths_are_not_cut_where_binary_numbers_miss_them() -> None:
    (test,) = json.loads(
        classroom50.write(sample(item("adam", "partial", 0.29, 1.15)), WHO)
    )["tests"]  # fmt: skip
    assert (test["score"], test["max-score"]) == (29, 115)


@pytest.mark.parametrize("lacking", ["CLASSROOM", "ASSIGNMENT", "USERNAME", "SUBMISSION_TAG"])
def test_classroom50_refuses_to_guess_who_handed_in(lacking: str) -> None:
    with pytest.raises(UsageError, match=lacking):
        classroom50.write(sample(*ALL), {k: v for k, v in WHO.items() if k != lacking})


def test_a_fault_of_ours_gives_classroom50_no_file() -> None:
    with pytest.raises(GraderFault, match="failed on sgd.*no score"):
        classroom50.write(sample(RIGHT, OURS), WHO)


# --- JUnit


def test_junit_says_failure_for_the_submission_error_for_us_skipped_for_what_waits() -> None:
    text = junit.write(sample(*ALL, OURS))
    valid_junit(text)
    suites = junitparser.JUnitXml.fromstring(text.encode())
    found = {}
    for suite in suites:
        assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (8, 4, 1, 2)
        assert suite.timestamp == "2026-11-01T08:00:00"
        points = {one.name: float(one.value) for one in suite.properties()}
        for case in suite:
            found[case.name] = [type(one).__name__ for one in case.result]
            assert case.classname == "cs231n-a2.fc"
    assert found == {
        "affine_forward": [], "adam": ["Failure"], "relu_forward": ["Failure"],
        "rmsprop": ["Failure"], "TwoLayerNet": ["Failure"], "sgd": ["Error"],
        "Dropout/1": ["Skipped"], "best_model": ["Skipped"],
    }  # fmt: skip
    assert (points["adam.score"], points["adam.max_score"]) == (1.25, 4.0)
    assert sum(value for name, value in points.items() if name.endswith(".score")) == 3.25
    assert not [name for name in points if name.startswith(("sgd", "Dropout", "best_model"))]


def test_junit_has_a_suite_for_each_section_and_the_score_in_words() -> None:
    other = item("dropout_forward", "failed", 0.0, 3.0, "mask", section="dropout")
    text = junit.write(sample(RIGHT, other))
    suites = list(junitparser.JUnitXml.fromstring(text.encode()))
    assert [(s.name, s.tests, s.failures) for s in suites] == [("fc", 1, 0), ("dropout", 1, 1)]
    assert (valid_junit(text).findtext("testsuite/system-out") or "").startswith("2 of 5 points")


NO_TEXT = (*range(32), *range(0x7F, 0xA0), 0xD800, 0xDFFF, 0xFFFE, 0xFFFF, 0x1FFFE)
ODD = ["", " ", *map(chr, NO_TEXT)]
STARTED = ["2026-11-01T10:00:00", "2026-11-01T10:00:00.12+05:30", "2026-11-01", "yesterday", ""]
STATUSES = list(get_args(Status))


@pytest.mark.parametrize("number", range(0, len(ODD), 7))
def test_whatever_is_told_junit_stays_valid(number: int) -> None:
    """Every status with odd characters in each place, 0 points, any instant and any seconds."""
    odd = ODD[number : number + 7]
    items = [
        item(f"i{n}{text}", status, 0.0, n % 3, text, f"a{text}b]]>", section=f"s{n % 2}{text}",
             title=text, because_of=text if n % 4 == 0 else None)
        for n, (status, text) in enumerate(itertools.product(STATUSES, odd))
    ]  # fmt: skip
    made = sample(*items)
    made["measured"] |= {
        "host": odd[0], "started": STARTED[number % len(STARTED)],
        "items": {one["id"]: n * 1234.5678 for n, one in enumerate(items)},
    }  # fmt: skip
    text = junit.write(made)
    root = valid_junit(text)
    assert len(root.findall("testsuite/testcase")) == len(items)
    assert len(list(junitparser.JUnitXml.fromstring(text.encode()))) == len(root)


SPOILT = {
    "tests='8'": "tests='9'", "failures='4'": "failures=''", "errors='1'": "errors='one'",
    "time='0.000'": "time='0,000'", "01T08:00:00'": "01T08:00:00Z'", "hostname='h'": "hostname=' '",
    "package=": "packed=", "<system-err />": "", "<properties>": "x<properties>",
    "<testsuites>": "<testsuites name='x'>", "type='error'": "", "<skipped ": "<skipped type='x' ",
    "='adam.score'": "=''", "<failure ": "<error type='x'/><failure ",
}  # fmt: skip


@pytest.mark.parametrize("place", SPOILT)
def test_what_a_strict_schema_refuses_is_found(place: str) -> None:
    text = junit.write(sample(*ALL, OURS))
    assert formats.wrong_in_junit(ElementTree.fromstring(text)) == []
    good, bad = place.replace("'", '"'), SPOILT[place].replace("'", '"')
    assert good in text
    assert formats.wrong_in_junit(ElementTree.fromstring(text.replace(good, bad, 1)))


# --- GitHub


def test_the_summary_says_the_score_every_item_and_what_is_wrong() -> None:
    page = rendered(github.summary(sample(*ALL)))
    assert page.text.startswith("3.25 of 17.6 points; 1.6 of these for a person to grade")
    for words in ("adam", "1.25 / 4", "next_w is wrong: off by 0.1", "Dropout/1"):
        assert words in page.text
    assert {"table", "pre", "h2", "h3"} <= page.tags


def test_annotations_are_one_error_for_each_item_that_lost_points() -> None:
    commands = formats.workflow_commands(github.annotations(sample(*ALL)))
    errors = [c for c in commands if c.name == "error"]
    assert [c.properties["title"].partition(":")[0] for c in errors] == [
        "adam", "relu_forward", "rmsprop", "TwoLayerNet"
    ]  # fmt: skip
    assert "1.25 of 4 points: partly right.\nnext_w is wrong: off by 0.1\n" in errors[0].data
    assert commands[-1].data.startswith("3.25 of 17.6 points")


@pytest.mark.parametrize(("lost", "shown"), [(9, 9), (10, 10), (11, 10), (40, 10)])
def test_github_never_gets_more_errors_than_it_shows(lost: int, shown: int) -> None:
    many = sample(*(item(f"i{n}", "failed", 0.0, 1.0) for n in range(lost)))
    errors = [c for c in formats.workflow_commands(github.annotations(many)) if c.name == "error"]
    assert len(errors) == shown
    assert (errors[-1].data == f"{lost - 9} more items lost points; see the summary") == (lost > 10)


def test_a_fault_of_ours_is_said_and_no_score_is_shown() -> None:
    summary, log = (write(sample(RIGHT, OURS)) for write in (github.summary, github.annotations))
    assert rendered(summary).text.startswith("No score")
    assert "2 of 2" not in summary.partition("| item")[0] and "Score" not in log
    assert "The grader itself failed on sgd" in rendered(summary).text
    assert "The grader itself failed on sgd" in log


def test_a_summary_is_cut_before_github_would_drop_it() -> None:
    many = [item(f"i{n}", "failed", 0.0, 1.0, *("😀" * 590 + str(m) for m in range(9)))
            for n in range(300)]  # fmt: skip
    text = github.summary(sample(*many))
    assert 900_000 < len(text.encode()) <= 1024**2
    assert text.endswith(github.CUT) and text.count("<pre>") == text.count("</pre>")
    assert not github.summary(sample(*many[:3])).endswith(github.CUT)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_command_is_one_line_and_comes_back_as_it_was(text: str) -> None:
    (line,) = github.command("error", text, title=text, file=text).split("\n")
    (found,) = formats.workflow_commands(line)
    assert found == formats.Command("error", {"title": text, "file": text}, text)


# --- all of them


def test_hostile_text_is_text_everywhere() -> None:
    made = hostile()
    told_gradescope = valid_gradescope(gradescope.write(made))
    jsonschema.validate(json.loads(classroom50.write(made, WHO)), formats.CLASSROOM50)
    valid_junit(junit.write(made))
    junitparser.JUnitXml.fromstring(junit.write(made).encode())
    page = rendered(github.summary(made))
    plain = "h2 h3 p code pre table thead tbody tr th td details summary ol li"
    assert page.tags == set(plain.split())
    assert "</script><script>alert(1)</script>" in page.text and "::error::you pass" in page.text
    commands = formats.workflow_commands(github.annotations(made))
    assert {c.name for c in commands} <= formats.ANNOTATION
    assert {key for c in commands for key in c.properties} <= formats.ANNOTATION_PROPERTIES
    assert formats.workflow_commands(github.summary(made)) == []
    for output in (told_gradescope["output"], *(t["output"] for t in told_gradescope["tests"])):
        page = Tags()
        page.feed(output)
        assert page.tags <= {"p", "pre", "details", "summary"}
    for write in WRITERS.values():
        text = write(made)
        whole = "".join(strings(json.loads(text))) if text.startswith("{") else text
        assert not set("\x1b\x00\x07\x7f\x9b\r\u202e\u200b\ufffe\uffff") & set(whole)
        whole.encode()  # no lone surrogate


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_long_texts_are_cut_and_unicode_stays(write: Callable[[Any], str]) -> None:
    made = sample(item("adam", "failed", 0.0, 1.0, "x" * 10**6, "é 漢 😀"))
    text = write(made)
    assert len(text) < 20_000
    if write is not WRITERS["classroom50"]:
        whole = text if write is not gradescope.write else json.loads(text)["tests"][0]["output"]
        assert "é 漢 😀" in whole


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_code_that_was_not_isolated_is_said(write: Callable[[Any], str]) -> None:
    if write is not WRITERS["classroom50"]:  # which has no place for words
        for isolated in (True, False):
            made = sample(RIGHT, box={"outer": "none", "inner": [], "isolated": isolated})
            text = write(made).replace("&#58;", ":")
            assert ("Not isolated" in text) is not isolated


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_the_same_result_gives_the_same_bytes_and_is_not_changed(
    write: Callable[[Any], str],
) -> None:
    made = sample(*ALL)
    before = copy.deepcopy(made)
    assert write(made) == write(copy.deepcopy(made)) and made == before


def test_of_many_faults_some_are_told_and_the_rest_counted() -> None:
    (found,) = exported.items(sample(item("adam", "failed", 0, 1, *(f"no {n}" for n in range(20)))))
    assert found.text.count("no ") == exported.FAULTS and "… and 15 more" in found.text


# --- reading result.json back

BROKEN: dict[str, tuple[Callable[[Any], object], str]] = {
    "another schema": (lambda d: d.update(schema="backgrade/result/2"), "schema is"),
    "no score": (lambda d: d.pop("score"), "score: field required"),
    "points as text": (lambda d: d["items"][1].update(earned="4"), "items.1.earned: "),
    "a status of its own": (lambda d: d["items"][0].update(status="great"), "items.0.status: "),
    "points that are no number": (lambda d: d["score"].update(earned=float("nan")), "NaN"),
    "endless points": (lambda d: d["score"].update(earned=float("inf")), "Infinity"),
}


@pytest.mark.parametrize(("spoil", "says"), BROKEN.values(), ids=BROKEN)
def test_a_result_that_is_not_ours_is_refused_with_place_and_field(
    spoil: Callable[[Any], object], says: str
) -> None:
    made = copy.deepcopy(sample(*ALL))
    spoil(made)
    with pytest.raises(UsageError) as refused:
        reading.parse(json.dumps(made).encode(), "out/result.json")
    assert str(refused.value).startswith("out/result.json: ")
    assert says in str(refused.value) and str(refused.value).endswith("; grade again")


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff", b"[" * 10**5, b'{"a": 1e999}', b"3"])
def test_bytes_that_are_no_result_are_refused(data: bytes) -> None:
    with pytest.raises(UsageError, match="^r.json: .*grade again$"):
        reading.parse(data, "r.json")


def grade(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["grade", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize("to", WRITERS)
def test_the_command_writes_or_prints_what_the_writer_says(
    to: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in WHO.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "result.json").write_text(json.dumps(sample(*ALL)), encoding="utf-8")
    out = tmp_path / "new" / "file"
    assert grade(monkeypatch, "export", tmp_path, "--format", to, "-o", out) == 0
    assert out.read_text(encoding="utf-8") == WRITERS[to](sample(*ALL))
    assert capsys.readouterr().out == ""
    assert grade(monkeypatch, "export", tmp_path / "result.json", "--format", to) == 0
    assert capsys.readouterr().out == WRITERS[to](sample(*ALL))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("export", ".", "--format", "junit"), "there is none in this folder; give what"),
        (("export", "graded", "--format", "junit"), "one of those below it is graded/ada"),
        (("export", "nowhere", "--format", "junit"), "nowhere: is not there; give what"),
        (("export", ".", "--format", "pdf"), "'pdf' is not one of 'gradescope'"),
        (("export", "."), "Missing option '--format'"),
    ],
)
def test_a_command_that_cannot_be_followed_ends_with_2_and_one_line(
    arguments: tuple[str, ...], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "graded" / "ada").mkdir(parents=True)
    (tmp_path / "graded" / "ada" / "result.json").touch()
    assert grade(monkeypatch, *arguments) == 2
    err = capsys.readouterr().err
    assert says in err and err.count("\n") == 1, err


LEFT: Mapping[str, tuple[object, bool]] = {
    "another upload of the name": ({"submission": {"name": "a", "sha256": "1"}}, True),
    "the same upload": ({"submission": {"name": "a", "sha256": "0"}}, False),
    "another name": ({"submission": {"name": "b", "sha256": "1"}}, False),
    "no hash": ({"submission": {"name": "a"}}, False),
    "no submission": ({"score": 1}, False),
    "a submission that is a word": ({"submission": "a"}, False),
    "a list": ([1], False),
}


@pytest.mark.parametrize("name", LEFT)
def test_only_another_upload_of_the_name_is_read_further(name: str, tmp_path: Path) -> None:
    said, is_another = LEFT[name]
    (tmp_path / "result.json").write_text(json.dumps(said))
    assert reading.is_of_another(tmp_path / "result.json", "a", "0") is is_another


@pytest.mark.parametrize("data", [b"{", b"[" * 100_000, b"\xff"])
def test_what_is_no_result_is_of_nobody(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_bytes(data)
    assert not reading.is_of_another(tmp_path / "result.json", "a", "0")
    assert not reading.is_of_another(tmp_path / "gone.json", "a", "0")
