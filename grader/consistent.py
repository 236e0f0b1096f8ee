"""Is a wrong backward pass the right gradient of the student's own forward pass?

Then the mistake is in the forward pass, and that is worth saying. It is asked only where both are
wrong, in a session of its own; it gives no points.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from grader import box, judges
from grader.follow import PROMISED
from grader.judges import Look, Rules
from grader.observing import observe
from grader.probes.nets import parameter_shapes
from grader.rubric import Rubric
from grader.session import Session
from grader.types import Case, Evidence
from grader.verdicts import Bench, Verdict

FORWARD = ("scores", "loss")  # parts of a net that its gradients follow from
LOSSES = ("nets.two_layer_loss", "nets.net_loss")
EACH = 2  # cases of an item: enough to tell, and cheap
ARGUMENTS = {"affine_backward": ("x", "w", "b"), "relu_backward": ("x",)}


def gradients(
    job: box.Job,
    worker: box.Worker,
    rubric: Rubric,
    bench: Bench,
    verdicts: Mapping[str, Verdict],
    deadline: float,
) -> frozenset[str]:
    """Return the items whose gradients are wrong, and yet those of their own forward pass."""
    asked = [
        case
        for name, verdict in verdicts.items()
        if verdict.written and not verdict.broken and _both_wrong(name, verdict, verdicts)
        for case in _cases(name, rubric)
    ]
    if not asked or time.monotonic() > deadline:
        return frozenset()
    session = Session(worker, job, rubric, deadline)
    try:
        evidence = observe(session, asked, bench)
    finally:
        session.close()
    wrong = {case.item for case in asked if not _agrees(case, evidence[case.id])}
    return frozenset(case.item for case in asked) - wrong


def _both_wrong(name: str, verdict: Verdict, verdicts: Mapping[str, Verdict]) -> bool:
    """Say whether the forward and the backward pass of an item are wrong, and nothing below it."""
    if name in ARGUMENTS:
        forward = verdicts.get(PROMISED[name])
        return not verdict.passed and forward is not None and not forward.passed
    right = verdict.right
    needs = (verdicts[need] for need in verdict.item.needs if need in verdicts)
    return (
        not right.get("gradients", True)
        and any(not right.get(part, True) for part in FORWARD)
        and all(need.passed for need in needs)
    )


def _cases(item: str, rubric: Rubric) -> Iterator[Case]:
    """Yield the first cases of an item as questions about its own forward pass."""
    cases = [case for case in rubric.cases if case.item == item]
    if item in ARGUMENTS:
        for case in cases[:EACH]:
            along = {f"{n}_along": case.inputs[n].split()[0] for n in ARGUMENTS[item]}
            own = {n: case.inputs[n] for n in (*ARGUMENTS[item], "dout")}
            options = {"forward": PROMISED[item], "backward": item}
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
    if evidence.outcome != "answered":
        return False
    look = Look(case, {}, evidence.arrays, evidence.refused, (), Rules(0.0, 0.0))
    with np.errstate(all="ignore"):  # a student's numbers may be anything
        return all(found.kind is None for found in judges.find(case.judge).decide(look))
