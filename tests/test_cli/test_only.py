"""`--only ITEM`: a part of the rubric, graded as in the whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from grader.errors import UsageError
from grader.grading.dependencies import only
from tests.support.assignments import shipped_as
from tests.test_cli.running import run

pytestmark = pytest.mark.usefixtures("lent_box")

DEMO = Path(__file__).resolve().parents[2] / "demo" / "submission"
# asked -> items that have to come with it, and items that must not
KEPT: dict[str, tuple[list[str], set[str], set[str]]] = {
    "a layer": (["adam"], {"adam"}, {"sgd_momentum", "rmsprop", "affine_forward"}),
    "what it needs": (["batchnorm_backward_alt"], {"batchnorm_forward"}, {"layernorm_forward"}),
    "a forward pass, with those that show its cache": (
        ["affine_forward"], {"affine_backward"}, {"relu_backward"},
    ),
    "a net, with the nets that may pay for it": (
        ["TwoLayerNet"], {"FullyConnectedNet.dropout", "dropout_forward"}, {"adam"},
    ),
    "a notebook, with all code and every run": (
        ["dropout_training"], {"adam", "best_model", "TwoLayerNet"}, {"Dropout/1"},
    ),
    "a question": (["Dropout/1"], {"Dropout/1"}, {"Dropout/2", "dropout_forward"}),
}  # fmt: skip


@pytest.mark.parametrize("what", KEPT)
def test_an_item_comes_with_all_that_its_points_can_hang_on(what: str) -> None:
    asked, with_it, without = KEPT[what]
    part = only(shipped_as("cs231n-a2"), asked)
    ids = {item.id for item in part.table.items}
    assert part.only == tuple(asked)
    assert with_it <= ids and not without & ids
    assert {case.item for case in part.cases} <= ids


@pytest.mark.parametrize(("name", "says"), [("adm", "adam$"), ("nothing", "affine_")])
def test_an_item_that_is_not_there_is_refused_with_what_is(name: str, says: str) -> None:
    with pytest.raises(UsageError, match=f"--only {name}: there is no such item; use .*{says}"):
        only(shipped_as("cs231n-a2"), [name])


def read(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "result.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def test_what_is_graded_alone_comes_to_the_same_as_in_the_whole(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    demo, skip = str(DEMO), ("--notebooks", "skip")
    part, whole = tmp_path / "part", tmp_path / "whole"
    asked = ("--only", "adam, FullyConnectedNet.batchnorm", "--only", "batchnorm_backward")
    done = run(monkeypatch, capfd, demo, *skip, *asked, "-o", str(part))
    assert done.code == 0
    assert "Graded alone: adam, FullyConnectedNet.batchnorm and batchnorm_backward" in done.out
    run(monkeypatch, capfd, demo, *skip, "-o", str(whole))
    items = {item["id"]: item for item in read(whole)["items"]}
    found = read(part)
    assert found["rubric"]["only"] == ["adam", "FullyConnectedNet.batchnorm", "batchnorm_backward"]
    assert "only" not in read(whole)["rubric"]
    assert len(found["items"]) < len(items)
    assert all(item == items[item["id"]] for item in found["items"])
    assert found["score"]["possible"] == sum(item["possible"] for item in found["items"])
