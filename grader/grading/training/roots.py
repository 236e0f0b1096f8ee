"""What a training goal that was not reached goes back to: code that is wrong, or not written.

A mistake in the code is charged where the code is judged. A run that used it may have diverged by
it alone, so it is no fault of its own: a person looks, once the code item is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from grader.grading.training.runs import drops, fits
from grader.rubric.cases import Rubric
from grader.rubric.records import Goal
from grader.types import ItemResult, Trained

Done = Mapping[str, ItemResult]
WRONG = ("partial", "failed", "error", "timeout", "skipped")  # what is not written trains no net


def of_runs(goal: Goal, runs: Iterable[Trained], done: Done, rubric: Rubric) -> str | None:
    """Return the failed code item that a run of a goal has used, the update rule first."""
    wanted = [one for one in (goal.runs, goal.against, goal.more_than) if one is not None]
    needs = {item.id: item.needs for item in rubric.table.items}
    for run in runs:
        if any(fits(run, one) for one in wanted):
            for name in used(run, needs):
                if is_wrong(name, done):
                    return top(name, done)
    return None


def used(run: Trained, needs: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield the items whose code a run has called, those of the deepest layers before their nets.

    The log tells the class of the net; where it does not, a net of two layers may be either.
    """
    training = run.training
    told = training.log.settings.get("net") if training.log else None
    nets = [told] if told in needs else ["FullyConnectedNet"]
    if told not in needs and len(training.layer_sizes) == 3 and not training.normalization:
        nets.append("TwoLayerNet")
    nets += [f"{nets[0]}.{training.normalization}"] if training.normalization else []
    nets += [f"{nets[0]}.dropout"] if drops(run) else []
    seen: set[str] = set()
    for name in (training.update_rule, *nets):
        yield from _below(str(name), needs, seen)


def _below(name: str, needs: Mapping[str, Sequence[str]], seen: set[str]) -> Iterator[str]:
    if name not in seen:
        seen.add(name)
        for need in needs.get(name, ()):
            yield from _below(need, needs, seen)
        yield name


def is_wrong(name: str, done: Done) -> bool:
    """Return whether there is a code item of this name that was charged, or follows from one."""
    return name in done and done[name].status in WRONG


def top(name: str, done: Done) -> str:
    """Return the item that is charged for what went wrong with this one."""
    seen = {name}
    while (cause := done[name].because_of) in done and cause not in seen:
        name = str(cause)
        seen.add(name)
    return name
