"""The page for staff: each check that was not right, with its arrays and lines to paste."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from grader.report.html import environment
from grader.report.tables import SIDE, ArrayTable, Example, example, table
from grader.report.text import cleaned, number, one_line, shown
from grader.types import CaseOutcome, Comparison, Report, Seen

LONGEST = 12_000  # characters of lines to paste


@dataclass(frozen=True)
class Shown:
    """A case to show: what became of it, whether students see it, what it asks, lines to paste."""

    outcome: CaseOutcome
    public: bool
    asked: str
    lines: str


@dataclass(frozen=True)
class StaffCase:
    """One check, laid out; `got` are outputs of another shape than expected, or without one."""

    anchor: str
    name: str
    hidden: bool
    says: tuple[str, ...]
    asked: str
    inputs: tuple[ArrayTable, ...]
    outputs: tuple[Example, ...]
    right: tuple[str, ...]
    got: tuple[ArrayTable, ...]
    lines: str


@dataclass(frozen=True)
class StaffPage:
    """All that the page says."""

    name: str
    assignment: str
    seed: str
    score: str
    sha256: str
    items: tuple[tuple[str, tuple[StaffCase, ...]], ...]
    unsafe: str = ""


def render(report: Report, shown_cases: Sequence[Shown], seed: str) -> str:
    """Return the page as HTML."""
    titles = {item.id: item.title for item in report.items}
    groups: dict[str, list[StaffCase]] = {}
    for n, one in enumerate(shown_cases, start=1):
        if one.outcome.seen is not None:
            item = one.outcome.case.partition("/")[0]
            made = _case(f"case-{n}", one, one.outcome.seen)
            groups.setdefault(titles.get(item, item), []).append(made)
    page = StaffPage(
        name=one_line(shown(report.submission.name)),
        assignment=report.rubric_title or report.rubric,
        seed=seed,
        score=f"{number(report.score.earned, 6)} of {number(report.score.possible, 6)} points",
        sha256=report.submission.sha256,
        items=tuple((title, tuple(cases)) for title, cases in groups.items()),
    )
    return environment().get_template("staff.html").render(page=page)


def _case(anchor: str, one: Shown, seen: Seen) -> StaffCase:
    wrong = {name: mask for name, mask in seen.wrong.items() if name in seen.expected}
    same = [name for name in wrong if _fits(seen, name)]
    clean = cleaned(seen.says)
    return StaffCase(
        anchor=anchor,
        name=one.outcome.case,
        hidden=not one.public,
        says=tuple(map(one_line, clean)),
        asked=one.asked,
        inputs=tuple(table(name, a, None, 6, SIDE) for name, a in seen.inputs.items()),
        outputs=tuple(
            example(Comparison(name, seen.expected[name], seen.got[name], wrong[name], {}))
            for name in same
        ),
        right=tuple(name for name in seen.expected if name in seen.got and name not in wrong),
        got=tuple(
            table(f"{who} {name}", array, None, 6, SIDE)
            for name, want in seen.expected.items()
            if name not in same
            for who, array in (("expected", want), ("got", seen.got.get(name)))
            if array is not None
        ),  # fmt: skip
        lines="\n".join(shown(line, LONGEST) for line in one.lines.splitlines()),
    )


def _fits(seen: Seen, name: str) -> bool:
    return name in seen.got and np.shape(seen.got[name]) == np.shape(seen.expected[name])
