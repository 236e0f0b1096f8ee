"""The snapshot of all that is said notices a change, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import handed_in, snapshot
from tests.support.assignments import ask_for


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    few = [
        ("right", handed_in.reference(), "cs231n-a2"),
        ("wrong", handed_in.neighbour(), "cs231n-a2"),
    ]
    ask_for(monkeypatch, "affine_backward", "relu_backward")
    monkeypatch.setattr(snapshot, "submissions", lambda: iter(few))


def test_two_runs_give_the_same_bytes_and_a_change_is_named(
    two: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert snapshot.main(["keep", str(tmp_path)]) == 0
    page = tmp_path / "wrong" / "report.html"
    page.write_text(page.read_text("utf-8").replace("points", "marks"), "utf-8")
    (tmp_path / "right" / "junit.xml").unlink()
    assert snapshot.main(["compare", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "wrong/report.html differs" in said and "right/junit.xml differs" in said
    assert said.count(" differs") == 2  # all else is the same again


def test_where_nothing_differs_it_ends_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "snapshot", lambda folder: iter([("right/junit.xml", "text")]))
    assert snapshot.main(["keep", str(tmp_path)]) == 0
    assert snapshot.main(["compare", str(tmp_path)]) == 0
