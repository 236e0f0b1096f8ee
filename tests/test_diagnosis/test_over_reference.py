"""Which wrong nets are run once more over the reference's layers, and what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from grader.rubric.cases import Rubric
from tests.support import engine_end as end

NETS = ("TwoLayerNet", "FullyConnectedNet")
BOTH = ["TwoLayerNet/a", "TwoLayerNet/b", "FullyConnectedNet/one"]
RIGHT = {"loss": 1.0}


@pytest.fixture(scope="module")
def rubric() -> Rubric:
    """A layer, an item that asks a layer and a net, and two nets."""
    both = [{"id": "a", "probe": "layers.relu_forward"}, {"id": "b", "probe": "nets.net_scores"}]
    return end.rubric(
        end.item("relu_forward"),
        end.item("softmax_loss", both),
        end.item("TwoLayerNet", ["a", {"id": "b", "public": False}], needs=["relu_forward"]),
        end.item("FullyConnectedNet"),
    )


def graded(rubric: Rubric, worker: end.Worker, **verdicts: Any) -> end.Graded:
    """Both nets are wrong, unless said otherwise."""
    wrong: dict[str, Any] = dict.fromkeys(NETS, False)
    return end.Graded(rubric, end.verdicts(rubric, **{**wrong, **verdicts}), worker)


def test_wrong_nets_run_once_over_right_layers_and_their_session_is_closed(rubric: Rubric) -> None:
    worker = end.Worker(otherwise=RIGHT)
    found = graded(rubric, worker).over_reference()
    assert worker.ran == [BOTH] and list(found) == BOTH
    assert all(one.outcome == "answered" and one.arrays == RIGHT for one in found.values())
    assert [job.graft for job in worker.jobs] == [end.GRAFTS]
    assert worker.calls == ["open", "run", "close"]


def stopped(rubric: Rubric, kind: Any) -> Any:
    return end.verdict(rubric, "TwoLayerNet", False, end.fault("value"), end.fault(kind))


NET = BOTH[2:]
KNOWN = {"TwoLayerNet": end.diagnosis(hints=("think",))}
SYMPTOM = {"TwoLayerNet": end.diagnosis()}
GUESS = {"TwoLayerNet": end.diagnosis(hints=("think",), certain=False)}
ASKED: dict[str, tuple[dict[str, Any], Sequence[str], dict[str, Any], Sequence[str]]] = {
    # verdicts, items tried again, causes that are known -> cases that run
    "both": ({}, [], {}, BOTH),
    "a net is right": ({"TwoLayerNet": True}, [], {}, NET),
    "a part of it is wrong": (
        {"TwoLayerNet": {"scores": True, "loss": True, "gradients": False}}, [], {}, BOTH,
    ),
    "all are right": (dict.fromkeys(NETS, True), [], {}, []),
    "a wrong layer": ({**dict.fromkeys(NETS, True), "relu_forward": False}, [], {}, []),
    "an item with a case of a net": (
        {**dict.fromkeys(NETS, True), "softmax_loss": False}, [], {}, ["softmax_loss/b"],
    ),
    "it was tried again already": ({}, ["TwoLayerNet"], {}, NET),
    "its mistake is certain": ({}, [], KNOWN, NET),
    "a symptom of it is certain": ({}, [], SYMPTOM, BOTH),
    "its mistake is a guess": ({}, [], GUESS, BOTH),
    "nothing is left": ({}, ["FullyConnectedNet"], KNOWN, []),
}  # fmt: skip


@pytest.mark.parametrize(("known", "followed", "causes", "cases"), ASKED.values(), ids=ASKED)
def test_a_net_is_asked_unless_its_mistake_is_known(
    known: dict[str, Any],
    followed: Sequence[str],
    causes: dict[str, Any],
    cases: Sequence[str],
    rubric: Rubric,
) -> None:
    worker = end.Worker(otherwise=RIGHT)
    found = graded(rubric, worker, **known).over_reference(followed, causes)
    assert list(found) == list(cases)
    assert worker.ran == ([cases] if cases else [])
    assert bool(worker.calls) is bool(cases)


@pytest.mark.parametrize("kind", ["timeout", "memory", "died", "error", "shape"])
def test_a_net_that_takes_all_it_can_get_is_not_run_again(kind: str, rubric: Rubric) -> None:
    worker = end.Worker(otherwise=RIGHT)
    graded(rubric, worker, TwoLayerNet=stopped(rubric, kind)).over_reference()
    assert worker.ran == [BOTH if kind in ("error", "shape") else NET]


@pytest.mark.parametrize("what", [{"written": False}, {"broken": True}])
def test_what_was_not_written_or_not_judged_is_not_run(what: Any, rubric: Rubric) -> None:
    worker = end.Worker(otherwise=RIGHT)
    verdict = end.verdict(rubric, "TwoLayerNet", False, **what)
    graded(rubric, worker, TwoLayerNet=verdict).over_reference()
    assert worker.ran == [NET]


@pytest.mark.parametrize("lacking", [{"grafts": {}}, {"seconds": -1.0}])
def test_without_right_layers_or_time_nothing_is_opened(lacking: Any, rubric: Rubric) -> None:
    known = end.verdicts(rubric, TwoLayerNet=False)
    worker = end.Worker(otherwise=RIGHT)
    assert end.Graded(rubric, known, worker, **lacking).over_reference() == {}
    assert worker.calls == []


@pytest.mark.parametrize("outcome", ["raised", "absent"])
def test_nets_that_cannot_be_imported_over_right_layers_are_not_run(
    outcome: str, rubric: Rubric
) -> None:
    worker = end.Worker(otherwise=RIGHT, modules={"fc_net": outcome})
    assert graded(rubric, worker).over_reference() == {}
    assert worker.calls == ["open", "close"]


def test_a_fault_of_ours_leaves_no_session_open(rubric: Rubric) -> None:
    worker = end.Worker(otherwise=ZeroDivisionError)
    with pytest.raises(ZeroDivisionError):
        graded(rubric, worker).over_reference()
    assert worker.calls == ["open", "run", "close"]


def test_the_references_own_nets_are_asked_once_for_all_submissions(rubric: Rubric) -> None:
    calls = {"outcome": "answered", "calls": [["relu_forward", "", 0, {}]]}
    worker = end.Worker({BOTH[0]: "died"}, otherwise=(calls, {}))
    first, again, third = graded(rubric, worker).right_calls(BOTH, BOTH, BOTH[1:])
    assert first == again == third == dict.fromkeys(BOTH[1:], ["relu_forward"])
    assert worker.ran == [BOTH, BOTH[:1]]  # what told nothing is asked again


def test_what_they_call_over_other_layers_is_asked_once_too(rubric: Rubric) -> None:
    calls = {"outcome": "answered", "calls": [["relu_forward", "", 0, {}]]}
    worker = end.Worker(otherwise=(calls, {}))
    (case,) = (case for case in rubric.cases if case.id == BOTH[0])
    case, layers = replace(case, id="fold/one"), {"layers": b"stand-ins"}
    with graded(rubric, worker).rerun({}) as rerun:
        first, again = (rerun.right_calls([case], layers) for _ in range(2))
    assert first == again and [call.name for call in first["fold/one"]] == ["relu_forward"]
    assert worker.ran == [["fold/one"]] and worker.jobs[0].graft == layers
