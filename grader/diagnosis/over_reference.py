"""A net without a certain cause, asked once more over right layers.

What a mistake in a net comes to may hang on how its layers are written: a parameter of the wrong
shape raises in one and gives numbers in another. Over the reference's layers it gives what the
usual mistakes gave when they were made. No point hangs on it, and nothing of it is shown.
"""

from __future__ import annotations

from collections.abc import Collection

from grader.box.evidence import modules_of
from grader.grading.rerun import Rerun
from grader.types import Evidence


def evidence(rerun: Rerun, certain: Collection[str]) -> dict[str, Evidence]:
    """Return what happens over right layers in the cases of nets that are wrong, by case.

    Follow-through has asked some items already; those whose mistake is `certain` need not be.
    """
    facts, layers = rerun.facts, rerun.assignment.grafts
    known = {*facts.followed, *certain}
    asked = [name for name in facts.failed() if name not in known and not facts.is_slow(name)]
    cases = [c for c in facts.rubric.cases if c.item in asked and "fc_net" in modules_of(c)]
    return rerun.nets(cases, rerun.over(layers)) if layers else {}
