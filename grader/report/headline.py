"""What stands on top of a page: the score, what there is to do, what is left out, and the bar."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from grader.report.cards import Card
from grader.report.text import count, listed, one_line, points
from grader.types import ItemResult, Report

BAR = 1000


@dataclass(frozen=True)
class Segment:
    """One item in the bar under the score; `filled` of `width` is earned."""

    x: float
    width: float
    filled: float


def score(report: Report) -> str:
    """Return the points, and whether they are for the code alone."""
    only = ", code only" if _left_out(report.items) else ""
    return of_points(report.score.earned, report.score.possible) + only


def of_points(earned: float, possible: float) -> str:
    """Return points of the points that there are: "3 of 4 points"."""
    return f"{points(earned)} of {count(possible, 'point')}"


def verdict(
    cards: Sequence[Card], unwritten: Sequence[Card], counted: bool, untouched: bool
) -> str:
    """Return what there is to do, in one sentence."""
    if not counted:
        return "Nothing could be graded yet"
    if untouched:
        return f"Nothing is written yet: start with {unwritten[0].item}"
    phrases = []
    if gone := [card for card in cards if card.not_handed_in and not card.by_person]:
        files = dict.fromkeys(card.where.partition(",")[0] for card in gone)
        worth = count(sum(card.worth for card in gone), "point")
        phrases.append(f"{listed(list(files))} not handed in, {worth} to earn")
    if wrong := [card for card in cards if not card.not_handed_in and not card.by_person]:
        most = max(card.worth for card in wrong)
        worth = count(most, "point")
        which = "first" if wrong[0].worth == most else "largest"
        first = "worth" if len(wrong) == 1 else f"the {which} {'of them ' if gone else ''}is worth"
        thing = "more thing" if gone else "thing"
        phrases.append(f"{count(len(wrong), thing)} to fix, {first} {worth}")
    if unwritten:
        open_points = count(sum(card.worth for card in unwritten), "point")
        in_code = not any(card.in_notebook for card in unwritten)
        names = ("function or class", "functions and classes") if in_code else ("item", "items")
        many = count(len(unwritten), *names)
        phrases.append(f"{many} not written yet, {open_points} to earn")
    left = "Nothing is left to do" if cards else "Everything that was graded is right"
    return " · ".join(phrases) or left


def waits(pending: float) -> str:
    """Return how many points wait for a person; empty if none do."""
    if not pending > 0:
        return ""
    return (
        f"{count(pending, 'point')} of these not graded yet: a person does that. "
        "They are listed at the end of the report."
    )


def notes(report: Report) -> tuple[str, ...]:
    """Return what else has to be known of the score."""
    found = []
    if report.only:
        what = listed([one_line(name) for name in report.only])
        found.append(f"Graded alone: {what}, with what this builds on. Nothing else was asked for.")
    if report.score.bonus:
        found.append(f"{count(report.score.bonus, 'bonus point')} on top.")
    if left := sum(item.possible for item in _left_out(report.items)):
        found.append(f"Notebooks were not to be run: {count(left, 'point')} are left out.")
    if any(item.status == "grader_fault" for item in report.items):
        found.append("A part could not be graded. This is our fault and costs you nothing.")
    return (*found, *filter(None, [one_line(report.why_rubric)]))


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


def _left_out(items: Iterable[ItemResult]) -> list[ItemResult]:
    """Return the items that the grader was told to leave out of the total."""
    return [i for i in items if i.status == "skipped" and not i.parts and not i.because_of]
