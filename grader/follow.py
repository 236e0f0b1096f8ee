"""Follow-through: one mistake is paid for once.

A net that fails where a layer it needs is wrong runs again with the reference's layers in the place
of the student's; what is right there was only a consequence. So does a net over layers that are
right to single precision only, for it cannot be more. A backward pass that fails where its forward
pass is wrong is tried by itself: affine and relu with the cache that is promised, a normalization
against its own forward pass, for the cache between them is the student's own. No text and no array
of these sessions is shown to anyone.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from grader import box
from grader.observing import observe
from grader.rubric import ItemTable, Rubric
from grader.session import Session
from grader.types import Case, Evidence
from grader.verdicts import Bench, Verdict

Verdicts = Mapping[str, Verdict]
# A backward pass, its forward pass, and the shapes of what the forward pass takes.
NORMS = {
    "batchnorm_backward": "batchnorm_forward",
    "batchnorm_backward_alt": "batchnorm_forward",
    "layernorm_backward": "layernorm_forward",
}
TELLING = ("value", "shape")  # a fault of these kinds says that the item itself is wrong
OWN_CASES = 2  # of a backward item: enough shapes to tell, and cheap
# A backward pass whose cache is promised by its forward pass's docstring.
PROMISED = {"affine_backward": "affine_forward", "relu_backward": "relu_forward"}


@dataclass(frozen=True)
class Again:
    """An item that was tried again: part -> right, and what happened, by case."""

    right: Mapping[str, bool]
    evidence: Mapping[str, Evidence]


def root(
    item: ItemTable, verdicts: Verdicts, kinds: Sequence[str] = ("layers", "nets")
) -> str | None:
    """Return the failed item that this one goes back to by its needs: the deepest of its kind."""
    for need in item.needs:
        if _fails(need, verdicts):
            deeper = root(verdicts[need].item, verdicts, kinds)
            if deeper or _kind(verdicts[need].item) in kinds:
                return deeper or need
        elif found := root(verdicts[need].item, verdicts, kinds) if need in verdicts else None:
            return found
    return None


def through(
    job: box.Job,
    grafts: Mapping[str, bytes],
    worker: box.Worker,
    rubric: Rubric,
    bench: Bench,
    verdicts: Verdicts,
    deadline: float,
) -> dict[str, Again]:
    """Try again what may be a consequence, by item."""
    failed = [v.item for v in verdicts.values() if not v.passed and v.written and not v.broken]
    nets = [item for item in failed if grafts and _over_layers(item, verdicts)]
    norms = [item for item in failed if _fails(NORMS.get(item.id), verdicts)]
    plain = [item for item in failed if _fails(PROMISED.get(item.id), verdicts)]
    found: dict[str, Again] = {}
    for items, own_job, cases in (
        (nets, replace(job, graft=grafts), [c for c in rubric.cases if c.item in _ids(nets)]),
        (norms, job, [case for item in norms for case in _own_cases(item, rubric)]),
        (plain, job, [_alone(case) for case in rubric.cases if case.item in _ids(plain)]),
    ):
        if cases and time.monotonic() < deadline:
            session = Session(worker, own_job, rubric, deadline)
            evidence = observe(session, cases, bench)
            session.close()
            for item in items:
                mine = [case for case in cases if case.item == item.id]
                wrong = {name for name, verdict in verdicts.items() if not verdict.passed}
                again = bench.verdict(item, evidence, mine, wrong)
                if any(again.right.values()) or any(f.kind in TELLING for f in again.faults):
                    found[item.id] = Again(again.right, evidence)
    return found


def _over_layers(item: ItemTable, verdicts: Verdicts) -> bool:
    """Say whether right layers can help: the item is a net, and a layer that it needs is wrong."""
    if _kind(item) != "nets":
        return False
    return root(item, verdicts, ("layers",)) is not None or any(
        verdicts[need].single_precision for need in _all_needs(item, verdicts)
    )


def _all_needs(item: ItemTable, verdicts: Verdicts) -> set[str]:
    """Return what an item needs, and what that needs."""
    needs = {need for need in item.needs if need in verdicts}
    return needs.union(*(_all_needs(verdicts[need].item, verdicts) for need in needs))


def _kind(item: ItemTable) -> str:
    """Return "nets" for an item that calls other items' layers, else "layers"."""
    probes = [case.probe or item.probe or "" for case in item.cases]
    return "nets" if any(probe.startswith("nets.") for probe in probes) else "layers"


def _fails(item_id: str | None, verdicts: Verdicts) -> bool:
    return item_id is not None and item_id in verdicts and not verdicts[item_id].passed


def _ids(items: Sequence[ItemTable]) -> set[str]:
    return {item.id for item in items}


def _own_cases(item: ItemTable, rubric: Rubric) -> list[Case]:
    """Return the item's first cases as questions about the own forward pass."""
    own = []
    for case in [c for c in rubric.cases if c.item == item.id][:OWN_CASES]:
        shapes = {name: case.inputs[name].split()[0] for name in ("x", "gamma", "beta")}
        own.append(
            replace(
                case,
                id=f"{case.id}/own",
                probe="own.norm_gradient",
                judge="own.gradient",
                inputs={**case.inputs, **{f"{n}_along": shape for n, shape in shapes.items()}},
                options={**case.options, "forward": NORMS[item.id], "backward": item.id},
            )
        )
    return own


def _alone(case: Case) -> Case:
    """Return a case that gives the backward pass the promised cache: same inputs, same answers."""
    return replace(case, options={**case.options, "own_forward": False})
