"""What a submission did on a set of cases: loaded files, then every case that can run."""

from __future__ import annotations

from collections.abc import Sequence

from grader.session import Session, modules_of, raised_of
from grader.types import Case, Evidence, Raised
from grader.verdicts import Bench


def observe(
    session: Session, cases: Sequence[Case], bench: Bench, large: Sequence[Case] = ()
) -> dict[str, Evidence]:
    """Return each case's evidence; a file that cannot be loaded is the evidence of its cases.

    The `large` cases run for items that are right.
    """
    seen: dict[str, Evidence] = {}
    can_run: list[Case] = []
    for case in cases:
        broken = _broken(session, case)
        if broken is None:
            can_run.append(case)
        else:
            seen[case.id] = broken
    return seen | session.observe(can_run, bench.is_right, large)


def _broken(session: Session, case: Case) -> Evidence | None:
    """Return the evidence of a case whose module could not be imported; None where it could."""
    for name in modules_of(case):
        say = session.loaded.modules.get(name, {"outcome": "absent"})
        outcome = say.get("outcome")
        if outcome == "loaded" or (name == "layer_utils" and outcome == "absent"):
            continue
        if outcome == "absent":
            absent = Raised("", f"{name}.py is not in the submission")
            return Evidence(case.id, "missing", raised=absent)
        if outcome in ("timeout", "died"):
            return Evidence(case.id, outcome, text=f"while {name}.py was imported")
        return Evidence(case.id, "raised", raised=raised_of(say, session.files))
    return None
