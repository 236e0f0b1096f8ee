"""A convention that is accepted in a layer is accepted in every net that uses the layer."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader import judges
from grader.authoring.fixtures import reference
from grader.box import evidence as box
from grader.grading.assignment import Assignment
from grader.grading.verdicts import Evaluator
from grader.guest.observe import observe
from grader.guest.probes.nn import Conventions, Implementation
from grader.rubric.cases import Rubric, expanded
from grader.types import Case

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "reference"
NORMS = ("batchnorm", "layernorm")
Layer = Callable[..., Any]


def loaded(*alternatives: str) -> dict[str, Any]:
    """Return the modules of the reference in a convention, to be changed by one test."""
    with reference.implementation(REFERENCE, "+".join(filter(None, alternatives))) as nn:
        return dict(nn._modules)


def accepted(rubric: Rubric, *items: str) -> list[str]:
    """Return the conventions of layers that a rubric accepts, the reference's own first."""
    known = {item.id: item for item in rubric.table.items}
    names = [n for item in items if item in known for n in expanded(known[item].alternatives)]
    return list(dict.fromkeys(["", *names]))


def nets(rubric: Rubric, normalization: str | None) -> list[Case]:
    """Return the cases of nets with a normalization whose answers are golden."""
    return [
        case
        for case in rubric.cases
        if case.probe.startswith("nets.")
        and judges.find(case.judge).golden
        and case.options.get("normalization") == normalization
    ]


def mixed(kind: str, train: str, back: str, dgamma: str, test: str) -> tuple[Layer, Layer]:
    """Return a normalization whose passes each follow a convention of their own, and its backward.

    Each is a black box that is right by one convention: nothing is known here of how they differ.
    """
    boxes = {name: loaded(name)["layers"] for name in {train, back, dgamma, test}}

    def forward(x: Any, gamma: Any, beta: Any, param: dict[str, Any]) -> Any:
        run = {name: getattr(box, f"{kind}_forward") for name, box in boxes.items()}
        if param.get("mode") == "test":
            return run[test](x, gamma, beta, param)
        caches = {name: run[name](x, gamma, beta, dict(param))[1] for name in (back, dgamma)}
        return run[train](x, gamma, beta, param)[0], caches

    def backward(dout: Any, caches: dict[str, Any]) -> Any:
        run = {name: getattr(boxes[name], f"{kind}_backward") for name in caches}
        dx, _, dbeta = run[back](dout, caches[back])
        return dx, run[dgamma](dout, caches[dgamma])[1], dbeta

    return forward, backward


def wrong(
    rubric: Rubric, evaluator: Evaluator, cases: list[Case], modules: dict[str, Any]
) -> list[str]:
    """Return which outputs of which cases are not right."""
    nn = Implementation(modules, Conventions())
    found = []
    for case in cases:
        row = box.asked(case) | {"strided": []}
        evidence = box.evidence_of(case, *observe(nn, row, rubric.case_inputs(case), {}), {})
        assert evidence.outcome == "answered", (case.id, evidence)
        right = {
            f.output for f in evaluator.findings(case, evidence) if f.kind is None or f.warning
        }
        found += [f"{case.id}: {name}" for name in evaluator.names(case) if name not in right]
    return found


RUBRICS = sorted(path.stem for path in (ROOT / "rubrics").glob("*.toml"))


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("kind", NORMS)
@pytest.mark.parametrize("name", RUBRICS)
def test_a_net_takes_every_mixture_of_what_its_normalization_may_be(
    name: str, kind: str, assignments: dict[str, Assignment]
) -> None:
    rubric = assignments[name].rubric
    evaluator, cases = Evaluator(rubric, assignments[name].golden), nets(rubric, kind)
    forwards = accepted(rubric, f"{kind}_forward")
    backs = accepted(rubric, f"{kind}_backward", f"{kind}_backward_alt")
    starters = ["", *accepted(rubric, f"FullyConnectedNet.{kind}")]
    starters = [one for one in starters if one in ("", "starter_2016")]
    training = [c for c in cases if "x_test" not in c.inputs and "y" in c.inputs]
    scoring = [case for case in cases if case not in training]
    for starter in dict.fromkeys(starters):
        # What is asked of training does not know test mode, and what is asked of test mode no dout.
        for asked, (train, back, dgamma, test) in [
            *((training, (f, b, d, f)) for f, b in itertools.product(forwards, backs)
              for d in dict.fromkeys((f, b))),
            *((scoring, (f, f, f, t)) for f, t in itertools.product(forwards, forwards)),
        ]:  # fmt: skip
            modules = loaded(starter)
            layer, backward = mixed(kind, train, back, dgamma, test)
            setattr(modules["fc_net"], f"{kind}_forward", layer)
            setattr(modules["fc_net"], f"{kind}_backward", backward)
            what = f"{starter}: train {train}, back {back}, dgamma {dgamma}, test {test}"
            assert wrong(rubric, evaluator, asked, modules) == [], what


@pytest.mark.parametrize("name", RUBRICS)
def test_a_net_takes_every_convention_of_its_other_layers(
    name: str, assignments: dict[str, Assignment]
) -> None:
    rubric = assignments[name].rubric
    evaluator = Evaluator(rubric, assignments[name].golden)
    layers = [i.id for i in rubric.table.items if i.where.startswith("layers.py")]
    others = [one for one in layers if not one.startswith(NORMS)]
    cases = [case for kind in (None, *NORMS) for case in nets(rubric, kind)]
    conventions = accepted(rubric, *others)
    assert len(conventions) > 1 and cases
    for convention in conventions:
        assert wrong(rubric, evaluator, cases, loaded(convention)) == [], convention


def test_a_choice_stands_for_each_of_its_combinations_once() -> None:
    assert expanded(["a", "|a|b+|c"]) == ("a", "c", "a+c", "b", "b+c")
    assert expanded(["x|y+z"]) == ("x+z", "y+z")
    assert expanded([]) == ()
