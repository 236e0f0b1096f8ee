"""A net that stops inside a layer which is right by itself has called it wrongly: from which line.

The line of the layer that an exception names is then no place to look at.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence

from grader.diagnosis.stops import Stop
from grader.guest.operations import forward_of
from grader.types import Case, Evidence, Raised

NONE = re.compile(r".*NoneType")
Frame = tuple[str, int, str, str]


def find(
    cases: Sequence[Case], evidence: Sequence[Evidence], right: Collection[str]
) -> Stop | None:
    """Return which call of a layer stops a net, if every case that ends early ends in one.

    `right` names the layers that are right. Lines are taken from public cases only.
    """
    stopped = [(case, one) for case, one in zip(cases, evidence) if one.outcome != "answered"]
    calls = [call_of(one.raised, right) if one.raised else None for _, one in stopped]
    shown = [
        (call, one.raised)
        for call, (case, one) in zip(calls, stopped)
        if call is not None and case.public and one.raised is not None
    ]
    if not shown or not all(calls):
        return None
    (line, name), raised = Counter(shown).most_common(1)[0][0]
    return Stop(
        "layer-misused", _sentence(line, name, raised), len({call for call, _ in shown}) == 1
    )


def call_of(raised: Raised, right: Collection[str]) -> tuple[Frame, str] | None:
    """Return the line of a net that called a right layer, and what it called, if an exception came
    from there.
    """
    files = [frame[0].rpartition("/")[2] for frame in raised.frames]
    inside = [n for n, frame in enumerate(raised.frames) if frame[2] in right]
    inside = [n for n in inside if files[n] == "layers.py"]
    outside = [n for n, name in enumerate(files) if name == "fc_net.py"]
    if not inside or not outside or inside[0] < outside[-1]:
        return None
    return raised.frames[outside[-1]], raised.frames[outside[-1] + 1][2]


def _sentence(line: Frame, name: str, raised: Raised) -> str:
    what = "None" if NONE.match(raised.message) else "what does not fit it"
    at = f"{line[0].rpartition('/')[2]} line {line[1]}"
    forward = forward_of(name) or name.replace("_backward", "_forward")
    if forward == name:
        return f"{at} hands {name} {what}: print the shapes of all that it is called with."
    return (
        f"{at} hands {name} {what}, and {name} itself is right: it takes the gradient that comes "
        f"from the layer behind it, and the cache of {forward} at the same place of the net."
    )
