"""Words of a command line mean what they mean to typer; plain ones need no pydantic."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import typer

from grader.cli import quick
from tests.support import handed_in, homes

WORDS: dict[str, tuple[str, ...]] = {
    "one path": ("a.zip",),
    "a path that is there": ("there",),
    "a path that nobody may read": ("closed",),
    "an empty path": ("",),
    "an empty word": ("a.zip", "--rubric", ""),
    "every kind": ("a.zip", "-o", "out", "--rubric", "x", "--box", "none", "--staff", "--only", "a",
                   "--only", "b,c", "--under", "50", "--jobs", "3"),
    "a number that is none": ("a.zip", "--under", "many"),
    "a number with spaces": ("a.zip", "--under", " 5 "),
    "too many": ("a.zip", "--jobs", "9"),
    "a half": ("a.zip", "--jobs", "2.5"),
    "no choice": ("a.zip", "--box", "nine"),
    "a choice in capitals": ("a.zip", "--box", "NONE"),
    "a folder that must be there": ("a.zip", "--data", "there"),
    "a folder that is not there": ("a.zip", "--data", "gone"),
    "nothing": (),
    "too much": ("a.zip", "b.zip"),
    "an option that there is not": ("a.zip", "--rubrik", "x"),
    "text that no file is called": ("a\udcff.zip", "--rubric", "\udcff"),
}  # fmt: skip


def outcome(args: tuple[str, ...], **made: Any) -> Any:
    """Return what a command is called with, or what typer says."""
    app = typer.Typer(add_completion=False, **({"cls": quick.Group} if made else {}))
    app.callback()(lambda: None)
    seen: list[Any] = []

    @app.command("grade", **made)
    def grade(
        path: Path,
        output: Annotated[Path | None, typer.Option("-o")] = None,
        rubric: str = "",
        box: Literal["auto", "none"] = "auto",
        staff: bool = False,
        only: list[str] | None = None,
        under: float | None = None,
        jobs: Annotated[int, typer.Option(max=4)] = 1,
        data: Annotated[Path | None, typer.Option(exists=True)] = None,
    ) -> None:
        seen.append((path, output, rubric, box, staff, only, under, jobs, data))

    try:
        app(("grade", *args), standalone_mode=False)
    except Exception as error:  # noqa: BLE001 - typer's own, whichever it is
        return type(error), getattr(error, "format_message", lambda: "")()
    return seen


@pytest.mark.parametrize("name", WORDS)
def test_words_mean_what_they_mean_to_typer(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    (tmp_path / "closed").touch(0o000)
    if name.endswith("nobody may read"):  # root may
        monkeypatch.setattr("os.access", lambda *_: False)
    assert outcome(WORDS[name], cls=quick.Command) == outcome(WORDS[name])


def test_plain_words_need_no_pydantic() -> None:
    code = """
import sys, typer
from pathlib import Path
from typing import Literal
from grader.cli import quick
app = typer.Typer(add_completion=False, cls=quick.Group)
app.callback()(lambda: None)
@app.command("grade", cls=quick.Command)
def grade(path: Path, box: Literal["auto", "none"] = "auto", only: list[str] = [], more: bool = False) -> None:
    print(path, box, only, more)
app(["grade", "a.zip", "--only", "x"], standalone_mode=False)
print("pydantic" in sys.modules)
"""  # noqa: E501
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "a.zip auto ['x'] False\nFalse\n"


UNWANTED = (
    "matplotlib", "nbformat", "IPython", "markdown_it", "nh3", "pygments", "sqlite3",
    "zipfile._path", "numpy.ma", "grader.grading.training.believe", "grader.report.curves",
    "grader.report.notebook_page", "grader.report.staff_page", "grader.course.roster",
)  # fmt: skip


def test_code_alone_is_graded_without_what_notebooks_and_a_class_need(tmp_path: Path) -> None:
    right = str(handed_in.ROOT / "tests" / "submissions" / "accepted" / "compact")
    code = f"""
import sys
from grader.cli import main
sys.argv = ["grade", {right!r}, "-o", {str(tmp_path / "out")!r}]
try:
    main()
except SystemExit as end:
    print(end.code, [one for one in {UNWANTED!r} if one in sys.modules], file=sys.stderr)
"""
    home = {**os.environ, "BACKGRADE_HOME": str(homes.brief(tmp_path / "home", *homes.SOME))}
    done = subprocess.run([sys.executable, "-c", code], env=home, capture_output=True, text=True)
    assert done.stderr == "0 []\n"
