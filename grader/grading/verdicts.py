"""From evidence to verdicts: what every output is worth, and how a fault is told.

Fail closed: a part is right only when every output of it was decided, in every case, and none was
found wrong. What a hidden case shows is its kind, the size of its error and a hint, never inputs,
sizes or values.
"""

from __future__ import annotations

import builtins
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from grader import judges
from grader.golden.store import Golden
from grader.grading import endings
from grader.grading.endings import Ending
from grader.judges import Finding, Look, Rules
from grader.judges.tolerances import TOLERANCES
from grader.rubric.cases import Rubric
from grader.rubric.records import Item
from grader.submission.written import Sources
from grader.types import Arrays, Case, Comparison, Evidence, Fault, Raised, Status

MAX_SHOWN = 2_000  # numbers of one array in a comparison; the report shows fewer still


@dataclass(frozen=True)
class Verdict:
    """One item, decided: part -> right, and what was found.

    `written` is False for a stub and for what is missing, `broken` is True where the grader failed.
    """

    item: Item
    right: Mapping[str, bool]
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    checks: tuple[int, int]
    public_checks: tuple[int, int]
    written: bool = True
    broken: bool = False

    @property
    def otherwise(self) -> Status:
        """The status of a part that is not right."""
        if self.written:
            return "failed"
        kinds = {fault.kind for fault in self.faults}
        return "missing" if kinds == {"missing"} else "not_written"

    @property
    def single_precision(self) -> bool:
        """Whether something was right to single precision only."""
        return any(warning.kind == "dtype" for warning in self.warnings)

    @property
    def passed(self) -> bool:
        """Whether every part that is worth points is right."""
        return all(self.right.get(part.id, False) for part in self.item.parts if part.points > 0)


class Bench:
    """Where evidence is judged: the rubric's rules, the golden answers, and the student's source.

    Nothing is right or wrong by the source; it tells what is missing from what is not written.
    """

    def __init__(self, rubric: Rubric, golden: Golden, sources: Sources | None = None) -> None:
        self.sources = sources or Sources()
        self._rubric = rubric
        self._golden = golden
        self._found: dict[str, tuple[Evidence, list[Finding]]] = {}
        self._names: dict[str, list[str]] = {}

    def is_right(self, case: Case, evidence: Evidence) -> bool:
        """Say whether every output of the case that counts was decided and found right."""
        if evidence.outcome != "answered":
            return False
        try:
            found = {f.output: f.kind is None or f.warning for f in self.findings(case, evidence)}
            return all(found.get(name, False) for name in self.names(case))
        except Exception:  # noqa: BLE001 - the verdict on the whole item will say so
            return False

    def findings(self, case: Case, evidence: Evidence) -> list[Finding]:
        """Return one finding for each output of an answered case that counts towards a part."""
        known = self._found.get(case.id)
        if known is None or known[0] is not evidence:
            item = self._rubric.item(case.item)
            found = judges.find(case.judge).decide(self.look(case, evidence))
            with np.errstate(all="ignore"):  # a student's numbers may be anything
                counted = [one for one in found if item.part_of(one.output, case) is not None]
            known = self._found[case.id] = (evidence, counted)
        return known[1]

    def outputs(self, case: Case) -> tuple[str, ...]:
        """Return all outputs that a case gives."""
        return judges.find(case.judge).names(case, self._expected(case))

    def look(self, case: Case, evidence: Evidence) -> Look:
        """Return an answered case as its judge sees it."""
        judging = self._rubric.table.judging
        row = TOLERANCES[self._rubric.item(case.item).tolerance]
        rules = Rules(row.float64, row.float32, judging.unit_axes, judging.float32)
        return Look(
            case,
            self._rubric.case_inputs(case),
            evidence.arrays,
            evidence.refused,
            self._expected(case),
            rules,
        )

    def names(self, case: Case) -> list[str]:
        """Return the outputs that a case must decide."""
        if case.id not in self._names:
            item = self._rubric.item(case.item)
            self._names[case.id] = [
                name for name in self.outputs(case) if item.part_of(name, case) is not None
            ]
        return self._names[case.id]

    def verdict(
        self,
        item: Item,
        evidence: Mapping[str, Evidence],
        cases: Sequence[Case] | None = None,
        wrong: Collection[str] = (),
    ) -> Verdict:
        """Judge the cases of an item: all that the rubric has for it, or the ones given.

        `wrong` names items that are not right; a case that needs one of them is left out.
        """
        if cases is None:
            cases = [case for case in self._rubric.cases if case.item == item.id]
        cases = [case for case in cases if not set(case.needs) & set(wrong)]
        right: dict[str, bool] = {}
        faults: list[Fault] = []
        warnings: list[Fault] = []
        good: list[Case] = []
        for case in cases:
            decided, told = self._decide(item, case, evidence[case.id])
            for name in self.names(case):
                part = item.part_of(name, case) or ""
                right[part] = right.get(part, True) and decided.get(name, False)
            free = {part.id for part in item.parts if part.points == 0}
            told = [replace(f, warning=True) if f.part in free else f for f in told]
            faults += [fault for fault in told if not fault.warning]
            warnings += [fault for fault in told if fault.warning]
            if all(decided.get(name, False) for name in self.names(case)):
                good.append(case)
        unwritten = [self._lacks(case, evidence[case.id]) for case in cases]
        if not all(unwritten):
            faults = [_in_part(item.id, fault) for fault in faults]
        return Verdict(
            item,
            right,
            tuple(_once(faults)),
            tuple(_once(warnings)),
            checks=(len(good), len(cases)),
            public_checks=(sum(c.public for c in good), sum(c.public for c in cases)),
            written=not all(unwritten),
        )

    def verdicts(self, evidence: Mapping[str, Evidence]) -> dict[str, Verdict]:
        """Judge every code item in the order of the rubric, which puts what is needed first."""
        found: dict[str, Verdict] = {}
        for item in self._rubric.table.items:
            if item.kind == "code":
                wrong = {name for name, verdict in found.items() if not verdict.passed}
                found[item.id] = self._guarded(item, evidence, wrong)
        return found

    def _guarded(
        self, item: Item, evidence: Mapping[str, Evidence], wrong: Collection[str]
    ) -> Verdict:
        """Judge an item; where a judge itself breaks, say that it is our fault and go on."""
        try:
            return self.verdict(item, evidence, wrong=wrong)
        except Exception as error:  # noqa: BLE001 - whatever breaks here is ours, not the student's
            says = f"the grader could not judge this ({type(error).__name__}); it costs nothing"
            fault = Fault("", "all", "", "error", says, public=True)
            return Verdict(item, {}, (fault,), (), (0, 0), (0, 0), broken=True)

    def _decide(
        self, item: Item, case: Case, evidence: Evidence
    ) -> tuple[dict[str, bool], list[Fault]]:
        """Return (output -> right, faults and warnings) of one case."""
        unstable = [self._unstable(case)] if evidence.unstable else []
        # Another run may have come after hidden inputs were in the box: what it says or answers
        # could carry them, so it is told no more than that of a hidden case.
        shown = replace(case, public=False) if evidence.unstable else case
        if evidence.outcome != "answered":
            parts = {item.part_of(name, case) or "" for name in self.names(case)}
            part = parts.pop() if len(parts) == 1 else "all"
            return {}, [*unstable, self._unanswered(shown, evidence, part)]
        told = unstable
        decided: dict[str, bool] = {}
        for found in self.findings(case, evidence):
            decided[found.output] = found.kind is None or found.warning
            if found.kind is not None:
                told.append(self._fault(item, shown, found))
        policy = self._rubric.table.judging.mutated_input
        if evidence.mutated and policy != "allow" and not _may_change(case):
            names = ", ".join(evidence.mutated)
            says = f"{names} was changed in place; the caller still needs it"
            fault = Fault(case.id, "all", names, "mutated_input", says, case.public)
            told.append(replace(fault, warning=policy == "warn"))
            if policy == "fail":
                decided = dict.fromkeys(decided, False)
        return decided, told

    def _unstable(self, case: Case) -> Fault:
        says = f"{case.item} gives different answers for the same input"
        return Fault(case.id, "all", "", "not_deterministic", says, case.public)

    def _fault(self, item: Item, case: Case, found: Finding) -> Fault:
        comparison = None
        if case.public and found.expected is not None and found.got is not None:
            small = max(found.expected.size, found.got.size) <= MAX_SHOWN
            inputs = self._rubric.case_inputs(case) if small else {}
            if small:
                comparison = Comparison(
                    found.output, found.expected, found.got, found.wrong, inputs
                )
        return Fault(
            case=case.id,
            part=item.part_of(found.output, case) or "",
            output=found.output,
            kind=found.kind or "value",
            says=found.says if case.public else found.hidden,
            public=case.public,
            error=found.error if case.public or found.error is None else _rough(found.error),
            allowed=found.allowed,
            at=found.at if case.public else None,
            comparison=comparison,
            warning=found.warning,
        )

    def _unanswered(self, case: Case, evidence: Evidence, part: str) -> Fault:
        """Return the fault of a case that gave no answer, without what a hidden case may tell."""
        shown = evidence if case.public else _without_values(evidence)
        end = self.ending(case, shown)
        return Fault(case.id, part, "", end.kind, end.says, case.public, raised=shown.raised)

    def item(self, case: Case) -> Item:
        """Return the item that a case belongs to."""
        return self._rubric.item(case.item)

    def ending(self, case: Case, evidence: Evidence) -> Ending:
        """Return how a case without an answer ended, in words."""
        item = self._rubric.item(case.item)
        return endings.of(item, evidence, self.sources, self._rubric.table.limits.case_s)

    def _lacks(self, case: Case, evidence: Evidence) -> bool:
        """Say whether it is this item that is missing or not written, and not one that it calls."""
        lacking = evidence.outcome in ("not_written", "missing")
        return lacking and self.ending(case, evidence).lacks

    def _expected(self, case: Case) -> tuple[Arrays, ...]:
        return self._golden.expected(case) if judges.find(case.judge).golden else ()


def _in_part(name: str, fault: Fault) -> Fault:
    """Say of an item that is written elsewhere that what this check needs is not."""
    if fault.kind == "not_written" and fault.says == f"{name} is not written yet":
        return replace(fault, says=f"this part of {name} is not written yet")
    return fault


OURS = ("ReturnValue", "NotWritten", "Missing")  # exceptions that a probe raises


def _without_values(evidence: Evidence) -> Evidence:
    """Return evidence without what can carry hidden inputs.

    That is what was printed, and of an exception its message, a class name of its own, and the line
    numbers of all frames but the last. Which of our names is missing or not written may be said.
    """
    raised = evidence.raised
    if raised is not None:
        builtin = isinstance(getattr(builtins, raised.type, None), type)
        kind = raised.type if builtin or raised.type in OURS else "an exception"
        message = raised.message if endings.is_about_a_name(evidence) else ""
        raised = Raised(kind, message, raised.frames[-1:])
    text = evidence.text if evidence.outcome == "not_run" else ""
    return replace(evidence, raised=raised, text=text)


def _rough(error: float) -> float:
    """Return two digits of an error: the others could be numbers of a hidden case."""
    return float(f"{error:.2g}")


def _may_change(case: Case) -> bool:
    """Say whether the course allows to work in place: update rules may change the weights."""
    return case.probe.startswith("optim.")


def _once(faults: Iterable[Fault]) -> list[Fault]:
    """Drop faults that say the same of the same part and kind of case: one is enough to read."""
    seen: set[tuple[str, str, str, bool]] = set()
    kept = []
    for fault in faults:
        key = (fault.part, fault.kind, fault.says, fault.public)
        if key not in seen:
            seen.add(key)
            kept.append(fault)
    return kept
