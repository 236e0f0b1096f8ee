"""Is a wrong backward pass the right gradient of the student's own forward pass?

Then the mistake is in the forward pass, and that is worth saying. It is asked only where both are
wrong, in a session of its own; it gives no points.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from grader import judges
from grader.grading.rerun import Rerun
from grader.grading.verdicts import Verdict
from grader.guest.operations import OPERATIONS, forward_of
from grader.guest.probes.models import parameter_shapes
from grader.judges import Attempt, Rules
from grader.judges.own import STEP
from grader.rubric.cases import Rubric
from grader.types import Case, Evidence

FORWARD = ("scores", "loss")  # parts of a net that its gradients follow from
LOSSES = ("nets.two_layer_loss", "nets.net_loss")
EACH = 2  # cases of an item: enough to tell, and cheap


def gradients(rerun: Rerun) -> frozenset[str]:
    """Return the items whose gradients are wrong, and yet those of their own forward pass."""
    facts = rerun.facts
    both = [n for n, verdict in facts.failed().items() if _both_wrong(n, verdict, facts.verdicts)]
    asked = [case for name in both for case in _cases(name, facts.rubric)]
    if not asked or not rerun.has_time:
        return frozenset()
    with rerun.session() as session:
        evidence = session.observe(asked, facts.evaluator.is_right)
    wrong = {case.item for case in asked if not _agrees(case, evidence[case.id])}
    return frozenset(case.item for case in asked) - wrong


def _both_wrong(name: str, verdict: Verdict, verdicts: Mapping[str, Verdict]) -> bool:
    """Say whether the forward and the backward pass of an item are wrong, and nothing below it."""
    if _is_layer(name):
        forward = verdicts.get(forward_of(name))
        return forward is not None and not forward.passed
    wrong = {part for part, right in verdict.right.items() if not right}
    needs = (verdicts[need] for need in verdict.item.needs if need in verdicts)
    both = "gradients" in wrong and not wrong.isdisjoint(FORWARD)
    return both and all(need.passed for need in needs)


def _is_layer(name: str) -> bool:
    """Say whether it is the backward pass of a layer that gives the same output again."""
    return bool(forward_of(name, promised=True)) and not OPERATIONS[name].random


def _cases(item: str, rubric: Rubric) -> Iterator[Case]:
    """Yield the first cases of an item as questions about its own forward pass."""
    cases = [case for case in rubric.cases if case.item == item]
    if _is_layer(item):
        forward = OPERATIONS[forward_of(item)]
        for case in cases[:EACH]:
            along = {f"{n}_along": case.inputs[n].split()[0] for n in forward.takes}
            own = {n: case.inputs[n] for n in (*forward.takes, "dout")}
            options = {"forward": forward.name, "backward": item, "step": STEP}
            yield _asked(case, "own.layer_gradient", {**own, **along}, options)
    for case in [case for case in cases if case.probe in LOSSES][:EACH]:
        shapes = parameter_shapes(case.options["dims"], "any").values()
        size = max(math.prod(shape) for shape in shapes)
        options = {**case.options, "net": item.partition(".")[0]}
        yield _asked(case, "nets.own_gradient", {**case.inputs, "along": str(size)}, options)


def _asked(
    case: Case, probe: str, inputs: Mapping[str, str], options: Mapping[str, object]
) -> Case:
    name = f"{case.id}/along"
    return replace(case, id=name, probe=probe, judge="own.along", inputs=inputs, options=options)


def _agrees(case: Case, evidence: Evidence) -> bool:
    attempt = Attempt(case, {}, evidence.arrays, evidence.refused, (), Rules(0.0, 0.0))
    with np.errstate(all="ignore"):  # a student's numbers may be anything
        return all(found.kind is None for found in judges.find(case.judge).decide(attempt))
