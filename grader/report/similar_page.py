"""The page of pairs: what two submissions share, in words and numbers, both texts side by side.

It is for staff. It names nobody unless asked, and no word on it says more than what is shared.
"""

from __future__ import annotations

from dataclasses import dataclass

from grader.report.html import environment


@dataclass(frozen=True)
class Line:
    """A line of source; `mark` is "r" if rare pieces of it are shared, "s" if common ones are."""

    number: int
    text: str
    mark: str


@dataclass(frozen=True)
class Beside:
    """Two functions side by side; `ignored` says what of them does not count."""

    title: str
    one: tuple[Line, ...]
    other: tuple[Line, ...]
    ignored: str


@dataclass(frozen=True)
class Shared:
    """A pair: labels (or names with links), when both were handed in, and the reasons."""

    anchor: str
    one: tuple[str, str]
    other: tuple[str, str]
    times: str
    reasons: tuple[tuple[str, tuple[str, ...]], ...]
    beside: tuple[Beside, ...]


@dataclass(frozen=True)
class SimilarPage:
    """All pairs, strongest first; `facts` say what is usual here, `ignored` what was left out.

    `forms` are rows (function, wrote it, different forms, the commonest): how alike right answers
    are in this class.
    """

    title: str
    facts: tuple[str, ...]
    pairs: tuple[Shared, ...]
    clusters: tuple[tuple[str, ...], ...]
    ignored: tuple[str, ...]
    forms: tuple[tuple[str, int, int, str], ...]
    is_blind: bool = True
    unsafe: str = ""


def render(page: SimilarPage) -> str:
    """Return the page as HTML; everything in it is escaped."""
    return environment().get_template("similar.html").render(page=page)
