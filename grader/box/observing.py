"""What a submission did on a set of cases: loaded files, then every case that can run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from grader.box.evidence import unloaded
from grader.box.session import Session
from grader.types import Case, Evidence


def observe(
    session: Session,
    cases: Sequence[Case],
    is_right: Callable[[Case, Evidence], bool],
    large: Sequence[Case] = (),
) -> dict[str, Evidence]:
    """Return each case's evidence; a file that cannot be loaded is the evidence of its cases.

    The `large` cases run for items whose cases are right, as `is_right` says.
    """
    seen: dict[str, Evidence] = {}
    can_run: list[Case] = []
    for case in cases:
        broken = unloaded(case, session.loaded.modules, session.files)
        if broken is None:
            can_run.append(case)
        else:
            seen[case.id] = broken
    return seen | session.observe(can_run, is_right, large)
