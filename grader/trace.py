"""At which line does a wrong net leave the way of a right one?

Over the reference's layers each call of a layer is known, with its numbers and the student's line
that made it. The reference's net makes the same calls; the first one that differs is where to look.
Only public cases are compared. No point hangs on it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from grader import box
from grader.diagnose import Diagnosis
from grader.rubric import Rubric
from grader.session import Session
from grader.types import Call, Case, Cause, Evidence

ID = "symptom/leaves-the-way"
STARTS = "symptom/starts"
SAME = 1e-9  # of a sum's size: rounding, in whatever order it was taken
ALIKE = {"batchnorm_backward_alt": "batchnorm_backward"}
BY_HAND = ("affine", "relu", "softmax")
LAST = "affine_backward"  # of a training step


def causes(
    job: box.Job,
    grafts: Mapping[str, bytes],
    reference: Mapping[str, bytes],
    worker: box.Worker,
    rubric: Rubric,
    over: Mapping[str, Evidence],
    found: Mapping[str, Diagnosis],
    deadline: float,
) -> dict[str, Diagnosis]:
    """Return the diagnosis, with the line added, of each net that no usual mistake explains.

    `over` is what happened over right layers, by case; `reference` are the files of a right net.
    """
    items = {case.item for case in rubric.cases if case.id in over}
    known = {name for name, one in found.items() if one.hints or one.whole}
    asked = [name for name in items if name not in known]
    cases = [c for c in rubric.cases if c.item in asked and c.public and c.id in over]
    cases = [case for case in cases if over[case.id].calls]
    if not cases or not reference or time.monotonic() > deadline:
        return {}
    session = Session(worker, right_job(job, grafts, reference), rubric, deadline)
    try:
        right = session.once(cases)
    finally:
        session.close()
    told: dict[str, Diagnosis] = {}
    for case in cases:
        stopped = over[case.id].outcome != "answered"
        says = difference(case, over[case.id].calls, right[case.id].calls, stopped)
        if says and case.item not in told:
            told[case.item] = _with(found.get(case.item), says)
    return told


def right_job(job: box.Job, grafts: Mapping[str, bytes], reference: Mapping[str, bytes]) -> box.Job:
    """Return the job that runs the reference's nets over the same layers as `job`'s."""
    conventions = {"dropout_p": "keep"}
    return replace(job, package="cs231n", files=reference, conventions=conventions, graft=grafts)


def site(mine: Sequence[Call], right: Sequence[Call]) -> tuple[str, int] | None:
    """Return (file, line) of the first call that differs from a right net's; None if none does."""
    for call, wanted in zip(mine, right):
        if _kind(call) != _kind(wanted) or any(_other(call, wanted)):
            return call.file, call.line
    return None if len(mine) == len(right) or not mine else (mine[-1].file, mine[-1].line)


def _with(known: Diagnosis | None, says: str) -> Diagnosis:
    """Return the line, behind what is certain about the numbers or seen in a new net."""
    if known is None or not (known.cause.certain or known.cause.id.startswith(STARTS)):
        return Diagnosis(Cause(ID, says, False))
    cause = known.cause
    return replace(known, cause=Cause(f"{cause.id}+{ID}", f"{cause.says} {says}", cause.certain))


def difference(
    case: Case, mine: Sequence[Call], right: Sequence[Call], stopped: bool = False
) -> str:
    """Return a sentence about the first call of a net that differs from a right net's; "" if none.

    One that `stopped` calls nothing more because of that. Where units are dropped at random only
    the order of the calls is compared.
    """
    is_random = case.options.get("keep", 1.0) != 1
    right = _comparable(mine, right)
    for number, wanted in enumerate(right):
        if number >= len(mine):
            return "" if stopped else _ends(mine, wanted)
        call = mine[number]
        if _kind(call) != _kind(wanted):
            if call.name.endswith("_forward") and _is_way_back(wanted):
                return ""  # the rest of the way back is written out
            return f"{_place(call)} calls {call.name} where a right net calls {wanted.name}."
        other = [] if is_random else list(_other(call, wanted))
        if other:
            names = " and ".join(other)
            says = f"hands another {names} to {call.name} than a right net does"
            return f"{_place(call)} {says}: look at where {names} {_comes(other)} from."
    if len(mine) > len(right):
        call = mine[len(right)]
        return f"{_place(call)} calls {call.name} where a right net is done."
    return ""


def _comes(names: Sequence[str]) -> str:
    return "comes" if len(names) == 1 else "come"


def _comparable(mine: Sequence[Call], right: Sequence[Call]) -> Sequence[Call]:
    """Return the calls of a right net that the student's net can be held against.

    An affine layer, a ReLU or a loss that is nowhere called may be written out by hand; that is no
    difference. A normalization or dropout that is nowhere called is one.
    """
    called = {_layer(call) for call in mine}
    by_hand = {layer for layer in BY_HAND if layer not in called}
    return [call for call in right if _layer(call) not in by_hand]


def _layer(call: Call) -> str:
    return call.name.partition("_")[0]


def _ends(mine: Sequence[Call], wanted: Call) -> str:
    """Return what is not called any more. A net that has come back has no pass left open, and the
    rest of its way back may be written out by hand.
    """
    if not mine:
        return ""
    last = mine[-1]
    if _is_way_back(wanted) or (_kind(last) == LAST and wanted.name.endswith("_forward")):
        return ""
    return f"After {last.name} in {_place(last).lower()} a right net calls {wanted.name}."


def _is_way_back(call: Call) -> bool:
    """Say whether a call may be written out by hand on the way back."""
    return call.name.endswith("_backward") and _layer(call) in BY_HAND


def _kind(call: Call) -> str:
    return ALIKE.get(call.name, call.name)


def _place(call: Call) -> str:
    return f"Line {call.line} of {call.file.rpartition('/')[2]}" if call.line else "The net"


def _other(call: Call, wanted: Call) -> Iterator[str]:
    """Yield the arguments that both calls have and that differ."""
    for name, numbers in wanted.numbers.items():
        mine = call.numbers.get(name)
        if mine is None:
            continue
        size = max(abs(wanted.numbers[name][2]), 1e-12)
        if mine[0] != numbers[0] or any(
            not math.isclose(a, b, rel_tol=SAME, abs_tol=SAME * size)
            for a, b in zip(mine[1:], numbers[1:])
        ):
            yield name
