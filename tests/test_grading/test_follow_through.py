"""One mistake is paid for once: what is tried again, over what, and what is right then."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.errors import BoxError
from grader.grading import follow
from grader.grading.verdicts import Evaluator
from grader.guest.operations import OPERATIONS, Operation
from grader.judges.own import NUDGE, STEP
from grader.rubric.cases import Rubric
from grader.types import Evidence
from tests.support import engine_end as end

Arrays = Mapping[str, Any]
NET: Arrays = {"scores": [[1.0, 2.0]], "loss": 3.0, "dW1": [[4.0]]}
ANSWERS: Arrays = {**NET, "dx": [[1.0, 2.0]], "dw": [[3.0]], "db": [4.0]}
GOLDEN = end.Answers({}, {name: np.asarray(one) for name, one in NET.items()})
HIDDEN = {"id": "b", "public": False}


def golden(**answers: Arrays) -> end.Answers:
    """Return answers of layers beside those of nets."""
    known = {name.replace("__", "/"): [_arrays(one)] for name, one in answers.items()}
    return end.Answers(known, _arrays(NET))


def _arrays(answers: Arrays) -> dict[str, np.ndarray]:
    return {name: np.asarray(one, dtype=float) for name, one in answers.items()}


def calls(*names: str) -> Any:
    """Return a right answer of a net that was seen to call these layers."""
    said = [[name, "cs231n/layers.py", 1, {}] for name in names]
    return {"outcome": "answered", "calls": said}, NET


# ---------------------------------------------------------------- nets over right layers


@pytest.fixture(scope="module")
def nets() -> Rubric:
    return end.rubric(
        end.item("affine_forward"),
        end.item("relu_forward"),
        end.item("TwoLayerNet", ["a", HIDDEN], needs=["affine_forward", "relu_forward"]),
        end.item(
            "FullyConnectedNet",
            ["a", {"id": "later", "needs": ["TwoLayerNet"], "part": "loss"}],
            needs=["affine_forward"],
        ),
    )


TWO = ["TwoLayerNet/a", "TwoLayerNet/b"]
DEEP = ["FullyConnectedNet/a", "FullyConnectedNet/later"]
SINGLE = end.fault("dtype", warning=True)


def failed(rubric: Rubric, name: str, right: bool = False, **fields: Any) -> Any:
    return end.verdict(rubric, name, right, **fields)


TRIED: dict[str, tuple[dict[str, Any], list[str]]] = {
    # verdicts -> cases that run over right layers
    "a net over a wrong layer": ({"affine_forward": False, "TwoLayerNet": False}, TWO),
    "two nets": (
        {"affine_forward": False, "TwoLayerNet": False, "FullyConnectedNet": False}, TWO + DEEP,
    ),
    "a net beside a layer that it may not call": (
        {"relu_forward": False, "FullyConnectedNet": False}, DEEP,
    ),
    "a part of a net": (
        {"affine_forward": False, "TwoLayerNet": {"scores": True, "loss": True}}, TWO,
    ),
    "a net over right layers": ({"TwoLayerNet": False}, []),
    "a net over another wrong net": ({"TwoLayerNet": False, "FullyConnectedNet": False}, []),
    "a right net over a wrong layer": ({"affine_forward": False}, []),
    "nothing is wrong": ({}, []),
}  # fmt: skip


@pytest.mark.parametrize(("known", "cases"), TRIED.values(), ids=TRIED)
def test_a_net_is_tried_again_where_some_layer_is_wrong(
    known: dict[str, Any], cases: list[str], nets: Rubric
) -> None:
    worker = end.Worker(otherwise=NET)
    found = end.Graded(nets, end.verdicts(nets, **known), worker, GOLDEN).follow_through()
    assert {one for group in worker.ran for one in group} == set(cases)
    assert set(found) == {case.partition("/")[0] for case in cases}
    assert [job.graft for job in worker.jobs] == ([end.GRAFTS] if cases else [])
    assert worker.calls[:1] + worker.calls[-1:] == (["open", "close"] if cases else [])


@pytest.mark.parametrize("fields", [{"written": False}, {"broken": True}])
def test_what_was_not_written_or_not_judged_is_not_tried(fields: Any, nets: Rubric) -> None:
    worker = end.Worker(otherwise=NET)
    verdict = failed(nets, "TwoLayerNet", **fields)
    known = end.verdicts(nets, affine_forward=False, TwoLayerNet=verdict)
    assert end.Graded(nets, known, worker, GOLDEN).follow_through() == {}
    assert worker.calls == []


@pytest.mark.parametrize("lacking", [{"grafts": {}}, {"seconds": -1.0}])
def test_without_right_layers_or_time_no_net_is_tried(lacking: Any, nets: Rubric) -> None:
    worker = end.Worker(otherwise=NET)
    known = end.verdicts(nets, affine_forward=False, TwoLayerNet=False)
    assert end.Graded(nets, known, worker, GOLDEN, **lacking).follow_through() == {}
    assert worker.calls == []


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where faults of ours are kept, instead of the home folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("affine_forward", "TwoLayerNet"),
        ("relu_forward", "relu_backward"),
        ("batchnorm_forward", "batchnorm_backward"),
    ],
)
def test_a_fault_of_ours_decides_nothing_and_leaves_no_session_open(
    first: str, second: str, log: Path
) -> None:
    rubric = end.rubric(end.item(first), end.item(second))
    worker = end.Worker(otherwise=ZeroDivisionError)
    known = end.verdicts(rubric, **{first: False, second: False})
    graded = end.Graded(rubric, known, worker, GOLDEN)
    assert graded.follow_through() == {} and set(graded.broken) == {second}
    assert all(verdict.broken for verdict in graded.broken.values())
    assert any("ZeroDivisionError" in file.read_text() for file in log.rglob("*.txt"))
    assert worker.calls == ["open", "run", "close"]


def test_where_the_box_itself_fails_nothing_goes_on(nets: Rubric) -> None:
    known = end.verdicts(nets, affine_forward=False, TwoLayerNet=False)
    with pytest.raises(BoxError):
        end.Graded(nets, known, end.Worker(otherwise=BoxError), GOLDEN).follow_through()


def test_a_fault_of_ours_in_one_item_leaves_the_others(
    nets: Rubric, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = Evaluator.verdict

    def judged(evaluator: Evaluator, item: Any, *others: Any) -> Any:
        if item.id == "TwoLayerNet":
            raise ZeroDivisionError
        return verdict(evaluator, item, *others)

    monkeypatch.setattr(Evaluator, "verdict", judged)
    wrong = dict.fromkeys(("affine_forward", "TwoLayerNet", "FullyConnectedNet"), False)
    graded = end.Graded(nets, end.verdicts(nets, **wrong), end.Worker(otherwise=NET), GOLDEN)
    assert set(graded.follow_through()) == {"FullyConnectedNet"}
    assert set(graded.broken) == {"TwoLayerNet"}


def test_an_item_whose_judge_breaks_over_right_layers_is_not_decided(
    nets: Rubric, log: Path
) -> None:
    lacking = golden(TwoLayerNet__a=NET)
    lacking.expected = _broken  # type: ignore[method-assign]
    known = end.verdicts(nets, affine_forward=False, TwoLayerNet=False)
    graded = end.Graded(nets, known, end.Worker(otherwise=NET), lacking)
    assert graded.follow_through() == {} and set(graded.broken) == {"TwoLayerNet"}


def _broken(case: Any) -> Any:
    raise ZeroDivisionError


SINGLES: dict[str, tuple[str, Any, bool]] = {
    "a layer in single precision": ("affine_forward", SINGLE, True),
    "a layer with another warning": ("affine_forward", end.fault("shape", warning=True), False),
    "a net in single precision": ("FullyConnectedNet", SINGLE, False),
}


@pytest.mark.parametrize(("name", "warning", "tried"), SINGLES.values(), ids=SINGLES)
def test_a_net_over_layers_in_single_precision_is_tried_too(
    name: str, warning: Any, tried: bool, nets: Rubric
) -> None:
    verdict = failed(nets, name, True, warnings=(warning,))
    known = end.verdicts(nets, **{name: verdict, "TwoLayerNet": False})
    worker = end.Worker(otherwise=NET)
    assert bool(end.Graded(nets, known, worker, GOLDEN).follow_through()) is tried


ALL = {"scores": True, "loss": True, "gradients": True}
RESULTS: dict[str, tuple[Any, dict[str, bool] | None]] = {
    # what TwoLayerNet/a gives over right layers -> parts that are right; None: nothing is known
    "right": (NET, ALL),
    "a wrong part": ({**NET, "loss": 9.0}, {**ALL, "loss": False}),
    "all wrong": ({"scores": [[9.0, 9.0]], "loss": 9.0, "dW1": [[9.0]]}, dict.fromkeys(ALL, False)),
    "of the wrong shape": (
        {"scores": [[1.0]], "loss": [1.0, 2.0], "dW1": [4.0, 5.0]}, dict.fromkeys(ALL, False),
    ),
    "not finite": ({name: np.full_like(one, np.nan) for name, one in _arrays(NET).items()}, None),
    "nothing": ({}, None),
    "a part that is not finite": ({**NET, "loss": np.nan}, {**ALL, "loss": False}),
    "an exception": ("raised", None),
    "out of time": ("timeout", None),
}  # fmt: skip


@pytest.mark.parametrize(("reply", "right"), RESULTS.values(), ids=RESULTS)
def test_a_net_is_known_by_a_right_part_or_by_numbers_of_its_own(
    reply: Any, right: dict[str, bool] | None
) -> None:
    rubric = end.rubric(end.item("relu_forward"), end.item("TwoLayerNet", ["a"]))
    known = end.verdicts(rubric, relu_forward=False, TwoLayerNet=False)
    worker = end.Worker({"TwoLayerNet/a": reply}, NET)
    found = end.Graded(rubric, known, worker, golden(TwoLayerNet__a=NET)).follow_through()
    assert {name: again.right for name, again in found.items()} == (
        {} if right is None else {"TwoLayerNet": right}
    )
    assert not any(again.held for again in found.values())


def test_a_part_is_right_over_right_layers_only_in_every_case(nets: Rubric) -> None:
    known = end.verdicts(nets, affine_forward=False, TwoLayerNet=False)
    worker = end.Worker({"TwoLayerNet/b": {**NET, "loss": 9.0}}, NET)
    found = end.Graded(nets, known, worker, GOLDEN).follow_through()
    assert found["TwoLayerNet"].right == {**ALL, "loss": False}
    assert set(found["TwoLayerNet"].evidence) == set(TWO)


def test_a_wrong_number_in_one_case_is_known_beside_another_that_stops(nets: Rubric) -> None:
    known = end.verdicts(nets, affine_forward=False, TwoLayerNet=False)
    wrong = {"scores": [[9.0, 9.0]], "loss": 9.0, "dW1": [[9.0]]}
    worker = end.Worker({"TwoLayerNet/a": wrong, "TwoLayerNet/b": "raised"})
    found = end.Graded(nets, known, worker, GOLDEN).follow_through()
    assert found["TwoLayerNet"].right == dict.fromkeys(ALL, False)


def test_a_case_that_needs_a_wrong_item_says_nothing(nets: Rubric) -> None:
    known = end.verdicts(nets, affine_forward=False, FullyConnectedNet=False, TwoLayerNet=False)
    worker = end.Worker({"FullyConnectedNet/later": {**NET, "loss": 9.0}}, NET)
    found = end.Graded(nets, known, worker, GOLDEN).follow_through()
    assert found["FullyConnectedNet"].right == ALL
    known = end.verdicts(nets, affine_forward=False, FullyConnectedNet=False)
    worker = end.Worker({"FullyConnectedNet/later": {**NET, "loss": 9.0}}, NET)
    found = end.Graded(nets, known, worker, GOLDEN).follow_through()
    assert found["FullyConnectedNet"].right == {**ALL, "loss": False}


CALLED: dict[str, tuple[list[str], list[str], str | None]] = {
    # wrong layers, calls of the net -> whose mistake it was
    "a wrong layer": (["relu_forward"], ["affine_forward", "relu_forward"], "relu_forward"),
    "the first wrong one of the rubric": (
        ["affine_forward", "relu_forward"], ["relu_forward", "affine_forward"], "affine_forward",
    ),
    "a wrong layer that is not called": (["affine_forward"], ["relu_forward"], None),
    "no call was seen": (["affine_forward"], [], None),
    "a function that nobody judged": (["affine_forward"], ["affine_relu_forward"], None),
}  # fmt: skip


@pytest.mark.parametrize(("wrong", "called", "root"), CALLED.values(), ids=CALLED)
def test_the_mistake_was_that_of_a_wrong_layer_that_the_net_calls(
    wrong: list[str], called: list[str], root: str | None, nets: Rubric
) -> None:
    known = end.verdicts(nets, **dict.fromkeys([*wrong, "TwoLayerNet"], False))
    worker = end.Worker({"TwoLayerNet/b": calls(*called)}, NET)
    found = end.Graded(nets, known, worker, GOLDEN).follow_through()
    assert found["TwoLayerNet"].root == root


def test_what_another_net_calls_is_not_this_ones_mistake(nets: Rubric) -> None:
    nets_wrong = dict.fromkeys(("affine_forward", "TwoLayerNet", "FullyConnectedNet"), False)
    worker = end.Worker({"TwoLayerNet/a": calls("affine_forward")}, NET)
    found = end.Graded(nets, end.verdicts(nets, **nets_wrong), worker, GOLDEN).follow_through()
    assert (found["TwoLayerNet"].root, found["FullyConnectedNet"].root) == ("affine_forward", None)


# ---------------------------------------------------------------- promised caches

DX: Arrays = {"dx": [[1.0, 2.0]]}
PASSES = {"affine_backward": "affine_forward", "relu_backward": "relu_forward"}


@pytest.fixture(scope="module")
def layers() -> Rubric:
    return end.rubric(
        end.item("affine_forward"),
        end.item("relu_forward"),
        end.item("affine_backward", ["a", HIDDEN], parts={"dx": 1}),
        end.item("relu_backward", ["a"], parts={"dx": 1}),
    )


PLAIN: dict[str, tuple[list[str], list[str]]] = {
    # wrong items -> backward passes that are tried by themselves
    "both passes": (["relu_forward", "relu_backward"], ["relu_backward"]),
    "the backward pass alone": (["relu_backward"], []),
    "the forward pass alone": (["relu_forward"], []),
    "of different layers": (["affine_forward", "relu_backward"], []),
    "all": ([*PASSES, *PASSES.values()], list(PASSES)),
}


@pytest.mark.parametrize(("wrong", "tried"), PLAIN.values(), ids=PLAIN)
def test_a_backward_pass_behind_a_wrong_forward_pass_gets_the_promised_cache(
    wrong: list[str], tried: list[str], layers: Rubric
) -> None:
    worker = end.Worker(otherwise=DX)
    known = end.verdicts(layers, **dict.fromkeys(wrong, False))
    found = end.Graded(layers, known, worker, end.Answers({}, _arrays(DX))).follow_through()
    assert {name: again.root for name, again in found.items()} == {
        name: PASSES[name] for name in tried
    }
    assert all(again.right == {"dx": True} and not again.held for again in found.values())
    assert {row["item"] for row in worker.rows} == set(tried)
    assert all(row["options"] == {"own_forward": False} for row in worker.rows)
    assert all(not job.graft for job in worker.jobs)
    assert worker.calls[-1:] == (["close"] if tried else [])


def test_options_of_a_case_stay_beside_the_promised_cache() -> None:
    options = {"keep": 0.5, "mode": "test"}
    case = {"id": "a", "inputs": {"x": "2x3", "dout": "2x3"}, "options": options}
    rubric = end.rubric(
        end.item("dropout_forward", probe="layers.relu_forward"),
        end.item(
            "dropout_backward", [{"probe": "dropout.dropout_backward", **case}],
            probe="layers.relu_backward", judge="dropout.backward", parts={"dx": 1},
        ),
    )  # fmt: skip
    worker = end.Worker(otherwise=DX)
    known = end.verdicts(rubric, dropout_forward=False, dropout_backward=False)
    end.Graded(rubric, known, worker).follow_through()
    assert worker.rows[0]["options"] == {**options, "own_forward": False}


def test_nets_and_backward_passes_have_sessions_of_their_own() -> None:
    rubric = end.rubric(
        end.item("relu_forward"),
        end.item("relu_backward", ["a"], parts={"dx": 1}),
        end.item("TwoLayerNet", ["a"]),
    )
    worker = end.Worker({"TwoLayerNet/a": NET}, DX)
    known = end.verdicts(
        rubric, **dict.fromkeys(("relu_forward", "relu_backward", "TwoLayerNet"), False)
    )
    answers = golden(TwoLayerNet__a=NET, relu_backward__a=DX)
    found = end.Graded(rubric, known, worker, answers).follow_through()
    assert {name: again.root for name, again in found.items()} == {
        "TwoLayerNet": None, "relu_backward": "relu_forward",
    }  # fmt: skip
    assert [bool(job.graft) for job in worker.jobs] == [False, True]
    assert worker.calls.count("close") == 2


# ---------------------------------------------------------------- own normalizations

OWN = "batchnorm_backward/large/own"
LARGE = {"x": "5x2", "gamma": "2", "beta": "2", "dout": "5x2"}
NORM = ("batchnorm_forward", "batchnorm_backward")


@pytest.fixture(scope="module")
def norms() -> Rubric:
    """A normalization with plain cases of two sizes and a larger one on shifted numbers."""
    shifted = {"x": "9x2 +8", "gamma": "2", "beta": "2", "dout": "9x2"}
    cases = ["a", {"id": "large", "inputs": LARGE}, {"id": "shifted", "inputs": shifted}]
    return end.rubric(end.item("batchnorm_forward"), end.item("batchnorm_backward", cases))


def halves(rubric: Rubric) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the gradients of a batch normalization, and the outputs that they are held against."""
    worker = end.Worker()
    end.Graded(rubric, end.verdicts(rubric, **dict.fromkeys(NORM, False)), worker).follow_through()
    given = {name.rpartition(":")[2]: a for arrays in worker.inputs for name, a in arrays.items()}
    at = {name: given[name] for name in ("x", "gamma", "beta")}
    x, gamma, dout = at["x"], at["gamma"], given["dout"]
    std = np.sqrt(x.var(axis=0) + 1e-5)
    hat, g = (x - x.mean(axis=0)) / std, dout * gamma
    dx = (g - g.mean(axis=0) - hat * (g * hat).mean(axis=0)) / std
    gradients = {"dx": dx, "dgamma": (dout * hat).sum(axis=0), "dbeta": dout.sum(axis=0)}
    ends = {
        f"d{name}_ends": [run(**{**at, name: one + s * given[f"{name}_along"]}) for s in TWO_ENDS]
        for name, one in at.items()
    }
    nudges = NUDGE * np.eye(x.size).reshape(-1, *x.shape)
    return gradients, {
        **ends,
        "plain": run(x, np.ones(2), np.zeros(2)),
        "out": run(**at),
        "out_of_moved": run(**{**at, "x": 1.5 * x + 3}),
        "out_of_each": [run(**{**at, "x": x + nudge}) for nudge in nudges],
    }


TWO_ENDS = (STEP, -STEP)


def run(x: Any, gamma: Any, beta: Any) -> Any:
    return gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5) + beta


def held(rubric: Rubric, backward: Any, ends: Any, **others: Any) -> tuple[Any, end.Worker]:
    """Return how the normalization was found when tried again, if it was."""
    worker = end.Worker({f"{OWN}/backward": backward, f"{OWN}/ends": ends}, **others)
    known = end.verdicts(rubric, **dict.fromkeys(NORM, False))
    return end.Graded(rubric, known, worker).follow_through().get(NORM[1]), worker


def test_a_gradient_of_an_own_forward_pass_that_normalizes_is_right(norms: Rubric) -> None:
    again, worker = held(norms, *halves(norms))
    assert again.right == {"dx": True, "dgamma": True, "dbeta": True}
    assert again.held and again.root == "batchnorm_forward"
    assert set(again.evidence) == {OWN} and again.evidence[OWN].outcome == "answered"
    assert not again.evidence[OWN].unstable and again.evidence[OWN].case == OWN
    assert worker.calls == ["open", "run", "run", "close"] and not worker.jobs[0].graft


def test_the_backward_pass_knows_no_direction_and_the_forward_pass_no_dout(norms: Rubric) -> None:
    _, worker = held(norms, *halves(norms))
    assert worker.ran == [[f"{OWN}/backward"], [f"{OWN}/ends"]]
    backward, ends = worker.rows
    assert (backward["probe"], ends["probe"]) == ("own.norm_backward", "own.norm_ends")
    assert backward["options"] == {"forward": NORM[0], "backward": NORM[1]}
    assert ends["options"] == {"forward": NORM[0], "step": STEP, "nudge": NUDGE}
    shapes = [
        {name.rpartition(":")[2]: array.shape for name, array in arrays.items()}
        for arrays in worker.inputs
    ]
    taken = {"x": (5, 2), "gamma": (2,), "beta": (2,)}
    assert shapes[0] == {**taken, "dout": (5, 2)}
    assert shapes[1] == {**taken, **{f"{name}_along": shape for name, shape in taken.items()}}
    assert not (worker.inputs[0][f"{OWN}/backward:x"] == halves_of_public_case(norms)).all()


def halves_of_public_case(rubric: Rubric) -> np.ndarray:
    """Return what x is where the case is not asked as a hidden one."""
    return next(
        rubric.case_inputs(c)["x"] for c in rubric.cases if c.id == OWN.removesuffix("/own")
    )


PAIRS = {
    "batchnorm_backward": "batchnorm_forward",
    "batchnorm_backward_alt": "batchnorm_forward",
    "layernorm_backward": "layernorm_forward",
}


@pytest.mark.parametrize(("backward", "forward"), PAIRS.items())
def test_each_normalization_is_tried_with_its_own_forward_pass_and_the_options_of_its_case(
    backward: str, forward: str
) -> None:
    case = {"id": "large", "inputs": LARGE, "options": {"eps": 0.25}}
    rubric = end.rubric(end.item(forward), end.item(backward, [case]))
    worker = end.Worker()
    known = end.verdicts(rubric, **{forward: False, backward: False})
    end.Graded(rubric, known, worker).follow_through()
    options = {"eps": 0.25, "forward": forward}
    assert [row["options"] for row in worker.rows][:2] == [
        {**options, "backward": backward}, {**options, "step": STEP, "nudge": NUDGE},
    ]  # fmt: skip
    assert len(worker.rows) == (2 if forward == "layernorm_forward" else 4)


def test_only_a_normalization_is_held_against_its_own_forward_pass(
    layers: Rubric, norms: Rubric
) -> None:
    backward, ends = halves(norms)
    worker = end.Worker(otherwise={**backward, **ends, **DX})
    known = end.verdicts(layers, relu_forward=False, relu_backward=False)
    found = end.Graded(layers, known, worker, end.Answers({}, _arrays(DX))).follow_through()
    assert not found["relu_backward"].held


def test_an_own_forward_pass_that_does_not_normalize_makes_nothing_right(norms: Rubric) -> None:
    gradients, ends = halves(norms)
    again, _ = held(norms, gradients, {**ends, "plain": np.ones((5, 2))})
    assert again.right == {"dx": False, "dgamma": False, "dbeta": False} and again.held


@pytest.mark.parametrize("wrong", ["dx", "dgamma", "dbeta"])
def test_a_gradient_that_is_not_that_of_the_own_forward_pass_is_wrong(
    wrong: str, norms: Rubric
) -> None:
    gradients, ends = halves(norms)
    again, _ = held(norms, {**gradients, wrong: 2 * gradients[wrong]}, ends)
    assert again.right == {"dx": True, "dgamma": True, "dbeta": True, wrong: False}
    assert not again.held


def test_gradients_that_are_all_wrong_are_the_items_own_mistake(norms: Rubric) -> None:
    gradients, ends = halves(norms)
    again, _ = held(norms, {name: 2 * array for name, array in gradients.items()}, ends)
    assert again.right == {"dx": False, "dgamma": False, "dbeta": False} and not again.held


STOPS: dict[str, tuple[bool, bool]] = {
    "the backward pass stops": (True, False),
    "the forward pass stops": (False, True),
    "both stop": (True, True),
}


@pytest.mark.parametrize(("backward", "forward"), STOPS.values(), ids=STOPS)
def test_where_a_half_stops_nothing_is_known(backward: bool, forward: bool, norms: Rubric) -> None:
    gradients, ends = halves(norms)
    again, worker = held(norms, "raised" if backward else gradients, "died" if forward else ends)
    assert again is None and len(worker.ran) == 4


def test_a_normalization_over_the_batch_in_test_mode_is_held_against_that(norms: Rubric) -> None:
    backward, ends = halves(norms)
    others = {f"{OWN} test/backward": backward, f"{OWN} test/ends": ends}
    worker = end.Worker({f"{OWN}/backward": "raised", f"{OWN}/ends": ends, **others})
    known = end.verdicts(norms, **dict.fromkeys(NORM, False))
    again = end.Graded(norms, known, worker).follow_through()[NORM[1]]
    assert again.right == {"dx": True, "dgamma": True, "dbeta": True} and again.held
    modes = [row["options"].get("mode") for row in worker.rows]
    assert modes == [None, None, "test", "test"]


SIZES: dict[str, tuple[list[str], str]] = {
    # cases that gave an answer -> the one that is asked
    "all did": (["a", "square", "large"], "large"),
    "none did": ([], "large"),
    "the largest one did not": (["a", "square"], "square"),
}


@pytest.mark.parametrize(("answered", "asked"), SIZES.values(), ids=SIZES)
def test_the_largest_case_that_gave_an_answer_is_asked(answered: list[str], asked: str) -> None:
    square = {"x": "2x2", "gamma": "2", "beta": "2", "dout": "2x2"}
    small = {"x": "1x2", "gamma": "2", "beta": "2", "dout": "1x2"}
    inputs = {"a": small, "square": square, "large": LARGE}
    cases = [{"id": name, "inputs": one} for name, one in inputs.items()]
    rubric = end.rubric(end.item("layernorm_forward"), end.item("layernorm_backward", cases))
    known = end.verdicts(rubric, layernorm_forward=False, layernorm_backward=False)
    ids = [f"layernorm_backward/{name}" for name in answered]
    evidence = {one: Evidence(one, "answered") for one in ids}
    worker = end.Worker()
    end.Graded(rubric, known, worker, evidence=evidence).follow_through()
    assert worker.ran[0] == [f"layernorm_backward/{asked}/own/backward"]


@pytest.mark.filterwarnings("error")
def test_numbers_at_the_end_of_the_range_are_no_gradient_and_warn_of_nothing(
    norms: Rubric,
) -> None:
    gradients, ends = halves(norms)
    huge = {name: np.full_like(np.asarray(one), 1e308) for name, one in gradients.items()}
    again, _ = held(norms, huge, ends)
    assert not again.held


def test_without_a_plain_case_a_normalization_is_not_tried() -> None:
    shifted = {**LARGE, "x": "5x2 +8"}
    rubric = end.rubric(
        end.item("batchnorm_forward"),
        end.item("batchnorm_backward", [{"id": "a", "inputs": shifted}]),
    )
    again, worker = held(rubric, {}, {})
    assert again is None and worker.calls == []


def test_what_takes_no_means_is_not_tried_as_a_normalization(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = Operation("conv_backward", forward="conv_forward")
    monkeypatch.setattr(follow, "OPERATIONS", {**OPERATIONS, row.name: row})
    rubric = end.rubric(
        end.item("conv_forward"),
        end.item("conv_backward", probe="layers.relu_backward"),
        end.item("FullyConnectedNet.batchnorm"),
    )
    worker = end.Worker()
    wrong = ("conv_forward", "conv_backward", "FullyConnectedNet_batchnorm")
    known = end.verdicts(rubric, **dict.fromkeys(wrong, False))
    assert end.Graded(rubric, known, worker, grafts={}).follow_through() == {}
    assert worker.calls == []


def test_an_item_that_nothing_was_asked_of_is_not_held_by_what_another_one_answers(
    norms: Rubric,
) -> None:
    alt = end.item("batchnorm_backward_alt", [{"id": "a", "inputs": {**LARGE, "x": "5x2 +8"}}])
    plain = end.item("batchnorm_backward", [{"id": "large", "inputs": LARGE}])
    rubric = end.rubric(end.item("batchnorm_forward"), plain, alt)
    backward, ends = halves(norms)
    worker = end.Worker({f"{OWN}/backward": backward, f"{OWN}/ends": ends})
    wrong = dict.fromkeys((*NORM, "batchnorm_backward_alt"), False)
    found = end.Graded(rubric, end.verdicts(rubric, **wrong), worker).follow_through()
    assert set(found) == {"batchnorm_backward"} and found["batchnorm_backward"].held
