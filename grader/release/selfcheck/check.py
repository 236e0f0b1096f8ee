"""From what happened to a verdict and its explanation, by the grader's own modules."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from grader.box.evidence import modules_of
from grader.diagnosis import diagnose, minimal_example
from grader.diagnosis.snippets import Place
from grader.errors import explaining
from grader.grading import dependencies, endings, score
from grader.grading.facts import Facts
from grader.grading.verdicts import Evaluator, Verdict
from grader.release.selfcheck.children import Pool
from grader.release.selfcheck.public import Public
from grader.release.selfcheck.runner import Runner
from grader.rubric.records import Item
from grader.submission.written import Sources
from grader.types import Cause, Evidence, PartResult, Raised, Smallest, Status

AT_ONCE = min(4, os.cpu_count() or 1)


@dataclass(frozen=True)
class Checked:
    """One item after its public cases ran.

    `waits_for` is the item that may explain its failure; None if its own mistake is known.
    `right` counts the public cases that are right, `hidden` those that run when it is handed in.
    `smallest` is the smallest case that fails, where it was looked for.
    """

    item: Item
    verdict: Verdict
    status: Status
    parts: tuple[PartResult, ...]
    right: int
    hidden: int
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    cause: Cause | None = None
    hints: tuple[str, ...] = ()
    waits_for: str | None = None
    smallest: Smallest | None = None

    @property
    def unloaded(self) -> str:
        """Return the path of the file for which no case could run; "" if one could."""
        paths = {one.unloaded for one in self.evidence.values()}
        return paths.pop() if len(paths) == 1 and not self.passed else ""

    @property
    def passed(self) -> bool:
        """Return whether every public case is right."""
        return self.right == len(self.item.cases)


class Checker:
    """Checks items of one submission, several at once, and hands them on in their order.

    `in_full` looks for the smallest case that fails, too.
    """

    def __init__(
        self,
        public: Public,
        package: str,
        files: Mapping[str, bytes],
        pool: Pool,
        in_full: bool = False,
    ) -> None:
        self._public, self._in_full = public, in_full
        self._sources = Sources(files)
        self._evaluator = Evaluator(public, public.golden, self._sources)
        self._runner = Runner(public, package, files, pool, self._evaluator.is_right)
        self._evidence: dict[str, Future[dict[str, Evidence]]] = {}
        self._verdicts: dict[str, Verdict] = {}

    def check(self, items: Sequence[Item]) -> Iterator[Checked]:
        """Yield each item, checked, as soon as it and those before it are done."""
        threads = ThreadPoolExecutor(AT_ONCE)
        try:
            wanted = {item.id for item in items}  # with those without which a case says nothing
            wanted |= {need for item in items for case in item.cases for need in case.needs}
            self._start([item for item in self._public.code if item.id in wanted], threads)
            for item in items:
                verdict = self._verdict(item)
                if not verdict.passed and verdict.written:  # only now is it asked why
                    all_needs = self._public.all_needs(item.id)
                    rests_on = [one for one in self._public.code if one.id in all_needs]
                    self._start(rests_on, threads)
                    for need in rests_on:
                        self._verdict(need)
                yield self._checked(item, verdict)
        finally:  # Ctrl+C does not wait for what has not begun
            threads.shutdown(wait=False, cancel_futures=True)

    def _start(self, items: Sequence[Item], threads: ThreadPoolExecutor) -> None:
        """Run what has not run yet: items that reach the same modules together."""
        groups: dict[tuple[str, ...], list[Item]] = {}
        for item in items:
            if item.id not in self._evidence:
                self._evidence[item.id] = Future()
                if is_stub(item, self._sources):
                    cases = [case.id for case in self._public.cases_of(item.id)]
                    stub = Raised("NotImplementedError", "")
                    seen = {name: Evidence(name, "not_written", raised=stub) for name in cases}
                    self._evidence[item.id].set_result(seen)
                    continue
                reached = modules_of(self._public.cases_of(item.id)[0])
                groups.setdefault(reached, []).append(item)
        for group in groups.values():
            threads.submit(self._observe, group)

    def _observe(self, group: Sequence[Item]) -> None:
        """Run a group, and hand on each item's evidence; an error of ours goes to who waits."""
        try:
            self._runner.observe(group, lambda item, seen: self._evidence[item.id].set_result(seen))
        except BaseException as error:  # noqa: BLE001 - nobody else would hear of it
            for item in group:
                if not self._evidence[item.id].done():
                    self._evidence[item.id].set_exception(error)

    def _verdict(self, item: Item) -> Verdict:
        if item.id not in self._verdicts:
            for name in dict.fromkeys(need for case in item.cases for need in case.needs):
                self._verdict(self._public.item(name))
            wrong = {name for name, known in self._verdicts.items() if not known.passed}
            evidence = self._evidence[item.id].result()
            self._verdicts[item.id] = self._evaluator.verdict(item, evidence, wrong=wrong)
        return self._verdicts[item.id]

    def _checked(self, item: Item, verdict: Verdict) -> Checked:
        evidence = self._evidence[item.id].result()
        parts = score.parts_of(item, verdict.right, verdict.otherwise)
        status = score.status_of(parts, verdict.faults)
        hidden = self._public.hidden[item.id]
        found = Checked(item, verdict, status, parts, verdict.checks[0], hidden, evidence)
        if found.passed:
            return found
        verdicts = {item.id: verdict}
        facts = Facts(self._public, self._public, self._evaluator, evidence, verdicts)
        why = diagnose.causes(facts).get(item.id)
        layer = dependencies.root(item, self._verdicts, ("layers",))
        root = layer or dependencies.root(item, self._verdicts)  # a layer first, else a net
        known = why is not None and why.cause.certain and why.cause.id.startswith(f"{item.id}/")
        return replace(
            found,
            cause=why.cause if why else None,
            hints=tuple(filter(None, why.hints if why and why.hints else item.hints)),
            waits_for=root if verdict.written and not known and not found.unloaded else None,
            smallest=self._smallest(facts) if self._in_full and verdict.written else None,
        )

    def _smallest(self, facts: Facts) -> Smallest | None:
        """Return the smallest case that fails of the one item that `facts` are about."""
        [name] = facts.verdicts
        lost = {name: facts.lost(name)}
        if not lost[name] or facts.is_slow(name):
            return None
        cases = minimal_example.small_cases(self._public, lost, self._verdicts)
        runner, dropout_p = self._runner, self._public.table.conventions.dropout_p
        place = Place(runner.package, runner.files, dropout_p)
        found: Mapping[str, Smallest] = {}
        with explaining(f"looking for the smallest case of {name}"):
            found = minimal_example.find(runner, cases, self._public, self._evaluator, lost, place)
        return found.get(name)


def is_stub(item: Item, sources: Sources) -> bool:
    """Say whether the functions of an item raise, and do nothing else: no process is needed."""
    place = endings.Place.of(item)
    nodes = [sources.function(place.module, name) for name in place.functions]
    return all(
        node is not None
        and sources.computes(place.module, name) is False
        and any(isinstance(one, ast.Raise) and _unwritten(one) for one in ast.walk(node))
        for name, node in zip(place.functions, nodes)
    )


def _unwritten(node: ast.Raise) -> bool:
    name = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return isinstance(name, ast.Name) and name.id == "NotImplementedError"
