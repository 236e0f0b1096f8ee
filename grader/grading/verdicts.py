"""From evidence to verdicts: which parts of an item are right.

Fail closed: a part is right only when every output of it was decided, in every case, and none was
found wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from grader import judges
from grader.errors import log_fault
from grader.golden.store import Golden
from grader.grading import endings, eps, faults
from grader.grading.agreed import Agreed
from grader.grading.endings import Ending
from grader.judges import Attempt, Finding, Rules
from grader.rubric.cases import Rubric
from grader.rubric.records import Item
from grader.submission.written import Sources
from grader.types import Case, Evidence, Fault, Status


@dataclass(frozen=True)
class Verdict:
    """One item, decided: part -> right, and what was found.

    `written` is False for a stub and for what is missing, `broken` is True if the grader failed.
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


def broken(item: Item, error: Exception, doing: str) -> Verdict:
    """Log the exception being handled, a fault of ours; return the verdict that says so."""
    log = log_fault(f"{doing} the item {item.id}")
    what = f"the grader could not judge this ({type(error).__name__}, see {log})"
    fault = Fault("", "all", "", "error", f"{what}; it costs nothing", public=True)
    return Verdict(item, {}, (fault,), (), (0, 0), (0, 0), broken=True)


class Evaluator:
    """Judges evidence by the rubric's rules, the golden answers, and the student's source.

    Nothing is right or wrong by the source; it sets what is missing apart from what is not written.
    `before` are answers that were right by the same rubric and golden answers.
    """

    def __init__(
        self,
        rubric: Rubric,
        golden: Golden,
        sources: Sources | None = None,
        before: Agreed | None = None,
    ) -> None:
        self.sources = sources or Sources()
        self._before = before or Agreed()
        self._rubric = rubric
        self._golden = golden
        self._found: dict[tuple[str, bool], tuple[Evidence, list[Finding]]] = {}
        self._agreed: dict[tuple[str, bool], tuple[Evidence, bool]] = {}
        self._names: dict[str, list[str]] = {}

    def is_right(self, case: Case, evidence: Evidence) -> bool:
        """Return whether every output of the case that counts was decided and found right."""
        if evidence.outcome != "answered":
            return False
        try:
            if self._agrees(case, evidence):
                return True
            right = {one.output for one in self.findings(case, evidence) if one.right}
            return right.issuperset(self.names(case))
        except Exception:  # noqa: BLE001 - the verdict on the whole item says so
            log_fault(f"judging the case {case.id}")
            return False

    def _agrees(self, case: Case, evidence: Evidence) -> bool:
        """Return whether the judge sees at once that an answered case is right in all outputs."""
        key = (case.id, evidence.single)
        known = self._agreed.get(key)
        if known is None or known[0] is not evidence:
            agrees = self._before.has(evidence) or self._is_fine(case, evidence)
            known = self._agreed[key] = (evidence, agrees)
        return known[1]

    def _is_fine(self, case: Case, evidence: Evidence) -> bool:
        """Return whether nothing at all is found about an answered case; keep it then."""
        judge = judges.find(case.judge)
        if judge.golden:
            is_fine = judge.agrees(self.attempt(case, evidence), evidence.single)
        else:
            found = self.findings(case, evidence)
            fine = {one.output for one in found if one.kind is None}
            is_fine = len(fine) == len(found) and fine.issuperset(self.names(case))
        if is_fine:
            self._before.keep(evidence)
        return is_fine

    def findings(self, case: Case, evidence: Evidence) -> list[Finding]:
        """Return one finding for each output of an answered case that counts towards a part."""
        key = (case.id, evidence.single)
        known = self._found.get(key)
        if known is None or known[0] is not evidence:
            item = self._rubric.item(case.item)
            found = judges.find(case.judge).decide(self.attempt(case, evidence))
            with np.errstate(all="ignore"):  # a student's numbers may be anything
                counted = [one for one in found if item.part_of(one.output, case) is not None]
            known = self._found[key] = (evidence, counted)
        return known[1]

    def outputs(self, case: Case) -> tuple[str, ...]:
        """Return all outputs that a case gives."""
        return judges.find(case.judge).names(case, self._golden.expected(case))

    def attempt(self, case: Case, evidence: Evidence) -> Attempt:
        """Return an answered case as its judge sees it."""
        judging, tolerance = self._rubric.table.judging, self._rubric.item(case.item).tolerance
        rules = Rules.of(tolerance, judging.unit_axes, judging.float32)
        if evidence.single:
            rules = replace(rules, float64=rules.float32, float32_policy="warn")
        inputs, expected = self._rubric.case_inputs(case), self._golden.expected(case)
        expected = eps.accepted(case, inputs, evidence.arrays, expected)
        return Attempt(case, inputs, evidence.arrays, evidence.refused, expected, rules)

    def names(self, case: Case) -> list[str]:
        """Return the outputs that a case must decide."""
        if case.id not in self._names:
            item = self._rubric.item(case.item)
            outputs = self.outputs(case)
            self._names[case.id] = [n for n in outputs if item.part_of(n, case) is not None]
        return self._names[case.id]

    def verdict(
        self,
        item: Item,
        evidence: Mapping[str, Evidence],
        cases: Sequence[Case] | None = None,
        wrong: Collection[str] = (),
    ) -> Verdict:
        """Judge the cases of an item: all that the rubric has for it, or the ones given.

        `wrong` names items that are not right; a case that needs one of them is left out. If a
        judge breaks, that is our fault and the verdict says so.
        """
        cases = self._rubric.cases_of(item.id) if cases is None else cases
        cases = [case for case in cases if not set(case.needs) & set(wrong)]
        try:
            return self._verdict(item, evidence, cases)
        except Exception as error:  # noqa: BLE001 - whatever breaks here is ours, not the student's
            return broken(item, error, "judging")

    def _verdict(
        self, item: Item, evidence: Mapping[str, Evidence], cases: Sequence[Case]
    ) -> Verdict:
        parts: dict[str, bool] = {}
        found: list[Fault] = []
        good: list[Case] = []
        for case in sorted(cases, key=lambda one: one.behind is not None):
            if case.behind is not None and not parts.get(case.behind, True):
                cases = [one for one in cases if one is not case]
                continue
            right, of_case = self._decide(item, case, evidence[case.id])
            for name in self.names(case):
                part = item.part_of(name, case) or ""
                parts[part] = parts.get(part, True) and name in right
            found += of_case
            if right.issuperset(self.names(case)):
                good.append(case)
        free = {part.id for part in item.parts if part.points == 0}
        found = [replace(one, warning=True) if one.part in free else one for one in found]
        written = not all([self._lacks(case, evidence[case.id]) for case in cases])
        costly = [one for one in found if not one.warning]
        return Verdict(
            item,
            parts,
            faults.once(faults.in_part(item.id, one) if written else one for one in costly),
            faults.once(one for one in found if one.warning),
            checks=(len(good), len(cases)),
            public_checks=(sum(c.public for c in good), sum(c.public for c in cases)),
            written=written,
        )

    def verdicts(self, evidence: Mapping[str, Evidence]) -> dict[str, Verdict]:
        """Judge every code item in the order of the rubric, which puts what is needed first."""
        found: dict[str, Verdict] = {}
        for item in self._rubric.table.items:
            if item.kind == "code":
                wrong = {name for name, verdict in found.items() if not verdict.passed}
                found[item.id] = self.verdict(item, evidence, wrong=wrong)
        return found

    def _decide(self, item: Item, case: Case, evidence: Evidence) -> tuple[set[str], list[Fault]]:
        """Return (the outputs that are right, faults and warnings) of one case."""
        found = []
        if evidence.unstable:
            message = f"{item.id} gives different answers for the same input"
            found.append(Fault(case.id, "all", "", "not_deterministic", message, case.public))
        elif evidence.single:
            message = f"{item.id} gives other answers for the same numbers in float32"
            found.append(Fault(case.id, "all", "", "value", message, case.public))
        # Another run may have come after hidden inputs were in the box: what it prints or answers
        # could carry them, so no more of it is shown than of a hidden case.
        public = case.public and not (evidence.unstable or evidence.single)
        if evidence.outcome != "answered":
            parts = {item.part_of(name, case) or "" for name in self.names(case)}
            part = parts.pop() if len(parts) == 1 else "all"
            shown = evidence if public else faults.without_values(evidence)
            end = self.ending(case, shown)
            fault = Fault(case.id, part, "", end.kind, end.message, public, raised=shown.raised)
            return set(), [*found, fault]
        if self._agrees(case, evidence):
            right = set(self.names(case))
        else:
            attempt, findings = self.attempt(case, evidence), self.findings(case, evidence)
            right = {one.output for one in findings if one.right}
            found += [
                faults.of_finding(one, attempt, item.part_of(one.output, case) or "", public)
                for one in findings
                if one.kind is not None
            ]
        policy = self._rubric.table.judging.mutated_input
        # Update rules may work in place: the course allows them to change the weights.
        may_change = policy == "allow" or case.probe.startswith("optim.")
        if evidence.mutated and not may_change:
            names = ", ".join(evidence.mutated)
            message = f"{names} was changed in place; the caller still needs it"
            fault = Fault(case.id, "all", names, "mutated_input", message, case.public)
            found.append(replace(fault, warning=policy == "warn"))
            right = set() if policy == "fail" else right
        return right, found

    def item(self, case: Case) -> Item:
        """Return the item that a case belongs to."""
        return self._rubric.item(case.item)

    def ending(self, case: Case, evidence: Evidence) -> Ending:
        """Return how a case without an answer ended, in words."""
        return endings.of(self.item(case), evidence, self.sources, self._rubric.table.limits.case_s)

    def _lacks(self, case: Case, evidence: Evidence) -> bool:
        """Return whether this item is missing or not written, and not one that it calls."""
        lacking = evidence.outcome in ("not_written", "missing")
        return lacking and self.ending(case, evidence).lacks
