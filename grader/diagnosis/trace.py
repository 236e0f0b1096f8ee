"""A net without a certain cause, asked once more over right layers: where does it go wrong?

What a mistake in a net comes to may hang on how its layers are written: a parameter of the wrong
shape raises in one and gives numbers in another. Over the reference's layers it gives what the
misconceptions gave when they were made.

There each call of a layer is known, with its numbers and the student's line
that made it. The reference's net makes the same calls; the first one that differs is where to look.
Only public cases are compared so. No point hangs on it, and of the numbers nothing is shown.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from grader.box.evidence import modules_of
from grader.grading.rerun import Rerun
from grader.types import Call, Case, Cause, Diagnosis, Evidence

ID = "symptom/leaves-the-way"
STARTS = "symptom/starts"
SAME = 1e-9  # of a sum's size: rounding, in whatever order it was taken
ALIKE = {"batchnorm_backward_alt": "batchnorm_backward"}


def evidence(rerun: Rerun, causes: Mapping[str, Diagnosis]) -> dict[str, Evidence]:
    """Return what happens over right layers in the cases of nets that are wrong, by case.

    Left out is what follow-through has run so already, and whose cause is certain.
    """
    facts, layers = rerun.facts, rerun.assignment.grafts
    certain = [name for name, why in causes.items() if why.cause.certain and why.hints]
    known = {*facts.followed, *certain}
    asked = [name for name in facts.failed() if name not in known and not facts.is_slow(name)]
    cases = [c for c in facts.rubric.cases if c.item in asked and "fc_net" in modules_of(c)]
    return rerun.nets(cases, rerun.over(layers)) if layers else {}


def causes(
    rerun: Rerun, over: Mapping[str, Evidence], found: Mapping[str, Diagnosis]
) -> dict[str, Diagnosis]:
    """Return the diagnosis, with the line added, of each net that no misconception explains.

    `over` is what happened over right layers, by case; what follow-through saw counts as well.
    """
    again = [one.evidence for one in rerun.facts.followed.values()]
    over = {key: one for seen in (*again, over) for key, one in seen.items() if one.calls}
    known = {name for name, one in found.items() if one.hints or one.whole}
    asked = [case for case in rerun.facts.rubric.cases if case.id in over and case.public]
    cases = [case for case in asked if case.item not in known]
    if not rerun.assignment.solved:
        return {}
    right = rerun.right_calls(cases)
    lines: dict[str, Diagnosis] = {}
    for case in (one for one in cases if one.id in right):
        message = difference(case, over[case.id].calls, right[case.id])
        if message and case.item not in lines:
            lines[case.item] = _with(found.get(case.item), message)
    return lines


def site(mine: Sequence[Call], right: Sequence[Call]) -> tuple[str, int] | None:
    """Return (file, line) of the first call that no right net makes; None if there is none."""
    at = _parting(mine, right)
    return None if at is None else (mine[at[0]].file, mine[at[0]].line)


def _with(known: Diagnosis | None, message: str) -> Diagnosis:
    """Return the line, behind what is certain about the numbers or seen in a new net."""
    if known is None or not (known.cause.certain or known.cause.id.startswith(STARTS)):
        return Diagnosis(Cause(ID, message, False))
    cause = known.cause
    return replace(
        known, cause=Cause(f"{cause.id}+{ID}", f"{cause.message} {message}", cause.certain)
    )


def difference(case: Case, mine: Sequence[Call], right: Sequence[Call]) -> str:
    """Return a sentence about the first call of a net that no right net makes; "" if there is none.

    A layer that a net works out by itself is no difference: what it hands on is right, or is not.
    Where units are dropped at random nothing is compared.
    """
    if case.options.get("keep", 1.0) != 1 and case.probe != "nets.net_scores":
        return ""
    at = _parting(mine, right)
    if at is None:
        return ""
    call, left = mine[at[0]], right[at[1] :]
    wanted = next((one for one in left if _kind(one) == _kind(call)), None)
    if wanted is None:
        after = f" where a right net calls {left[0].name}" if left else " where a right net is done"
        return f"{_place(call)} calls {call.name}{after}."
    names = " and ".join(_other(call, wanted))
    message = f"hands another {names} to {call.name} than a right net does"
    if _kind(left[0]) != _kind(call):
        return f"{_place(call)} {message}: it calls {left[0].name} before."
    come = "come" if " " in names else "comes"
    return f"{_place(call)} {message}: look at where {names} {come} from."


def _parting(mine: Sequence[Call], right: Sequence[Call]) -> tuple[int, int] | None:
    """Return (number of my first call that is none of the right ones, how many of those came
    before); None if all of mine are, in their order.
    """
    done = 0
    for number, call in enumerate(mine):
        same = next((n for n in range(done, len(right)) if _is_same(call, right[n])), None)
        if same is None:
            return number, done
        done = same + 1
    return None


def _is_same(call: Call, wanted: Call) -> bool:
    return _kind(call) == _kind(wanted) and not any(_other(call, wanted))


def _kind(call: Call) -> str:
    return ALIKE.get(call.name, call.name)


def _place(call: Call) -> str:
    return f"Line {call.line} of {call.file.rpartition('/')[2]}" if call.line else "The net"


def _other(call: Call, wanted: Call) -> Iterator[str]:
    """Yield the arguments that both calls have and that differ."""
    for name in [name for name in wanted.numbers if name in call.numbers]:
        mine, right = call.numbers[name], wanted.numbers[name]
        near = SAME * max(abs(right[2]), 1e-12)
        pairs = zip(mine[1:], right[1:])
        close = all(math.isclose(a, b, rel_tol=SAME, abs_tol=near) for a, b in pairs)
        if mine[0] != right[0] or not close:
            yield name
