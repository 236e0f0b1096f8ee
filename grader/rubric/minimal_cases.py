"""The small cases of an item: the first that fails is the example that its report shows.

They decide nothing. A small case belongs to a probe (grader.guest.operations); an item has those of
the probes that its own cases ask, and takes over from them what is no number: the update rule, the
normalization, the part.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from grader.guest.operations import operation_of
from grader.guest.small import Small
from grader.types import Case

PREFIX = "small_"
# Options of an item's own cases that a small case takes over.
TAKEN = ("rule", "watch", "normalization")


def of(cases: Sequence[Case], parts: Sequence[str]) -> tuple[Case, ...]:
    """Return the small cases of an item with these cases and parts, the smallest first."""
    first: dict[str, Case] = {}
    for case in cases:
        first.setdefault(case.probe, case)
    found = [
        _case(case, small, parts)
        for probe, case in first.items()
        for small in operation_of(probe, case.options).minimal.get(probe.partition(".")[2], ())
        if _fits(small, case)
    ]
    return tuple(sorted((_accepting(one, cases) for one in found), key=_numbers))


def _case(like: Case, small: Small, parts: Sequence[str]) -> Case:
    taken = {name: like.options[name] for name in TAKEN if name in like.options}
    keep = {"keep": 0.5} if "keep" in like.options else {}
    whole = small.probe is not None  # then it is about the same as the cases it stands for
    return replace(
        like,
        id=f"{like.item}/{PREFIX}{small.name}",
        probe=small.probe or like.probe,
        inputs={name: f"{text} halves" if "labels" not in text else text
                for name, text in small.inputs.items()},
        options={**taken, **keep, **small.options},
        public=True,
        judge="values.close",
        part=small.part if small.part in parts else like.part if whole or like.part else None,
        only=like.only if whole else (),
        needs=(),
    )  # fmt: skip


def _accepting(small: Case, cases: Sequence[Case]) -> Case:
    """Return a small case that accepts the conventions which all cases of its part accept."""
    same = [set(one.alternatives) for one in cases if one.part == small.part]
    accepted = set(small.alternatives).intersection(*same)
    return replace(small, alternatives=tuple(n for n in small.alternatives if n in accepted))


def _fits(small: Small, case: Case) -> bool:
    """Say whether a small case makes sense: a normalized net has three units at least to a mean."""
    dims = small.options.get("dims")
    is_wide = dims is not None and min(dims[1:-1]) > 2
    return dims is None or is_wide == bool(case.options.get("normalization"))


def _numbers(case: Case) -> int:
    """Return how many numbers go into a case."""
    sizes = (text.split()[0].split("x") for text in case.inputs.values())
    return sum(math.prod(map(int, size)) for size in sizes)
