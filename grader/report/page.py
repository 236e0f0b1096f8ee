"""What the page says and in which order; the template only lays it out.

First the verdict, then what to fix by the points it brings, then what is not written, the whole
rubric, and at the end what a person has to know about how it was graded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from grader.report import training
from grader.report.cards import Card, PartRow, cards, part
from grader.report.faults import WORDS, happened, warnings
from grader.report.headline import Segment, bar_of, notes, score, verdict, waits
from grader.report.order import COUNTED, lost, roots, unwritten
from grader.report.origin import facts, margin, measured, unsafe
from grader.report.run_sets import sets_of
from grader.report.text import cleaned, count, one_line, points
from grader.report.training import Answer, Book, answers
from grader.types import ItemResult, Report

LISTED = 40  # entries of a list at most


@dataclass(frozen=True)
class ItemRow:
    """One item in the table of the rubric.

    `link` is the anchor of its card, or of its first run, or empty; `anchor` is its own, where runs
    of the notebooks lead to it. `lost` are the points that it could still bring.
    """

    item: str
    anchor: str
    title: str
    link: str
    status: str
    word: str
    points: str
    lost: float


@dataclass(frozen=True)
class Section:
    """A section of the rubric."""

    title: str
    points: str
    rows: tuple[ItemRow, ...]


@dataclass(frozen=True)
class Passed:
    """What is right already, what its points were for, and by how much it is right."""

    title: str
    score: str
    parts: tuple[PartRow, ...]
    margin: str


@dataclass(frozen=True)
class Ungraded:
    """Items that do not count yet, for one reason."""

    reason: str
    points: str
    titles: tuple[str, ...]
    items: tuple[str, ...]


@dataclass(frozen=True)
class ByPerson:
    """What a person gave for an item; `comment` is HTML that is safe to put into a page."""

    title: str
    points: str
    met: tuple[tuple[str, str], ...]
    comment: str


@dataclass(frozen=True)
class Page:
    """All that the page and the terminal say; every text is safe to show, but not yet escaped.

    A class keeps it as data. Its last three fields are for what is known only then: what the course
    makes of the points, the generation, and what people gave (grader.report.by_people).
    """

    name: str
    assignment: str
    score: str
    verdict: str
    changes: tuple[str, ...]
    waits: str
    notes: tuple[str, ...]
    bar: tuple[Segment, ...]
    unsafe: str
    untouched: bool
    cards: tuple[Card, ...]
    unwritten: tuple[Card, ...]
    sections: tuple[Section, ...]
    passed: tuple[Passed, ...]
    worth_knowing: tuple[tuple[str, tuple[str, ...]], ...]
    ungraded: tuple[Ungraded, ...]
    books: tuple[Book, ...]
    answers: tuple[Answer, ...]
    flags: tuple[tuple[str, str], ...]
    repaired: tuple[str, ...]
    ignored: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    measured: str
    policy: str = ""
    generation: str = ""
    by_people: tuple[ByPerson, ...] = ()

    @property
    def more(self) -> bool:
        """Say whether there is something to say besides the items."""
        lists = (self.passed, self.worth_knowing, self.ungraded, self.flags)
        return any((*lists, self.repaired, self.ignored))

    @property
    def charts(self) -> bool:
        """Say whether there is a chart of a training run."""
        return any(one.chart for book in self.books for one in book.sets)


def make(report: Report, version: str, sources: bool = True) -> Page:
    """Return the page of a report, with the student's `sources` beside what is wrong in them."""
    listed_from = report.submission if sources else None
    books = {item.where.partition(",")[0] for item in report.items} | report.submission.files.keys()
    answered = answers(report.questions, report.items)
    report = cleaned(replace(report, questions=(), cases=()))
    fix, missing = roots(report.items), unwritten(report.items)
    anchors = {root.item.id: f"fix-{n}" for n, root in enumerate(fix, start=1)}
    anchors |= {root.item.id: f"write-{n}" for n, root in enumerate(missing, start=1)}
    links = anchors | {
        item.id: anchors[root.item.id] for root in (*fix, *missing) for item in root.consequences
    }
    sets = sets_of(report.trained, report.goals)
    runs = training.anchors(sets)
    own = {item: f"item-{n}" for n, item in enumerate(runs, start=1) if item not in links}
    counted = [item for item in report.items if item.status in COUNTED]
    to_fix = cards(fix, anchors, listed_from, books)
    to_write = cards(missing, anchors, books=books)
    untouched = (
        bool(missing)
        and all(card.not_handed_in for card in to_fix)
        and not any(item.earned for item in counted)
    )
    return Page(
        name=one_line(report.submission.name),
        assignment=report.rubric_title or report.rubric,
        score=score(report),
        verdict=verdict(to_fix, to_write, bool(counted), untouched),
        changes=tuple(map(one_line, report.changes)),
        waits=waits(report.score.pending),
        notes=notes(report),
        bar=bar_of(
            (item.earned, item.possible)
            for item in (*counted, *(i for i in report.items if i.status == "pending"))
        ),
        unsafe="" if report.box.isolated else unsafe(report.box),
        untouched=untouched,
        cards=to_fix,
        unwritten=to_write,
        sections=_sections(report, runs | links, own),
        passed=_passed(report),
        worth_knowing=tuple(
            (item.title, phrases)
            for item in report.items
            if item.status == "passed" and (phrases := warnings(item))
        ),
        ungraded=_ungraded(report.items),
        books=training.books(report, sets, own | links),
        answers=answered,
        flags=tuple((one_line(f.message), one_line(f.where)) for f in report.flags[:LISTED]),
        repaired=_capped(report.submission.repaired),
        ignored=_capped(report.submission.ignored),
        facts=facts(report, version),
        measured=measured(report.measured),
    )


def _sections(
    report: Report, links: Mapping[str, str], own: Mapping[str, str]
) -> tuple[Section, ...]:
    groups: dict[str, list[ItemResult]] = {name: [] for name in (*dict(report.sections), "")}
    for item in report.items:
        groups.get(item.section, groups[""]).append(item)
    return tuple(
        Section(title, _sum(items), tuple(_row(item, links, own) for item in items))
        for name, title in (*report.sections, ("", "More"))
        if (items := groups[name])
    )


def _sum(items: list[ItemResult]) -> str:
    counted = [item for item in items if item.status in COUNTED]
    if not counted:
        return "–"
    earned, possible = (sum(getattr(i, name) for i in counted) for name in ("earned", "possible"))
    return f"{points(earned)} of {points(possible)}"


def _row(item: ItemResult, links: Mapping[str, str], own: Mapping[str, str]) -> ItemRow:
    earned = points(item.earned) if item.status in COUNTED else "–"
    return ItemRow(
        item=item.id,
        anchor=own.get(item.id, ""),
        title=item.title,
        link=links.get(item.id, ""),
        status=item.status,
        word=WORDS[item.status],
        points=f"{earned} of {points(item.possible)}",
        lost=lost(item),
    )


def _passed(report: Report) -> tuple[Passed, ...]:
    return tuple(
        Passed(
            item.title,
            f"{item.checks[0]} of {count(item.checks[1], 'check')} right, "
            f"{count(item.earned, 'point')}",
            tuple(map(part, item.parts)),
            margin(item.id, report.measured),
        )
        for item in report.items
        if item.status == "passed" and not item.because_of
    )


def _ungraded(items: Iterable[ItemResult]) -> tuple[Ungraded, ...]:
    """Return what does not count yet, by its reason."""
    groups: dict[str, list[ItemResult]] = {}
    for item in items:
        if item.status not in COUNTED and (item.status == "pending" or not item.because_of):
            groups.setdefault(_reason(item), []).append(item)
    return tuple(
        Ungraded(
            why,
            count(sum(i.possible for i in group), "point"),
            tuple(i.title for i in group),
            tuple(i.id for i in group),
        )
        for why, group in groups.items()
    )


def _reason(item: ItemResult) -> str:
    if item.status == "grader_fault":
        return "the grader stopped here: our fault, costs nothing"
    if item.faults:
        return happened(item)
    if item.status == "pending":
        return "read by a person"
    return "notebooks were not run" if ".ipynb" in item.where else "not run"


def _capped(lines: tuple[str, ...]) -> tuple[str, ...]:
    left = len(lines) - LISTED
    kept = tuple(map(one_line, lines[:LISTED]))
    return (*kept, f"… {left:,} more") if left > 0 else kept
