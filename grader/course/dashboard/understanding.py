"""Items by how many got all of their points, and why the others did not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from grader.course.dashboard.numbers import discrimination
from grader.course.dashboard.people import People
from grader.course.dashboard.pupils import UNTRIED, Answers, Pupil
from grader.report.class_page import Cell, Reason, Table, Understood
from grader.report.text import count, points
from grader.rubric.cases import Rubric

REASONS = 6  # of an item
SAID = {
    "missing": "was not handed in", "not_written": "is not written yet",
    "error": "stopped with an exception", "timeout": "took longer than allowed",
}  # fmt: skip
HEADS = ("Check", "Asked of", "Right", "", "Discrimination")


def understood(answers: Answers, rubric: Rubric, people: People) -> tuple[Understood, ...]:
    """Return the items that were counted for anybody, the least understood first."""
    sections = {section.id: section.title for section in rubric.table.sections}
    made: list[tuple[float, Understood]] = []
    for number, item in enumerate(rubric.table.items):
        counted = np.isfinite(answers.earned[:, number])
        many = int(counted.sum())
        if not many:
            continue
        shares = answers.earned[:, number] / answers.possible[:, number]
        full = int((shares[counted] >= 1 - 1e-9).sum())
        lost = [answers.pupils[row] for row in np.flatnonzero(counted & (shares < 1 - 1e-9))]
        one = Understood(
            title=item.title,
            section=sections.get(item.section, item.section),
            full=f"{full:,} of {many:,} all points",
            share=full / many,
            mean=f"{100 * shares[counted].mean():.0f} % of points",
            discrimination=said(discrimination(shares, answers.rest(number)), "discrimination "),
            reasons=tuple(_reasons(item.id, lost, rubric, people)),
            checks=_checks(answers, number, rubric, item.title),
        )
        made.append((full / many, one))
    return tuple(one for _, one in sorted(made, key=lambda pair: pair[0]))


def said(value: float | None, before: str = "") -> str:
    """Return a correlation in two digits; empty if it is not known."""
    return "" if value is None else f"{before}{value:.2f}"


def _reasons(item: str, lost: list[Pupil], rubric: Rubric, people: People) -> Iterator[Reason]:
    """Yield why students lost points in an item, the commonest reason first."""
    groups: dict[tuple[bool, str], list[Pupil]] = {}
    for pupil in lost:
        groups.setdefault(_why(item, pupil, rubric), []).append(pupil)
    ranked = sorted(groups.items(), key=lambda pair: -len(pair[1]))
    for (is_cause, why), pupils in ranked[:REASONS]:
        read = Counter(one.facts.says.get(item, (why, False)) for one in pupils)
        says, certain = read.most_common(1)[0][0] if is_cause else (why, False)
        yield Reason(says, people.who(pupils), is_cause, certain)
    if rest := [one for _, pupils in ranked[REASONS:] for one in pupils]:
        yield Reason("for reasons of fewer students each", people.who(rest), False)


def _why(item: str, pupil: Pupil, rubric: Rubric) -> tuple[bool, str]:
    """Return whether a cause was found, and its id, else what became of the item in words."""
    assert pupil.outcome is not None
    _, status, _, _, cause, root = next(one for one in pupil.outcome.items if one[0] == item)
    if status in UNTRIED:
        return False, SAID[status]
    if root:
        title = next((one.title for one in rubric.table.items if one.id == root), root)
        return False, f"follows from {title}"
    return (True, cause) if cause else (False, SAID.get(status, "wrong in a way without a name"))


def _checks(answers: Answers, number: int, rubric: Rubric, title: str) -> Table:
    rows, rest = [], answers.rest(number)
    for column in np.flatnonzero(answers.item_of == number):
        asked = answers.asked[:, column]
        if many := int(asked.sum()):
            right = int((asked & ~answers.wrong[:, column]).sum())
            shares = np.where(asked, 1.0 - answers.wrong[:, column], np.nan)
            case = rubric.cases[column]
            name = case.id.partition("/")[2] + ("" if case.public else " (hidden)")
            rows.append(
                (
                    Cell(name, is_code=True), Cell(f"{many:,}"), Cell(f"{right:,}"),
                    Cell(share=right / many), Cell(said(discrimination(shares, rest))),
                )
            )  # fmt: skip
    return Table("", f"Checks of {title}", "", HEADS, tuple(rows), (1, 2, 4))


def by_section(answers: Answers, rubric: Rubric) -> Table:
    """Return how much of each section of the rubric the class got."""
    rows = []
    for section in rubric.table.sections:
        here = np.array([item.section == section.id for item in rubric.table.items])
        told = (np.nansum(a.kinds[:, here], axis=1) for a in (answers.earned, answers.possible))
        earned, possible = (float(sums @ answers.many) for sums in told)
        if possible > 0:
            each = points(possible / len(answers.pupils))
            share = earned / possible
            rows.append(
                (Cell(section.title), Cell(f"{100 * share:.0f} %"), Cell(share=share), Cell(each))
            )
    heads = ("Section", "Points got", "", "Possible")
    return Table("sections", "By section of the assignment", "", heads, tuple(rows), (1, 3))


def by_group(pupils: list[Pupil]) -> Table:
    """Return the scores of each group or section of students, where there are several."""
    groups: dict[str, list[float]] = {}
    for one in pupils:
        if one.row.share is not None:
            groups.setdefault(one.row.group or "no group", []).append(one.row.share)
    rows = []
    for name, shares in sorted(groups.items()):
        many = count(len(shares), "student")
        mean, median = float(np.mean(shares)), float(np.median(shares))
        texts = (f"{100 * mean:.0f} %", f"{100 * median:.0f} %")
        rows.append((Cell(name), Cell(many), *map(Cell, texts), Cell(share=mean)))
    heads = ("Group", "With a score", "Mean", "Median", "")
    shown = tuple(rows) if 1 < len(rows) <= 60 else ()
    return Table("groups", "By group of students", "", heads, shown, (1, 2, 3))
