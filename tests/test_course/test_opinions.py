"""What people decided, folded: in any order the same, and nothing of it lost."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from grader.course.opinions import (
    NOTHING,
    Change,
    Criterion,
    Decision,
    Scheme,
    agreement,
    alpha,
    change,
    independent,
    kappa,
    standing,
    state_of,
)

SCHEME = Scheme(
    4.0,
    {
        "a": Criterion("a", "q", 2.5, "names the mismatch"),
        "b": Criterion("b", "q", 1.0, "gives the reason"),
        "c": Criterion("c", "q", -0.5, "a slip"),
        "d": Criterion("d", "q", 3.0, "all of it"),
    },
)


def said(name: str, marker: str = "ada", *, at: int = 0, **facts: object) -> Decision:
    """Return a decision; it is a grade unless another action is named."""
    known: dict[str, object] = {"action": "grade", "evidence": "e", **facts}
    for field in ("replaces", "criteria"):
        known[field] = tuple(str(known.get(field, "")).split())
    return Decision(name, 1, "q", marker, f"2026-01-01T00:00:{at:02}", **known)  # type: ignore[arg-type]


POINTS = {
    "nothing ticked": ("", None, False, 0.0),
    "a sum": ("a b", None, False, 3.5),
    "a sum with a loss": ("a b c", None, False, 3.0),
    "no more than there is": ("a d", None, False, 4.0),
    "no less than nothing": ("c", None, False, 0.0),
    "down from all": ("c", None, True, 3.5),
    "down from all, with nothing lost": ("", None, True, 4.0),
    "typed in place of the sum": ("a b", 1.25, False, 1.25),
    "typed as nothing": ("a", 0.0, True, 0.0),
    "an unknown criterion counts nothing": ("a x", None, False, 2.5),
}


@pytest.mark.parametrize("what", POINTS)
def test_points_of_a_decision(what: str) -> None:
    criteria, typed, full, worth = POINTS[what]
    scheme = replace(SCHEME, from_full=full)
    assert scheme.points(said("1", criteria=criteria, points=typed)) == worth


# name -> decisions, points (None: none stand), the state, who stands
FOLDS: dict[str, tuple[list[Decision], float | None, str, str]] = {
    "nothing": ([], None, "open", ""),
    "one grade": ([said("1", criteria="a")], 2.5, "done", "1"),
    "a later grade replaces what it saw": (
        [said("1", criteria="a"), said("2", at=1, criteria="b", replaces="1")], 1.0, "done", "2",
    ),
    "two that did not see each other are in conflict": (
        [said("1", criteria="a"), said("2", "bo", at=1, criteria="b")], None, "conflict", "1 2",
    ),
    "two that agree are not": (
        [said("1", criteria="a"), said("2", "bo", at=1, criteria="a")], 2.5, "done", "1 2",
    ),
    "the same points for other reasons are in conflict": (
        [said("1", points=2.5), said("2", "bo", at=1, criteria="a")], None, "conflict", "1 2",
    ),
    "a third settles both": (
        [said("1", criteria="a"), said("2", "bo", at=1, criteria="b"),
         said("3", "cy", at=2, criteria="b", replaces="1 2")], 1.0, "done", "3",
    ),
    "who settles and saw one of three leaves a conflict": (
        [said("1", criteria="a"), said("2", "bo", at=1, criteria="b"),
         said("3", "cy", at=2, points=0.0), said("4", at=3, criteria="b", replaces="1 2")],
        None, "conflict", "3 4",
    ),
    "an undone grade was never given": (
        [said("1", criteria="a"), said("2", at=1, action="undo", replaces="1")], None, "open", "",
    ),
    "undoing gives back what stood before": (
        [said("1", criteria="a"), said("2", at=1, criteria="b", replaces="1"),
         said("3", at=2, action="undo", replaces="2")], 2.5, "done", "1",
    ),
    "undoing a settlement gives back the conflict": (
        [said("1", criteria="a"), said("2", "bo", at=1, criteria="b"),
         said("3", "cy", at=2, criteria="b", replaces="1 2"),
         said("4", "cy", at=3, action="undo", replaces="3")], None, "conflict", "1 2",
    ),
    "a flag leaves the points": (
        [said("1", criteria="a"), said("2", "bo", at=1, action="flag")], 2.5, "flag", "1",
    ),
    "a grade that saw the flag ends it": (
        [said("1", action="flag"), said("2", "bo", at=1, criteria="a", replaces="1")],
        2.5, "done", "2",
    ),
    "a grade that did not see the flag does not": (
        [said("1", action="flag"), said("2", "bo", at=1, criteria="a")], 2.5, "flag", "2",
    ),
    "a look ends a request, and the points stay": (
        [said("1", criteria="a"), said("2", "", at=1, action="request"),
         said("3", at=2, action="looked", replaces="1 2")], 2.5, "done", "1",
    ),
    "a request waits": (
        [said("1", criteria="a"), said("2", "", at=1, action="request")], 2.5, "request", "1",
    ),
    "what was judged has changed": ([said("1", criteria="a", evidence="old")], 2.5, "again", "1"),
    "somebody looked again": (
        [said("1", criteria="a", evidence="old"), said("2", at=1, action="looked", replaces="1")],
        2.5, "done", "1",
    ),
    "a name that was shown decides nothing": ([said("1", action="name")], None, "open", ""),
}  # fmt: skip


@pytest.mark.parametrize("what", FOLDS)
def test_what_stands(what: str) -> None:
    decisions, worth, state, who = FOLDS[what]
    for order in itertools.permutations(decisions):
        stands = standing((*order, *order[:1]))  # what comes twice counts once
        assert stands.points(SCHEME) == worth
        assert state_of(stands, SCHEME, "e", asks=True) == state
        assert " ".join(one.id for one in stands.grades) == who


def test_what_was_not_asked_waits_only_if_somebody_says_so() -> None:
    assert state_of(NOTHING, SCHEME, "e", asks=False) == "done"
    flagged = standing([said("1", action="flag")])
    assert state_of(flagged, SCHEME, "e", asks=False) == "flag"


def test_comments_of_all_who_agree_are_kept_once() -> None:
    given = [("1", "ada", "Good."), ("2", "bo", "Why?"), ("3", "cy", "Good."), ("4", "di", "")]
    every = [said(n, who, at=int(n), criteria="a", comment=text) for n, who, text in given]
    assert standing(every).comment == "Good.\n\nWhy?"


def test_a_changed_criterion_moves_exactly_those_who_have_it() -> None:
    cases = {
        1: [said("1", criteria="a b")],  # 3.5 -> 2
        2: [said("1", criteria="b")],
        3: [said("1", criteria="a", points=2.5)],  # typed points stand
        4: [said("1", criteria="a d")],  # 4 of 4 before and after
        5: [said("1", criteria="a"), said("2", at=1, action="undo", replaces="1")],
        6: [said("1", criteria="a"), said("2", "bo", criteria="b")],  # in conflict
        7: [said("1", criteria="a")],  # 2.5 -> 1
    }
    stands = {student: standing(each) for student, each in cases.items()}
    after = replace(SCHEME, criteria={**SCHEME.criteria, "a": Criterion("a", "q", 1.0, "less")})
    found = change(stands, SCHEME, after)
    assert found == Change(((1, 3.5, 2.0), (7, 2.5, 1.0)))
    assert found.total == -3.0


# Cohen, Psychological Bulletin 70 (1968): weights of squares; by hand from the 2 x 2 tables.
KAPPAS = {
    "all the same, two values": ([(0, 0), (1, 1)] * 5, 1.0),
    "45, 15, 25, 15 of 100: (0.60 - 0.54) / 0.46": (
        [(1, 1)] * 45 + [(1, 0)] * 15 + [(0, 1)] * 25 + [(0, 0)] * 15, 0.06 / 0.46,
    ),
    "as bad as it gets": ([(0, 1), (1, 0)], -1.0),
    "one value only says nothing": ([(1, 1)] * 9, None),
    "far apart costs more: seen 4/3, chance 4/3": ([(0, 2), (1, 1), (2, 2)], 0.0),
}  # fmt: skip


@pytest.mark.parametrize("what", KAPPAS)
def test_kappa(what: str) -> None:
    pairs, wanted = KAPPAS[what]
    assert kappa(pairs) == (None if wanted is None else pytest.approx(wanted))


def test_kappa_is_what_its_definition_says() -> None:
    draw = random.Random(7)
    pairs = [(draw.randint(0, 4) / 2, draw.randint(0, 4) / 2) for _ in range(60)]
    seen = sum((a - b) ** 2 for a, b in pairs) / 60
    chance = sum((a - b) ** 2 for a, _ in pairs for _, b in pairs) / 60**2
    assert kappa(pairs) == pytest.approx(1 - seen / chance)


def test_alpha_is_that_of_the_published_example() -> None:
    """Krippendorff (2011), Computing Krippendorff's Alpha-Reliability: 0.849 for intervals."""
    coders = (
        (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
        (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
        (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
        (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
    )
    rows = [[float(v) for v in unit if v is not None] for unit in zip(*coders)]
    assert alpha(rows) == pytest.approx(0.849, abs=5e-4)


def test_agreement_is_of_those_who_had_not_seen_the_other() -> None:
    def points(decisions: Sequence[Decision]) -> dict[str, float]:
        return {who: SCHEME.points(one) for who, one in independent(decisions).items()}

    blind = [said("1", points=2.0), said("2", "bo", at=1, points=1.0)]
    seeing = [said("1", points=2.0), said("2", "bo", at=1, points=1.0, replaces="1")]
    corrected = [*blind, said("3", "bo", at=2, points=2.0, replaces="2")]
    settled = [*blind, said("3", at=2, points=1.0, replaces="1 2"),
               said("4", at=3, points=0.0, replaces="3")]  # fmt: skip
    assert points(blind) == {"ada": 2.0, "bo": 1.0}
    assert points(seeing) == {"ada": 2.0}
    assert points(corrected) == {"ada": 2.0, "bo": 2.0}
    assert points(settled) == {"ada": 2.0, "bo": 1.0}
    found = agreement([points(blind), points(corrected), points(seeing), {}])
    assert found and (found.answers, found.percent, found.means) == (
        2,
        50.0,
        {"ada": 2.0, "bo": 1.5},
    )
    assert agreement([points(seeing)]) is None
