"""Compared with before: what is fixed, what is new, what is as it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from grader.report import changes, html, result
from grader.types import ItemResult
from tests.test_cli.running import run
from tests.test_report.reading import words
from tests.test_report.samples import item, report

pytestmark = pytest.mark.usefixtures("lent_box")

RIGHT, PARTLY, WRONG = item(1), item(1, ("dx",)), item(1, ("dx", "dw", "db"))
TABLE: dict[str, tuple[ItemResult, ItemResult, str]] = {
    "fixed": (WRONG, RIGHT, "Fixed since last time: Affine layer, backward (0 → 5)."),
    "new": (RIGHT, PARTLY, "Right last time, not now: Affine layer, backward (5 → 3.33)."),
    "better": (WRONG, PARTLY, "Better than last time: Affine layer, backward (0 → 3.33)."),
    "worse": (PARTLY, WRONG, "Worse than last time: Affine layer, backward (3.33 → 0)."),
    "the same": (PARTLY, PARTLY, "Not right yet, as last time: Affine layer, backward."),
}


def earlier(*items: ItemResult) -> changes.Earlier:
    return changes.standings(result.as_dict(report(*items)))


@pytest.mark.parametrize("what", TABLE)
def test_each_change_is_one_sentence(what: str) -> None:
    before, now, says = TABLE[what]
    assert changes.since(earlier(before), report(now).items) == (says,)


def test_what_is_right_or_not_graded_is_no_change() -> None:
    assert changes.since(earlier(), report().items) == ()
    pending = item(1, ("dx",), status="pending")
    assert changes.since(earlier(pending), report(PARTLY).items) == ()


def test_many_titles_are_counted() -> None:
    wrong = [item(n, ("out",)) for n in range(11)]
    many = [i if i.status != "passed" else item(n, i_parts(n)) for n, i in enumerate(wrong)]
    (said,) = changes.since(earlier(*many), report(*many).items)
    assert said.endswith(" and 5 more.")


def i_parts(number: int) -> tuple[str, ...]:
    return tuple(part.id for part in item(number).parts)


def graded(
    patch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], folder: Path, *more: str
) -> str:
    skip = ("--notebooks", "skip", "--only", "affine_forward")
    done = run(patch, capfd, str(folder), *skip, *more)
    assert done.code == 0, done
    return done.out


def test_a_second_grading_says_what_is_fixed_and_only_of_the_same_submission(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    layers = Path("hw/cs231n/layers.py")
    layers.parent.mkdir(parents=True)
    layers.write_text("def affine_forward(x, w, b):\n    return x.reshape(len(x), -1) @ w, 1\n")
    assert "last time" not in graded(monkeypatch, capfd, Path("hw"))
    old = Path("old.json")
    old.write_text(Path("graded/hw/result.json").read_text())
    assert "last time" not in graded(monkeypatch, capfd, Path("hw"))  # nothing was changed
    layers.write_text("def affine_forward(x, w, b):\n    return x.reshape(len(x), -1) @ w + b, 1\n")
    fixed = "Fixed since last time: Affine layer, forward (0 → 2)."
    assert fixed in graded(monkeypatch, capfd, Path("hw"))
    assert fixed in words(Path("graded/hw/report.html").read_text())
    assert "changes" not in json.loads(Path("graded/hw/result.json").read_text())
    Path("hw").rename("other")
    out = ("-o", "graded/hw")
    layers = Path("other/cs231n/layers.py")
    layers.write_text(layers.read_text() + "# more\n")
    assert "last time" not in graded(monkeypatch, capfd, Path("other"), *out)  # somebody else's
    assert fixed in graded(monkeypatch, capfd, Path("other"), *out, "--previous", str(old))
    bad = run(monkeypatch, capfd, "other", "--previous", "nowhere.json", "--notebooks", "skip")
    assert bad.code == 2 and "nowhere.json: is not there" in bad.err


def test_the_page_says_it_below_the_verdict() -> None:
    from dataclasses import replace

    said = words(html.render(replace(report(), changes=("Fixed: <b>.",)), version=""))
    assert "Fixed: <b>." in said
