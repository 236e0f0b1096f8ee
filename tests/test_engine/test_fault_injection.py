"""A fault at any public function of the trusted side: what is known is told, and no student pays.

Each function of the packages below raises, wherever it is called from. The command must end by the
contract: what needs it is a grader_fault or left out, all other items are as they were, and
result.json and a page are there, unless the function is on the way of everything.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from jsonschema import validate

from grader import cli, resources
from tests.support.assignments import ask_for

PACKAGES = ("judges", "diagnosis", "grading", "report", "golden", "rubric", "submission", "engine")
# Before these are through there is nothing to tell of; they come before the student's code runs, or
# are the one way to the result.
BEFORE = ("golden.", "rubric.", "submission.")
ON_THE_WAY = {
    "judges.Judge.names",
    "grading.assignment.Assignment.check",
    "grading.score.bare",
    "grading.score.total",
    "grading.score.with_follow_through",
    "report.cells.file_of",
    "grading.training.grade",
    "grading.outcome.result_of",
    "grading.score.parts_of",
    "grading.score.status_of",
    "grading.score.tidy",
    "grading.verdicts.Evaluator.is_right",
    "grading.verdicts.Evaluator.names",
    "grading.verdicts.Evaluator.outputs",
    "grading.verdicts.Evaluator.verdict",
    "grading.verdicts.Evaluator.verdicts",
    "report.result.as_dict",
    "report.result.write",
    "engine.grade_one",
    "engine.goals",
    "engine.job_of",
    "report.html.render",
    "report.html.render_notebooks",
    "report.terminal.show",
}


# What is asked of the demo in the short run: right, wrong, a crash, a consequence, a net.
SOME = ("TwoLayerNet", "dropout_backward", "batchnorm_backward", "adam")


class Point(NamedTuple):
    """A public function, and where it is defined."""

    name: str
    owner: Any
    attribute: str
    function: Callable[..., Any]


def modules(name: str) -> Iterator[ModuleType]:
    module = importlib.import_module(name)
    yield module
    for found in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{name}."):
        yield importlib.import_module(found.name)


def points() -> Iterator[Point]:
    for package in PACKAGES:
        for module in modules(f"grader.{package}"):
            short = module.__name__.removeprefix("grader.")
            for name, value in list(vars(module).items()):
                if name.startswith("_") or getattr(value, "__module__", "") != module.__name__:
                    continue
                if inspect.isfunction(value):
                    yield Point(f"{short}.{name}", module, name, value)
                for inner, method in vars(value).items() if inspect.isclass(value) else ():
                    if inspect.isfunction(method) and not inner.startswith("_"):
                        yield Point(f"{short}.{name}.{inner}", value, inner, method)


POINTS = {point.name: point for point in points()}


def breaks(patch: pytest.MonkeyPatch, point: Point) -> list[int]:
    """Let a function raise wherever it is known by name; return one number for each call."""
    calls: list[int] = []

    def broken(*_: object, **__: object) -> Any:
        calls.append(1)
        raise IndexError("injected")

    patch.setattr(point.owner, point.attribute, broken)
    for name, module in list(sys.modules.items()):
        for other, value in list(vars(module).items()) if name.startswith("grader") else ():
            if value is point.function:
                patch.setattr(module, other, broken)
            for key in (
                [k for k, v in value.items() if v is point.function]
                if (isinstance(value, dict))
                else ()
            ):
                patch.setitem(value, key, broken)
    return calls


def graded(folder: Path, patch: pytest.MonkeyPatch) -> int:
    demo = resources.home() / "demo" / "submission"
    ask_for(patch, *SOME)
    patch.setattr(sys, "argv", ["grade", str(demo), "-o", str(folder), "--notebooks=skip"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


def result(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "result.json").read_text())
    return found


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("unbroken")
    with pytest.MonkeyPatch.context() as patch:
        assert graded(folder, patch) == 0
    return result(folder)


@pytest.mark.long_trial(0.01)
@pytest.mark.parametrize("name", POINTS)
def test_what_is_known_is_told_and_nobody_pays(
    name: str,
    unbroken: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with monkeypatch.context() as patch:
        calls = breaks(patch, POINTS[name])
        code = graded(tmp_path / "out", patch)
    said = capsys.readouterr()
    assert code in (0, 3)
    assert "Traceback" not in said.out + said.err
    if not calls:
        assert code == 0
    if not (tmp_path / "out" / "result.json").exists():
        assert code == 3
        assert said.err.startswith("grade: ")
        assert "nothing was graded" in said.err
        assert name in ON_THE_WAY or name.startswith(BEFORE), "all was lost"
        return
    found = result(tmp_path / "out")
    validate(found, json.loads((resources.home() / "docs" / "result.schema.json").read_text()))
    page = tmp_path / "out" / "report.html"
    assert name in ON_THE_WAY or page.read_text().rstrip().endswith("</html>")
    faults = [item["id"] for item in found["items"] if item["status"] == "grader_fault"]
    assert code == 3 or not faults
    for was, now in zip(unbroken["items"], found["items"], strict=True):
        if now["id"] not in faults:
            assert (was["status"], was["earned"]) == (now["status"], now["earned"])
