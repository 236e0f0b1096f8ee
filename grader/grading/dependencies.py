"""What an item depends on: a failure may only be the consequence of another one.

So what is graded alone is graded with all that its points can hang on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from grader.errors import UsageError
from grader.grading.verdicts import Verdict
from grader.guest.operations import forward_of
from grader.rubric.cases import Rubric
from grader.rubric.near import nearest
from grader.rubric.records import Item
from grader.types import Case

Verdicts = Mapping[str, Verdict]


def root(item: Item, verdicts: Verdicts, kinds: Sequence[str] = ("layers", "nets")) -> str | None:
    """Return the failed item that this one goes back to by its needs: the deepest of its kind."""
    for need in item.needs:
        if fails(need, verdicts):
            deeper = root(verdicts[need].item, verdicts, kinds)
            if deeper or kind(verdicts[need].item) in kinds:
                return deeper or need
        elif found := root(verdicts[need].item, verdicts, kinds) if need in verdicts else None:
            return found
    return None


def kind(item: Item) -> str:
    """Return "nets" for an item that calls other items' layers, else "layers"."""
    probes = [case.probe or item.probe or "" for case in item.cases]
    return "nets" if any(probe.startswith("nets.") for probe in probes) else "layers"


def fails(item_id: str, verdicts: Verdicts) -> bool:
    """Return whether there is an item of this id that is not right."""
    return item_id in verdicts and not verdicts[item_id].passed


def only(rubric: Rubric, asked: Iterable[str]) -> Rubric:
    """Return the rubric with the items asked for and all that their points can hang on.

    That is what they need; for a net the other nets, one of which may pay for it; for a forward
    pass its backward passes, for whose cache it pays; for an item of a notebook all code and every
    notebook, for it looks at the runs of all. Raises UsageError for an item that is not there.
    """
    known = {item.id: item for item in rubric.table.items}
    names = tuple(dict.fromkeys(asked))
    for name in names:
        if name not in known:
            raise UsageError(f"--only {name}: {_unknown(name, known)}")
    kinds = {known[name].kind for name in names}
    kept = set(names)
    if "notebook" in kinds:
        kept |= {item.id for item in rubric.table.items if item.kind != "question"}
    if any(kind(known[name]) == "nets" for name in names):
        kept |= {item.id for item in rubric.table.items if kind(item) == "nets"}
    while below := _needed(rubric, kept) - kept:
        kept |= below
    return rubric.part(kept, names)


def backward_of(rubric: Rubric, names: Collection[str]) -> tuple[str, ...]:
    """Return the backward passes of those that are forward passes."""
    return tuple(item.id for item in rubric.table.items if forward_of(item.id) in names)


def alone(rubric: Rubric, asked: Collection[str]) -> Rubric:
    """Return the rubric with the items asked for, as they are where nothing that they need is
    wrong.
    """
    items = tuple(
        replace(item, needs=(), cases=tuple(replace(row, needs=()) for row in item.cases))
        for item in rubric.table.items
        if item.id in asked
    )
    return Rubric(replace(rubric.table, items=items), rubric.sha256, rubric.place, tuple(asked))


def _needed(rubric: Rubric, names: Collection[str]) -> set[str]:
    """Return what items need, and what their cases need to say something."""
    found = {need for name in names for need in rubric.item(name).needs}
    found |= set(backward_of(rubric, names))
    return found | {n for name in names for case in rubric.cases_of(name) for n in case.needs}


def _unknown(name: str, known: Iterable[str]) -> str:
    meant = nearest(name, known)
    return f"there is no such item; use {meant if meant else 'one of ' + ', '.join(known)}"


def without_forward(case: Case, verdicts: Verdicts) -> Case:
    """Return a case that does without a forward pass that is wrong, where its cache is promised."""
    forward = verdicts.get(forward_of(case.item, promised=True))
    if forward is None or forward.passed:
        return case
    return replace(case, options={**case.options, "own_forward": False})
