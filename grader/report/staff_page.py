"""The page for staff: each check that was not right, with its arrays and lines to paste."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from grader.report import listing
from grader.report.cards import label
from grader.report.html import environment
from grader.report.listing import Listing
from grader.report.result_form import ResultJson, RunJson
from grader.report.tables import SIDE, ArrayTable, Example, example, table
from grader.report.text import cleaned, count, number, one_line, points, shown
from grader.types import CaseOutcome, Comparison, ItemResult, Report, Seen, Submission

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
    parts: tuple[str, ...]
    lines: str


@dataclass(frozen=True)
class StaffItem:
    """An item with checks that are not right: what it cost, why, and the checks, hidden first.

    It is `free` if it kept all of its points. `listing` is the student's function.
    """

    anchor: str
    title: str
    score: str
    why: tuple[str, ...]
    lost: tuple[str, ...]
    cases: tuple[StaffCase, ...]
    free: bool = False
    checks: str = ""
    listing: Listing | None = None


@dataclass(frozen=True)
class Trained:
    """Something that a stored result says of notebooks, and the sentences on it."""

    title: str
    says: tuple[str, ...]


@dataclass(frozen=True)
class StaffPage:
    """All that the page says; `upload` is where what was handed in lies, "" if that is known."""

    name: str
    assignment: str
    seed: str
    score: str
    sha256: str
    upload: str
    code_only: bool
    items: tuple[StaffItem, ...]
    notebooks: tuple[Trained, ...] = ()
    unsafe: str = ""


def trained(result: ResultJson, items: Sequence[str]) -> tuple[Trained, ...]:
    """Return what a stored result says of notebooks: of the `items` that need them, and of runs."""
    found = []
    for item in result["items"]:
        if item["id"] in items and item["earned"] < item["possible"]:
            says = [fault["says"] for fault in item["faults"]]
            score = f"{points(item['earned'])} of {count(item['possible'], 'point')}"
            score += f", {item['status']}" if item["status"] != "partial" else ""
            found.append(Trained(f"{item.get('title', item['id'])}, {score}", _said(says)))
    for book in result["notebooks"]:
        says = [
            f"Cell {run.get('cell_name') or run['cell']}: {run['says']}{_recomputed(run)}"
            for run in book["runs"]
        ]
        found.append(Trained(f"{book['name']}: {book['status']}", _said(says)))
    return tuple(found)


def _said(sentences: Sequence[str]) -> tuple[str, ...]:
    return tuple(one_line(shown(one)) for one in dict.fromkeys(sentences))


def _recomputed(run: RunJson) -> str:
    """Return what a run's parameters do on our images, hidden ones too."""
    names = ("train", "val", "hidden")
    known = [(name, run.get(f"recomputed_{name}_accuracy")) for name in names]
    told = [f"{name} {value:.3f}" for name, value in known if isinstance(value, float)]
    return f" Its parameters on our images: {', '.join(told)}." if told else ""


def render(
    report: Report,
    shown_cases: Sequence[Shown],
    seed: str,
    upload: str = "",
    notebooks: Sequence[Trained] = (),
) -> str:
    """Return the page as HTML; `upload` is where what was handed in lies, if it is to be said.

    `notebooks` is what a stored result says of them, where they are not run for this page.
    """
    results = {item.id: item for item in report.items}
    groups: dict[str, list[StaffCase]] = {}
    hidden_first = sorted(shown_cases, key=lambda one: one.public)
    for n, one in enumerate(hidden_first, start=1):
        if one.outcome.seen is not None:
            name = one.outcome.case.partition("/")[0]
            made = _case(f"case-{n}", one, one.outcome.seen, results.get(name))
            groups.setdefault(name, []).append(made)
    order = [name for name in results if name in groups]
    order += [name for name in groups if name not in results]
    order.sort(key=lambda name: name in results and _is_free(results[name]))
    page = StaffPage(
        name=one_line(shown(report.submission.name)),
        assignment=report.rubric_title or report.rubric,
        seed=seed,
        score=f"{number(report.score.earned, 6)} of {number(report.score.possible, 6)} points",
        sha256=report.submission.sha256,
        upload=upload,
        code_only=not report.notebooks,
        notebooks=tuple(notebooks),
        items=tuple(
            _item(f"item-{n}", name, results, groups[name], report.submission)
            for n, name in enumerate(order, start=1)
        ),
    )
    return environment().get_template("staff.html").render(page=page)


def _is_free(item: ItemResult) -> bool:
    return item.earned == item.possible


def _item(
    anchor: str,
    name: str,
    results: Mapping[str, ItemResult],
    cases: list[StaffCase],
    submission: Submission,
) -> StaffItem:
    """Return what the student's report says of an item, above its checks."""
    if name not in results:
        return StaffItem(anchor, name, "", (), (), tuple(cases))
    item = cleaned(results[name])
    lost = tuple(
        f"{part.about or part.id}: {points(part.earned)} of {points(part.possible)}"
        for part in item.parts
        if part.earned < part.possible
    )
    cause = [f"{label(item.cause)} {item.cause.message}"] if item.cause else []
    follows = []
    if root := results.get(item.because_of or ""):
        cost = "costs nothing" if _is_free(item) else "see there first"
        follows = [f"Follows from {root.title}: {cost}."]
    return StaffItem(
        anchor=anchor,
        title=item.title,
        score=f"{points(item.earned)} of {count(item.possible, 'point')}",
        why=tuple(map(one_line, (*follows, *cause))),
        lost=tuple(map(one_line, lost)),
        cases=tuple(cases),
        free=_is_free(item),
        checks=_checks(item),
        listing=listing.of(item, submission),
    )


def _checks(item: ItemResult) -> str:
    """Return how many checks are right of those that students see, and of the hidden ones."""
    (right, every), (shown_right, shown_to_all) = item.checks, item.public_checks
    public = f"{shown_right} of {count(shown_to_all, 'public check')}"
    return f"Right: {public}, {right - shown_right} of {every - shown_to_all} hidden."


def _decides(case: str, item: ItemResult | None) -> tuple[str, ...]:
    """Return the parts that a check says are not right."""
    wrong = {fault.part for fault in item.faults if fault.case == case} if item else set()
    return tuple(part.about or part.id for part in item.parts if part.id in wrong) if item else ()


def _case(anchor: str, one: Shown, seen: Seen, item: ItemResult | None) -> StaffCase:
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
        parts=tuple(map(one_line, cleaned(_decides(one.outcome.case, item)))),
        lines="\n".join(shown(line, LONGEST) for line in one.lines.splitlines()),
    )


def _fits(seen: Seen, name: str) -> bool:
    return name in seen.got and np.shape(seen.got[name]) == np.shape(seen.expected[name])
