"""What a case came to in one run, beside what it came to in another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from grader.box.evidence import modules_of
from grader.types import Case, Evidence

RERUN = {"answered", "raised", "died", "memory", "missing"}
SHARED = {"answered", "raised", "missing"}  # of these several may run again in one child

Right = Callable[[Case, Evidence], bool]


def not_run(case: Case, why: str) -> Evidence:
    """Return the evidence of a case that nobody asks any more."""
    return Evidence(case.id, "not_run", text=why)


def stable(case: Case, good: Evidence, again: Evidence, right: Right) -> Evidence:
    """Return the `good` evidence, unless the case came out wrong `again`."""
    is_good = again.outcome not in RERUN or right(case, again)
    return good if is_good else replace(again, unstable=True)


def is_wrong(case: Case, evidence: Evidence, right: Right) -> bool:
    """Say whether a case has come to an end, and to a wrong one."""
    return evidence.outcome in RERUN and not right(case, evidence)


def is_same(one: Evidence, other: Evidence) -> bool:
    """Say whether a case came to the same twice, to the last bit."""
    told = [
        (e.outcome, e.refused, e.raised, e.mutated, e.text, e.calls, e.arrays.keys())
        for e in (one, other)
    ]
    return told[0] == told[1] and all(
        (array.dtype, array.shape, array.tobytes()) == (again.dtype, again.shape, again.tobytes())
        for array, again in ((array, other.arrays[name]) for name, array in one.arrays.items())
    )


def in_order(cases: Sequence[Case]) -> list[Case]:
    """Return the cases of single functions, then those of nets."""
    return sorted(cases, key=lambda case: "fc_net" in modules_of(case))
