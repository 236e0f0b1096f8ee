"""The smallest case that fails: the ladder of an item that is wrong, run in the box.

It is asked only once something has failed, in a session of its own, for what comes out is shown:
nothing of a hidden case may have been near it. What fails runs once more without the rest, and in
another order: only what comes out the same twice is shown. A case is shown only if it fails against
every accepted convention by itself, in cells that agree with none of them. No points hang on it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from grader.box.evidence import modules_of
from grader.box.job import Loaded
from grader.diagnosis import snippets
from grader.diagnosis.snippets import Place
from grader.errors import explaining
from grader.grading.dependencies import root, without_forward
from grader.grading.faults import shown_beside
from grader.grading.verdicts import Evaluator, Verdict
from grader.guest.operations import forward_of
from grader.judges import Attempt
from grader.judges.values import right_cells
from grader.rubric.cases import Rubric
from grader.rubric.records import Item
from grader.types import Case, Evidence, Fault, Smallest

if TYPE_CHECKING:
    from grader.grading.rerun import Rerun

COUNT = "parameters_without_gradient"  # no answer of the student's
SHOWN_KINDS = ("shape", "value", "not_finite", "missing", "not_written", "error", "dtype")


class Trials(Protocol):
    """Whatever runs small cases: a session of the box, or the self-check."""

    @property
    def loaded(self) -> Loaded:
        """What became of the modules."""

    def once(self, cases: Sequence[Case], alone: bool = True) -> Mapping[str, Evidence]:
        """Return what becomes of cases that run once, in order, behind no other ones. Unless
        `alone`, more may come behind them.
        """


def find_minimal(rerun: Rerun) -> dict[str, Smallest]:
    """Return the smallest case that fails for each item that is wrong by itself, if one does."""
    facts, job = rerun.facts, rerun.job
    lost = {name: facts.lost(name) for name in facts.failed() if not facts.is_slow(name)}
    names = {name for name, parts in lost.items() if parts}
    cases = small_cases(facts.rubric, names, facts.verdicts)
    if not cases or not rerun.has_time or not job.package.isidentifier():
        return {}
    place = Place(job.package, job.files, facts.rubric.table.conventions.dropout_p)
    with rerun.session(new=True) as session:
        return find(session, cases, facts.rubric, facts.evaluator, lost, place)


def small_cases(
    rubric: Rubric, names: Collection[str], verdicts: Mapping[str, Verdict]
) -> list[Case]:
    """Return the small cases that can show what is wrong with the items called `names`."""
    return [
        without_forward(case, verdicts)
        for case in rubric.ladder
        if case.item in names and _by_itself(verdicts[case.item], verdicts, case)
    ]


def _by_itself(verdict: Verdict, verdicts: Mapping[str, Verdict], case: Case) -> bool:
    """Say whether a small case would show the item's own mistake, and not that of another item."""
    if case.probe.startswith("nets."):
        return root(verdict.item, verdicts, ("layers",)) is None
    forward = verdicts.get(forward_of(case.item, promised=False))
    return forward is None or forward.passed


def find(
    trials: Trials,
    cases: Sequence[Case],
    rubric: Rubric,
    evaluator: Evaluator,
    lost: Mapping[str, Collection[str]],
    place: Place,
) -> dict[str, Smallest]:
    """Run `cases`, the smallest first; return the first that fails in a `lost` part, by item."""
    loaded = {name for name, say in trials.loaded.modules.items() if say["outcome"] == "loaded"}
    cases = [case for case in cases if set(modules_of(case)) - {"layer_utils"} <= loaded]
    seen = trials.once(cases)
    first: dict[str, tuple[Case, Fault]] = {}
    for case in cases:
        item, evidence = rubric.item(case.item), seen[case.id]
        if item.id not in first and evidence.outcome in ("answered", "raised"):
            for fault in _faults(evaluator, item, case, evidence, lost[item.id])[:1]:
                first[item.id] = (case, fault)
    again = trials.once([case for case, _ in reversed(first.values())], alone=False)
    found: dict[str, Smallest] = {}
    for name, (case, fault) in first.items():
        faults = _faults(evaluator, rubric.item(name), case, again[case.id], lost[name])
        if _same(fault, faults):
            with explaining(f"showing the minimal example {case.id}"):
                small = _smallest(case, fault, again[case.id], rubric, evaluator, place)
                found |= {name: small} if small is not None else {}
    return found


def _faults(
    evaluator: Evaluator, item: Item, case: Case, evidence: Evidence, lost: Collection[str]
) -> list[Fault]:
    """Return what is wrong with a case, in a part that was lost and in cells that can be shown."""
    verdict = evaluator.verdict(item, {case.id: evidence}, [case])
    if verdict.broken:
        return []
    attempt = evaluator.attempt(case, evidence)
    faults = [one for one in verdict.faults if one.kind in SHOWN_KINDS]
    faults = [one for one in faults if one.part in lost or one.part == "all"]
    return [one for one in faults if _has_wrong_cells(one, attempt)]


def _has_wrong_cells(fault: Fault, attempt: Attempt) -> bool:
    """Say whether some cell agrees with no accepted convention; yes if cells are not compared."""
    shown = fault.comparison
    if shown is None or shown.wrong is None:
        return True
    with np.errstate(all="ignore"):  # a student's numbers may be anything
        return not right_cells(fault.output, shown.got, attempt).all()


def _same(fault: Fault, others: Sequence[Fault]) -> bool:
    """Say whether a fault came out the same again."""
    for other in others[:1]:
        if (other.kind, other.output, other.raised) == (fault.kind, fault.output, fault.raised):
            one, two = fault.comparison, other.comparison
            if one is None or two is None:
                return one is two
            return np.array_equal(one.got, two.got, equal_nan=True)
    return False


def _smallest(
    case: Case, fault: Fault, evidence: Evidence, rubric: Rubric, evaluator: Evaluator, place: Place
) -> Smallest | None:
    """Return the example of a fault; None where it cannot be told as a call."""
    attempt = evaluator.attempt(case, evidence)
    shown = fault.comparison
    names = [name for name in evaluator.names(case) if name != COUNT]
    names = [fault.output] if fault.output in names else names
    if not names or fault.output == COUNT:
        return None
    right = [answers[names[0]] for answers in attempt.expected if names[0] in answers]
    expected, got, wrong = right[0], None, None
    if shown is not None:
        expected, got, wrong = shown.expected, shown.got, shown.wrong
    step = 0
    if snippets.steps_of(case):
        step, expected, got, wrong = _at_step(right, expected, got, wrong)
    call = snippets.of(case, rubric.case_inputs(case), names[0], step, place)
    snippet = snippets.text(call, expected, got, place)
    return Smallest(
        case.id, fault.part, names[0], _message(fault, expected, got, wrong, step), call.inputs,
        call.settings, expected, got, wrong, fault.raised, snippet,
    )  # fmt: skip


def _message(
    fault: Fault, expected: np.ndarray, got: np.ndarray | None, wrong: np.ndarray | None, step: int
) -> str:
    """Say what is wrong; where numbers differ they stand beside it, so that few words do."""
    name = f"{fault.output} after step {step + 1}" if step else fault.output
    if got is not None and fault.kind == "shape":
        return f"{name} has shape {got.shape}, expected {expected.shape}"
    if got is None or wrong is None:
        return fault.message
    if fault.kind == "not_finite":
        return f"{name} has {'nan' if np.isnan(got).any() else 'inf'} in it"
    if np.size(expected) == 1:
        return f"{name} should be another number"
    return f"{name} has wrong numbers in {int(wrong.sum())} of {wrong.size} cells"


def _at_step(
    right: Sequence[np.ndarray],
    expected: np.ndarray,
    got: np.ndarray | None,
    wrong: np.ndarray | None,
) -> tuple[int, np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Return the first step that is wrong, and what was expected, got and wrong in it."""
    if got is None:
        return len(expected) - 1, expected[-1], None, None
    if wrong is None:
        at = len(expected) - 1 if got.shape[:1] == expected.shape[:1] else 0
        return at, expected[at], got[at] if got.ndim else got, None
    at = int(np.argmax(wrong.reshape(len(wrong), -1).any(axis=1)))
    steps = [one[at] for one in right if one.shape == expected.shape]
    return at, shown_beside(got[at], steps), got[at], wrong[at]
