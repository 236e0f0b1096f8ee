"""Does a backward pass try its forward pass out? By what it called while a right answer was made.

The source is looked at too (grader.submission.review.gradients); this is what was seen at run time.
An honest backward pass may call its forward pass once, helpers that both use, and another backward
pass. What goes beyond is a flag for a person, and costs no point. It was seen in hidden cases too,
so no name of the student's own and no exact count is told: they could spell an input.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from grader.grading.verdicts import Verdict
from grader.guest.operations import FUNCTIONS
from grader.rubric.cases import Rubric
from grader.types import Flag, PassCount

TIMES = 20  # what the forward pass itself does: more is no helper's work


def flags(
    counts: Mapping[str, Sequence[PassCount]], rubric: Rubric, verdicts: Mapping[str, Verdict]
) -> tuple[Flag, ...]:
    """Return a flag for each backward pass that asked much of its forward pass, by item."""
    return tuple(
        Flag("numeric_gradient", message, rubric.item(item).where)
        for item, its_own in counts.items()
        if verdicts[item].passed
        for message in list(_messages(item, its_own))[:1]
    )


def _messages(item: str, counts: Sequence[PassCount]) -> Iterator[str]:
    """Yield what is much about the calls of each function, forward passes first."""
    for one in sorted(counts, key=lambda one: "forward" not in one.function):
        if (what := _much(one)) is not None:
            name = one.function if one.function in FUNCTIONS else "a function"
            yield (
                f"{item} calls {name}, which is of the forward pass, {what}: "
                "see whether it is a numeric gradient"
            )


def _much(one: PassCount) -> str | None:
    """Return in words what is more than an honest backward pass needs; None if nothing is."""
    is_forward = "forward" in one.function
    if one.complex_calls:
        return "with complex numbers"
    if one.calls > max(1, one.forward_calls) * (1 if is_forward else TIMES):
        more = "more often than" if is_forward else f"more than {TIMES} times as often as"
        return f"{more} one forward pass does"
    if one.numbers > TIMES * one.forward_numbers:
        return f"on more than {TIMES} times the numbers that one forward pass takes"
    return None
