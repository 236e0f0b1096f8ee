"""Follow-through: one mistake is paid for once.

A net that fails where a layer is wrong runs again with the reference's layers in the place of the
student's; what is right there was only a consequence, and which layers it calls is seen there. So
does a net over layers that are right to single precision only, for it cannot be more. A backward
pass that fails where its forward pass is wrong is tried by itself: affine and relu with the cache
that is promised, a normalization against its own forward pass, for the cache between them is the
student's own. No text and no array of these sessions is shown to anyone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from grader.box.session import Session
from grader.grading.dependencies import Verdicts, fails, kind
from grader.grading.facts import Again, Facts
from grader.grading.rerun import Rerun
from grader.grading.verdicts import Evaluator
from grader.guest.operations import OPERATIONS, forward_of
from grader.judges import own
from grader.rubric.records import Item
from grader.types import Case, Evidence

DECISIVE = ("value", "shape")  # a fault of these kinds says that the item itself is wrong


def through(rerun: Rerun) -> dict[str, Again]:
    """Try again what may be a consequence, by item."""
    facts, rubric, layers = rerun.facts, rerun.facts.rubric, rerun.assignment.grafts
    verdicts = facts.verdicts
    failed = [one.item for name, one in facts.failed().items() if name not in facts.followed]
    nets = [item for item in failed if layers and kind(item) == "nets" and _over_layers(verdicts)]
    norms = [item for item in failed if fails(_norm_forward(item.id), verdicts)]
    plain = [item for item in failed if fails(forward_of(item.id, promised=True), verdicts)]
    found: dict[str, Again] = {}
    for items, job, cases in (
        (norms, rerun.job, [case for item in norms for case in _own_cases(item, facts)]),
        # Whoever exchanged the modes normalizes over the batch, and keeps a cache, in test mode.
        (norms, rerun.job, [case for item in norms for case in _own_cases(item, facts, "test")]),
        (plain, rerun.job, [alone(c) for item in plain for c in rubric.cases_of(item.id)]),
        # Last: they need a session over other layers, in which the search for causes goes on.
        (nets, rerun.over(layers), [c for item in nets for c in rubric.cases_of(item.id)]),
    ):
        items = [one for one in items if one.id not in {**found, **rerun.broken}]
        cases = [case for case in cases if case.item in {item.id for item in items}]
        if not cases or not rerun.has_time:
            continue
        of_own = all(case.judge == "own.gradient" for case in cases)
        with rerun.deciding(items):
            with rerun.session(job) as session:
                if of_own:
                    evidence = _of_halves(session, cases)
                else:
                    evidence = session.observe(cases, facts.evaluator.is_right)
            for item in items:
                with rerun.deciding([item]):
                    mine = [case for case in cases if case.item == item.id]
                    again = _again(mine, evidence, rerun, item, of_own)
                    found |= {item.id: again} if again is not None else {}
    return found


def _again(
    cases: Sequence[Case], evidence: Mapping[str, Evidence], rerun: Rerun, item: Item, of_own: bool
) -> Again | None:
    """Return what trying an item again, or `of_own` forward pass, has shown; None if nothing."""
    facts = rerun.facts
    wrong = {name for name, verdict in facts.verdicts.items() if not verdict.passed}
    again = facts.evaluator.verdict(item, evidence, cases, wrong)
    if again.broken:
        rerun.broken[item.id] = again
    held = of_own and bool(cases)  # of no case nothing is known
    held = held and all(_is_gradient(facts.evaluator, c, evidence[c.id]) for c in cases)
    if not (held or any(again.right.values()) or any(f.kind in DECISIVE for f in again.faults)):
        return None
    root = forward_of(item.id) or _called(cases, evidence, facts.verdicts)
    return Again(again.right, evidence, root, held)


def _is_gradient(evaluator: Evaluator, case: Case, evidence: Evidence) -> bool:
    with np.errstate(all="ignore"):  # a student's numbers may be anything
        return own.is_gradient(evaluator.attempt(case, evidence))


def _norm_forward(name: str) -> str:
    """Return the forward pass of a normalization's backward pass; else ""."""
    row = OPERATIONS.get(name)
    return row.forward if row is not None and row.axis is not None else ""


def _over_layers(verdicts: Verdicts) -> bool:
    """Say whether right layers can help a net: some layer is wrong, or right to float32 only."""
    layers = [v for v in verdicts.values() if kind(v.item) == "layers"]
    return any(not layer.passed or layer.single_precision for layer in layers)


def _called(
    cases: Sequence[Case], evidence: Mapping[str, Evidence], verdicts: Verdicts
) -> str | None:
    """Return the first wrong layer that a net was seen to call."""
    called = {call.name for case in cases for call in evidence[case.id].calls}
    return next((name for name in verdicts if name in called and fails(name, verdicts)), None)


def _own_cases(item: Item, facts: Facts, mode: str = "") -> list[Case]:
    """Return a plain case of the item as a question about the own forward pass, in a `mode` of it.

    Plain, and the largest that gave an answer: of two numbers that lie close together no difference
    can be taken.
    """
    forward = OPERATIONS[item.id].forward
    plain = [c for c in facts.rubric.cases if c.item == item.id and " " not in c.inputs["x"]]
    if not plain or (mode and not OPERATIONS[forward].modes):
        return []

    def suits(case: Case) -> tuple[bool, int]:
        size = math.prod(map(int, case.inputs["x"].split("x")))
        seen = facts.evidence.get(case.id)
        return seen is not None and seen.outcome == "answered", size

    case = max(plain, key=suits)
    along = {f"{name}_along": case.inputs[name].split()[0] for name in ("x", "gamma", "beta")}
    options = {**case.options, "forward": forward, "backward": item.id}
    options |= {"mode": mode} if mode else {}
    name = f"{case.id}/own {mode}".strip()
    case = replace(case, id=name, probe="own.norm_backward", judge="own.gradient")
    return [replace(case, public=False, inputs={**case.inputs, **along}, options=options)]


def _of_halves(session: Session, cases: Sequence[Case]) -> dict[str, Evidence]:
    """Run the two halves of each own case in children of their own; return what both saw."""
    seen: dict[str, Evidence] = {}
    for case in cases:
        backward, forward = (session.once([half])[half.id] for half in _halves(case))
        # A half that stopped has no arrays, and without them no gradient is right.
        arrays = {**backward.arrays, **forward.arrays}
        seen[case.id] = replace(backward, case=case.id, arrays=arrays)
    return seen


def _halves(case: Case) -> tuple[Case, Case]:
    """Return the backward pass without directions, and the forward pass without dout."""
    backward = {n: text for n, text in case.inputs.items() if not n.endswith("_along")}
    forward = {n: text for n, text in case.inputs.items() if n != "dout"}
    options = {n: value for n, value in case.options.items() if n != "backward"}
    options |= {"step": own.STEP, "nudge": own.NUDGE}
    ends = replace(case, probe="own.norm_ends", options=options)
    return (
        replace(case, id=f"{case.id}/backward", inputs=backward),
        replace(ends, id=f"{case.id}/ends", inputs=forward),
    )


def alone(case: Case) -> Case:
    """Return a case that gives the backward pass the promised cache: same inputs, same answers."""
    return replace(case, options={**case.options, "own_forward": False})
