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
from grader.report.order import COUNTED, Root, roots, unwritten
from grader.report.origin import facts, measured, unsafe
from grader.report.run_sets import sets_of
from grader.report.text import cleaned, count, listed, one_line, points
from grader.report.training import Answer, Book, answers
from grader.types import ItemResult, Report, Score

LISTED = 40  # entries of a list at most
BAR = 1000


@dataclass(frozen=True)
class Segment:
    """One item in the bar under the score; `filled` of `width` is earned."""

    x: float
    width: float
    filled: float


@dataclass(frozen=True)
class ItemRow:
    """One item in the table of the rubric.

    `link` is the anchor of its card, or of its first run, or empty; `anchor` is its own, where runs
    of the notebooks lead to it.
    """

    item: str
    anchor: str
    title: str
    link: str
    status: str
    word: str
    points: str


@dataclass(frozen=True)
class Section:
    """A section of the rubric."""

    title: str
    points: str
    rows: tuple[ItemRow, ...]


@dataclass(frozen=True)
class Passed:
    """What is right already, and what its points were for."""

    title: str
    score: str
    parts: tuple[PartRow, ...]


@dataclass(frozen=True)
class Page:
    """All that the page and the terminal say; every text is safe to show, but not yet escaped."""

    name: str
    assignment: str
    score: str
    verdict: str
    changes: tuple[str, ...]
    notes: tuple[str, ...]
    bar: tuple[Segment, ...]
    unsafe: str
    untouched: bool
    cards: tuple[Card, ...]
    unwritten: tuple[Card, ...]
    sections: tuple[Section, ...]
    passed: tuple[Passed, ...]
    worth_knowing: tuple[tuple[str, tuple[str, ...]], ...]
    ungraded: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...]
    books: tuple[Book, ...]
    answers: tuple[Answer, ...]
    flags: tuple[tuple[str, str], ...]
    repaired: tuple[str, ...]
    ignored: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    measured: str

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
    gone = [root for root in fix if _is_gone(root.item)]
    untouched = bool(missing) and len(fix) == len(gone) and not any(i.earned for i in counted)
    return Page(
        name=one_line(report.submission.name),
        assignment=report.rubric_title or report.rubric,
        score=_score(report.score, report.items),
        verdict=_verdict(fix, missing, counted, untouched),
        changes=tuple(map(one_line, report.changes)),
        notes=(
            *_only(report),
            *_notes(report.score, report.items),
            *filter(None, [one_line(report.why_rubric)]),
        ),
        bar=bar_of(
            (item.earned, item.possible)
            for item in (*counted, *(i for i in report.items if i.status == "pending"))
        ),
        unsafe="" if report.box.isolated else unsafe(report.box),
        untouched=untouched,
        cards=cards(fix, anchors, listed_from, books),
        unwritten=cards(missing, anchors, books=books),
        sections=_sections(report, runs | links, own),
        passed=_passed(report.items),
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


def _verdict(
    fix: tuple[Root, ...], missing: tuple[Root, ...], counted: list[ItemResult], untouched: bool
) -> str:
    """Return what there is to do, in one sentence."""
    if not counted:
        return "Nothing could be graded yet"
    if untouched:
        return f"Nothing is written yet: start with {one_line(missing[0].item.id)}"
    phrases = []
    if gone := [root for root in fix if _is_gone(root.item)]:
        files = dict.fromkeys(one_line(root.item.where).partition(",")[0] for root in gone)
        worth = count(sum(root.gain for root in gone), "point")
        phrases.append(f"{listed(list(files))} not handed in, {worth} to earn")
    if right := [root for root in fix if not _is_gone(root.item)]:
        most = max(root.gain for root in right)
        worth = count(most, "point")
        which = "first" if right[0].gain == most else "largest"
        first = "worth" if len(right) == 1 else f"the {which} is worth"
        phrases.append(f"{count(len(right), 'thing')} to fix, {first} {worth}")
    if missing:
        open_points = count(sum(root.gain for root in missing), "point")
        many = count(len(missing), "function or class", "functions and classes")
        phrases.append(f"{many} not written yet, {open_points} to earn")
    return " · ".join(phrases) or "Everything that was graded is right"


def _is_gone(item: ItemResult) -> bool:
    """Return whether a notebook was not handed in."""
    return item.status == "missing" and item.where.partition(",")[0].endswith(".ipynb")


def _left_out(items: Iterable[ItemResult]) -> list[ItemResult]:
    """Return the items that the grader was told to leave out of the total."""
    return [i for i in items if i.status == "skipped" and not i.parts and not i.because_of]


def _score(score: Score, items: Iterable[ItemResult]) -> str:
    only = ", code only" if _left_out(items) else ""
    return f"{points(score.earned)} of {count(score.possible, 'point')}{only}"


def _only(report: Report) -> tuple[str, ...]:
    if not report.only:
        return ()
    what = listed([one_line(name) for name in report.only])
    return (f"Graded alone: {what}, with what this builds on. Nothing else was asked for.",)


def _notes(score: Score, items: tuple[ItemResult, ...]) -> tuple[str, ...]:
    notes = [f"{count(score.bonus, 'bonus point')} on top."] if score.bonus else []
    if score.pending > 0:
        notes.append(
            f"{count(score.pending, 'point')} of these not graded yet: a person does that. "
            "They are listed at the end of the report."
        )
    if left := sum(item.possible for item in _left_out(items)):
        notes.append(f"Notebooks were not to be run: {count(left, 'point')} are left out.")
    if any(item.status == "grader_fault" for item in items):
        notes.append("A part could not be graded. This is our fault and costs you nothing.")
    return tuple(notes)


def bar_of(points_of: Iterable[tuple[float, float]]) -> tuple[Segment, ...]:
    """Return the bar of items, given what each has earned and what is possible."""
    counted = list(points_of)
    whole = sum(possible for _, possible in counted) or 1.0
    x, segments = 0.0, []
    for earned, possible in counted:
        width = BAR * possible / whole
        share = min(1.0, max(0.0, earned / possible)) if possible else 0.0
        inner = max(0.0, width - 3)
        segments.append(Segment(round(x, 1), round(inner, 1), round(inner * share, 1)))
        x += width
    return tuple(segments)


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
    )


def _passed(items: Iterable[ItemResult]) -> tuple[Passed, ...]:
    return tuple(
        Passed(
            item.title,
            f"{item.checks[0]} of {count(item.checks[1], 'check')} right, "
            f"{count(item.earned, 'point')}",
            tuple(map(part, item.parts)),
        )
        for item in items
        if item.status == "passed" and not item.because_of
    )


def _ungraded(
    items: Iterable[ItemResult],
) -> tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...]:
    """Return (reason, points, titles, ids) for what does not count yet."""
    groups: dict[str, list[ItemResult]] = {}
    for item in items:
        if item.status not in COUNTED and (item.status == "pending" or not item.because_of):
            groups.setdefault(_reason(item), []).append(item)
    return tuple(
        (
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
    return "notebooks were not run" if item.where.endswith(".ipynb") else "not run"


def _capped(lines: tuple[str, ...]) -> tuple[str, ...]:
    left = len(lines) - LISTED
    kept = tuple(map(one_line, lines[:LISTED]))
    return (*kept, f"… {left:,} more") if left > 0 else kept
