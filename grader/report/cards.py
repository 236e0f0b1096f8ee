"""One card for each thing to fix: what went wrong, the example, why, the points, the next step."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from grader.errors import explaining
from grader.report import faults, listing
from grader.report.faults import WORDS, ShownFault, show_fault
from grader.report.listing import Listing
from grader.report.order import Root, lost, stop
from grader.report.small import Small, make
from grader.report.tables import SIDE
from grader.report.text import count, points
from grader.types import Cause, ItemResult, PartResult, Submission

BUDGET = ((400, SIDE), (1000, 5))  # cells shown so far -> side of the next tables

HINTS = ("Hint 1: where to look", "Hint 2: the idea", "Hint 3: how to write it")


@dataclass(frozen=True)
class PartRow:
    """What a point was for."""

    id: str
    about: str
    points: str
    status: str
    word: str


@dataclass(frozen=True)
class Steps:
    """What to do next: the command that checks it, the place in a notebook, the note on its idea.

    Each is empty where there is none.
    """

    check: str = ""
    lesson: str = ""
    note: str = ""


@dataclass(frozen=True)
class Affected:
    """An item that is wrong only, or perhaps only, because of this one."""

    title: str
    message: str
    outcome: str


@dataclass(frozen=True)
class Card:
    """All that the page shows of one item that needs work.

    `worth` are the points that it may bring, with what follows from it. `said` are sentences of the
    instructor; `by_person`: people have decided about all that it is worth.
    """

    item: str
    anchor: str
    title: str
    where: str
    status: str
    word: str
    gain: str
    score: str
    checks: str
    lede: str
    cause: Cause | None
    cause_label: str
    small: Small | None
    problems: tuple[ShownFault, ...]
    more: tuple[str, ...]
    more_left: int
    parts: tuple[PartRow, ...]
    hints: tuple[tuple[str, str], ...]
    split: str
    consequences: tuple[Affected, ...]
    warnings: tuple[str, ...]
    listing: Listing | None = None
    steps: Steps = Steps()
    worth: float = 0.0
    said: tuple[str, ...] = ()
    by_person: bool = False

    @property
    def in_notebook(self) -> bool:
        """Say whether the card is about something in a notebook."""
        return self.where.partition(",")[0].endswith(".ipynb")

    @property
    def not_handed_in(self) -> bool:
        """Say whether the card is about a notebook that is missing."""
        return self.status == "missing" and self.in_notebook


def cards(
    roots: Iterable[Root],
    anchors: Mapping[str, str],
    submission: Submission | None = None,
    books: Collection[str] = (),
) -> tuple[Card, ...]:
    """Make a card for each; once much has been shown, the examples get smaller, then stop.

    With the `submission` each has the student's own function; no place is listed twice. `books` are
    the notebooks of the course year: a lesson in another one is not named.
    """
    made: list[Card] = []
    listed_in: dict[str, str] = {}
    spent = 0
    for root in roots:
        side = next((side for limit, side in BUDGET if spent < limit), 0)
        anchor = anchors[root.item.id]
        card = _unshown(root, anchor)
        with explaining(f"making the card of {root.item.id}"):
            card = _shared(_card(root, anchor, side, books), root)
        if submission is not None:
            with explaining(f"listing the source of {root.item.id}"):
                card = _with_source(card, root.item, submission, listed_in, len(made) + 1)
        made.append(card)
        shown = [card.small, *(problem.example for problem in card.problems)]
        spent += sum(each.cells for each in shown if each)
    return tuple(made)


def _card(root: Root, anchor: str, side: int, books: Collection[str]) -> Card:
    item = root.item
    picked = faults.chosen(item.faults, faults.file_of(item))
    rest = [faults.in_one_line(f) for f in item.faults if all(f is not one for one in picked)]
    return Card(
        item=item.id,
        anchor=anchor,
        title=item.title,
        where=item.where,
        status=item.status,
        word=WORDS[item.status],
        gain=gain(root.gain),
        score=f"{points(item.earned)} of {points(item.possible)}",
        checks=_checks(item),
        lede=lede(item.parts),
        cause=item.cause,
        cause_label=label(item.cause),
        small=make(item.smallest),
        problems=tuple(show_fault(fault, side) for fault in picked),
        more=tuple(rest[: faults.MORE]),
        more_left=max(0, len(rest) - faults.MORE),
        parts=tuple(map(part, item.parts)),
        hints=tuple(zip(HINTS, item.hints, strict=False)),
        split=_split(root),
        consequences=_joined(map(_consequence, root.consequences)),
        warnings=faults.warnings(item),
        steps=_steps(item, books),
        worth=root.gain,
    )


def gain(worth: float) -> str:
    """Return what the points are called that a card may bring."""
    return count(worth, "point") if worth else "no points lost"


def _with_source(
    card: Card, item: ItemResult, submission: Submission, listed_in: dict[str, str], number: int
) -> Card:
    """Return the card with the item's own source; where another card has it, with its lines."""
    found = listing.of(item, submission)
    if found is None:
        return card
    if found.place in listed_in:
        return replace(card, listing=replace(found, lines=(), also=listed_in[found.place]))
    listed_in[found.place] = f"{number}. {card.title}"
    return replace(card, listing=found)


def _steps(item: ItemResult, books: Collection[str]) -> Steps:
    checked = item.public_checks[1] and ".ipynb" not in item.where
    function = item.where.partition(": ")[2].partition("(")[0].partition(" ")[0]
    return Steps(
        check=f"python selfcheck.py {item.id}" if checked else "",
        lesson=item.lesson if item.lesson.partition(",")[0] in books else "",
        note=function if item.lesson and function else "",
    )


def _unshown(root: Root, anchor: str) -> Card:
    """Return what stands for a card that breaks by a fault of ours: the page goes on without it."""
    item = root.item
    said = (
        "What is wrong here could not be shown: a fault of the grader. The points are as they are."
    )
    return Card(
        item.id, anchor, item.title, item.where, item.status, WORDS[item.status],
        gain(root.gain), "", "", said, None, "", None, (), (), 0, (), (), "", (), (),
        worth=root.gain,
    )  # fmt: skip


def _shared(card: Card, root: Root) -> Card:
    """Return a card about the one thing at which several items stopped, if they did."""
    line = stop(root.item)
    stopped = [root.item, *(item for item in root.consequences if line and stop(item) == line)]
    if not line or len(stopped) == 1:
        return card
    place, number = line
    whole = Affected(
        f"{len(stopped)} items",
        f"{'stopped at this line' if number else 'for this one reason'}: "
        + "; ".join(item.title for item in stopped),
        f"{count(sum(map(lost, stopped)), 'point')} may come back once it is right",
    )
    others = (_consequence(item) for item in root.consequences if stop(item) != line)
    score = [points(sum(getattr(i, name) for i in stopped)) for name in ("earned", "possible")]
    return replace(
        card,
        title=f"{place}, line {number}" if number else place.partition(": ")[0],
        where=f"{place}, line {number}" if number else card.where.partition(":")[0],
        score=" of ".join(score),
        checks="",
        lede="",
        small=None,
        parts=(),
        hints=(),
        split="",
        consequences=(whole, *_joined(others)),
    )


def part(result: PartResult) -> PartRow:
    """Return what a part was for and what it brought."""
    score = f"{points(result.earned)} of {points(result.possible)}"
    if result.earned > result.possible:
        score = f"{points(result.earned)} on top"
    elif not result.possible:
        score = "no points"
    return PartRow(result.id, result.about, score, result.status, WORDS[result.status])


def _checks(item: ItemResult) -> str:
    """Return how many checks are right in all of their parts; points are for single parts."""
    right, many = item.checks
    if item.earned and not right:
        return "every check misses a part"
    every = " in every part" if len(item.parts) > 1 else ""
    return f"{right} of {count(many, 'check')} right{every}" if many else ""


def label(cause: Cause | None) -> str:
    """Return what a cause is: a mistake with a name, or what the numbers have in common."""
    if cause is None:
        return ""
    if cause.id.startswith("symptom/"):
        return "What is off:" if cause.certain else "What it looks like:"
    return "This is the mistake:" if cause.certain else "This looks like:"


def lede(parts: tuple[PartResult, ...]) -> str:
    """Return what is right beside what is not, in the rubric's words, where both are there."""
    right, wrong = (
        [part.about for part in parts if part.possible > 0 and (part.status == "passed") is passed]
        for passed in (True, False)
    )
    if not right or not wrong:
        return ""
    return f"Not right yet: {'; '.join(wrong)}. Right already: {'; '.join(right)}."


def _split(root: Root) -> str:
    """Return how the points of a card split between the item and what follows from it."""
    here = lost(root.item)
    inside = f"{points(here)} {'is' if points(here) == '1' else 'are'} here and " if here else ""
    split = (
        f"Of {count(root.gain, 'point')}, {inside}{points(root.gain - here)} may come back below"
    )
    return split if root.gain != here else ""


def _joined(found: Iterable[Affected]) -> tuple[Affected, ...]:
    """Return what follows from a mistake, one line for all of which the same is to be said."""
    titles: dict[tuple[str, str], list[str]] = {}
    for one in found:
        titles.setdefault((one.message, one.outcome), []).append(one.title)
    return tuple(Affected("; ".join(names), *said) for said, names in titles.items())


def _consequence(item: ItemResult) -> Affected:
    left = lost(item)
    outcome = f"{count(left, 'point')} may come back" if left else "No points lost"
    if item.followed_through and not left:
        return Affected(item.title, "right apart from that", outcome)
    if item.followed_through:
        outcome = f"Right apart from that: {points(item.earned)} of {points(item.possible)} points"
    elif item.status == "pending":
        outcome = f"{count(item.possible, 'point')} wait for a person"
    elif item.status == "skipped":
        outcome = f"Not tried apart from that: {count(left, 'point')} lost"
    return Affected(item.title, faults.happened(item), outcome)
