"""Which stretches of a run are repeated, and what its known states are held against."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from grader.grading.training import form, stretches
from grader.grading.training.extent import DRAWN, Extent
from grader.grading.training.form import Contradiction
from grader.grading.training.stretches import Known, Stretches
from grader.guest import training_state
from grader.types import Commit

STEPS = (0, 1, 4, 8, 12, 16)
# What the state after each step gets right of training and validation images.
RIGHT = {
    0: (0.125, 0.125), 1: (0.25, 0.25), 4: (0.5, 0.375), 8: (0.625, 0.5), 12: (0.75, 0.25),
    16: (0.5, 0.25),
}  # fmt: skip
IMAGES: Any = object()
SEEN = {"training": 40, "validation": 30}
State = dict[str, np.ndarray]


def state(step: int) -> State:
    """Return a state whose net says itself what it gets right."""
    return {
        "params/W1": np.array(RIGHT[step], np.float32), "bn/1/running_mean": np.ones(1, np.float32),
        "config/W1/velocity": np.full(2, step), "rng": np.full(2, step),
    }  # fmt: skip


def commits(asked: tuple[int, ...], spent: tuple[int, ...] = ()) -> list[Commit]:
    found = []
    for step in STEPS:
        told, look = state(step), RIGHT[step] if step else None
        shown = (lambda told=told: told) if step not in spent else None
        known = training_state.hashes(told)
        found.append(Commit(step, *known, look, step in asked, step in spent, shown))
    return found


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nets be what they get right, and let there be 40 and 30 images."""
    rows = {"training": np.arange(40), "validation": np.arange(30)}
    monkeypatch.setattr(form, "rows_of", lambda training, images: rows if images is IMAGES else {})
    monkeypatch.setattr(stretches, "net_of", lambda params, statistics: params["W1"])
    monkeypatch.setattr(
        stretches, "accuracy",
        lambda net, images, split, rows: (
            float(net[0 if split == "training" else 1]) if len(rows) == SEEN[split] else 0.0
        ),
    )  # fmt: skip


def stretches_of(
    told: list[Commit], best: int = 8, fitted: int | None = None, matched: tuple[str, ...] = (),
    **settings: Any,
) -> Stretches:  # fmt: skip
    """Return the stretches of a run that tells of these moments as its best."""
    moments: list[tuple[Mapping[str, np.ndarray], Any]] = []
    for step in (best, fitted):
        known = {} if step is None else {"W1": state(step)["params/W1"]}
        moments.append((known, ({"running_mean": np.ones(1, np.float32)},)))
    training = SimpleNamespace(
        params=moments[0][0], bn_statistics=moments[0][1], fitted_params=moments[1][0],
        fitted_bn_statistics=moments[1][1], num_train=40, num_val=30,
    )  # fmt: skip
    run: Any = SimpleNamespace(
        training=training, log=SimpleNamespace(commits=tuple(told), settings=settings)
    )
    return Stretches(run, IMAGES, matched)


ON_TRAINING, ON_VALIDATION = Extent(frozenset({"training"})), Extent(frozenset({"validation"}))
BOTH = ON_TRAINING | ON_VALIDATION
ASKED = (0, 1, 8)
WHOLE, LEARNED = True, False
# Extent, asked, fitted, whether another run begins with step 4, spent -> stretches, and whether the
# state at their end is known whole.
UPTO: dict[str, tuple[Extent, tuple[int, ...], int | None, bool, tuple[int, ...], Any]] = {
    "what was drawn": (DRAWN, ASKED, 12, False, (), [(0, 1, WHOLE), (4, 8, WHOLE)]),
    "two that follow each other": (
        DRAWN, (0, 1, 8, 12), 12, False, (), [(0, 1, WHOLE), (4, 8, WHOLE), (8, 12, WHOLE)],
    ),
    "up to the best on validation images, which was shown": (
        ON_VALIDATION, ASKED, 12, False, (), [(0, 1, WHOLE), (1, 8, WHOLE)],
    ),
    "up to the best on validation images, which was not": (
        ON_VALIDATION, (0, 1, 4), 12, False, (), [(0, 1, WHOLE), (1, 4, WHOLE), (4, 8, LEARNED)],
    ),
    "up to the best on training images": (
        ON_TRAINING, ASKED, 12, False, (), [(0, 1, WHOLE), (1, 8, WHOLE), (8, 12, LEARNED)],
    ),
    "where both were one moment": (
        ON_TRAINING, ASKED, None, False, (), [(0, 1, WHOLE), (1, 8, WHOLE)],
    ),
    "up to both, each stretch once": (
        BOTH, (0, 1), 12, False, (), [(0, 1, WHOLE), (1, 12, LEARNED), (1, 8, LEARNED)],
    ),
    "up to a state that knows enough, and what was drawn behind it": (
        Extent(learned=0.5), (0, 1, 4, 16), 12, False, (),
        [(0, 1, WHOLE), (1, 4, WHOLE), (12, 16, WHOLE)],
    ),
    "up to the best, if none that was shown knows enough": (
        Extent(learned=0.65), (0, 1, 16), 12, False, (),
        [(0, 1, WHOLE), (1, 12, LEARNED), (12, 16, WHOLE)],
    ),
    "a state behind the best counts for nothing": (
        Extent(learned=0.45), (0, 16), 12, False, (), [(0, 12, LEARNED), (12, 16, WHOLE)],
    ),
    "what has to know something and to be the best": (
        Extent(frozenset({"training"}), 0.1), (0, 1), 12, False, (),
        [(0, 1, WHOLE), (1, 12, LEARNED)],
    ),
    "up to the last that was shown": (
        Extent(to_last=True), (0, 1, 4, 12), 12, False, (),
        [(0, 1, WHOLE), (1, 4, WHOLE), (4, 12, WHOLE)],
    ),
    "up to the last that was shown, none of it twice": (
        Extent(learned=0.5, to_last=True), (0, 1, 4, 12), 12, False, (),
        [(0, 1, WHOLE), (1, 4, WHOLE), (4, 12, WHOLE)],
    ),
    "up to the best of one moment, if none that was shown knows enough": (
        Extent(learned=0.7), (0, 1, 16), None, False, (),
        [(0, 1, WHOLE), (1, 8, LEARNED), (12, 16, WHOLE)],
    ),
    "where the first state was not shown": (
        DRAWN, (4, 8), 12, False, (), [(1, 4, WHOLE), (4, 8, WHOLE)],
    ),
    "where nothing was shown": (Extent(to_last=True), (), 12, False, (), []),
    "up to what another run begins with": (
        Extent(to_last=True), (0, 1), 12, True, (), [(0, 1, WHOLE), (1, 4, LEARNED)],
    ),
    "of what is drawn what it left is no end": (DRAWN, (0, 1), 12, True, (), [(0, 1, WHOLE)]),
    "whole, if there was no room to show what was drawn": (
        DRAWN, ASKED, 12, False, (16,), [(0, 1, WHOLE), (1, 8, WHOLE), (8, 12, LEARNED)],
    ),
    "no more than was asked, though there was no room": (
        ON_VALIDATION, ASKED, 12, False, (16,), [(0, 1, WHOLE), (1, 8, WHOLE)],
    ),
    "nothing but the first state": (DRAWN, (0,), 12, False, (), []),
}  # fmt: skip


@pytest.mark.parametrize("what", UPTO)
def test_what_is_repeated_follows_from_the_extent(what: str) -> None:
    extent, asked, fitted, goes_on, spent, wanted = UPTO[what]
    left = Known.learned_at(commits(())[2], lambda: state(4)) if goes_on else None
    found = list(stretches_of(commits(asked, spent), 8, fitted).upto(extent, [], left))
    assert [(start.step, end.step, end.whole) for start, end in found] == wanted
    for start, end in found:
        assert start.whole
        assert end.hash == (end.whole and training_state.digest or training_state.learned)(
            state(end.step)
        )
        kept = {n: a for n, a in state(end.step).items() if end.whole or n[:2] in ("pa", "bn")}
        assert end.state.keys() == kept.keys()
        assert end.is_met_by(state(end.step)) and start.is_met_by(state(start.step))
        other = state(0 if end.step else 1)
        assert not end.is_met_by(other)


def test_what_was_learned_is_met_whatever_else_there_is() -> None:
    (commit,) = [one for one in commits(()) if one.step == 4]
    other = {**state(4), "config/W1/velocity": np.zeros(2), "rng": np.zeros(2)}
    assert Known.learned_at(commit, lambda: state(4)).is_met_by(other)
    assert not Known.at(commit).is_met_by(other) and Known.at(commit).is_met_by(state(4))


def test_drawn_stretches_that_follow_each_other_share_a_state() -> None:
    """It is read anew each time, and held against its hash the first time only."""
    pairs = list(stretches_of(commits((0, 1, 8, 12))).upto(DRAWN, [], None))
    assert pairs[1][1] is pairs[2][0] and pairs[0][1] is not pairs[1][0]


def test_a_state_is_held_against_its_hash_once(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Known.at(commits((4,))[2])
    asked, hashes = [], training_state.hashes
    monkeypatch.setattr(training_state, "hashes", lambda told: asked.append(1) or hashes(told))
    for _ in range(3):
        assert known.state.keys() == state(4).keys()
    assert len(asked) == 1


def test_a_best_moment_of_the_run_before_is_no_end_of_this_one() -> None:
    first, last = commits((0, 1))[:3], commits(())[3]
    one = stretches_of(first, best=8)
    ends = one.upto(ON_VALIDATION | Extent(learned=0.1), [last], None)
    assert list(ends) == []
    with pytest.raises(Contradiction, match="parameters are not those"):
        list(one.upto(ON_VALIDATION, [], None))


def test_the_best_moments_are_looked_at_though_nothing_rests_on_them() -> None:
    for best, step in (("validation", 8), ("training", 12)):
        told = [
            one if one.step != step else Commit(
                step, one.learned, one.memory, one.state, (0.95, 0.95), shown=one.shown
            ) for one in commits((0, 1))
        ]  # fmt: skip
        shown = stretches_of(told, step, step if best == "training" else None)
        with pytest.raises(Contradiction, match="other accuracies"):
            list(shown.upto(DRAWN, [], None))


# told for both kinds of images (the state after step 4 gets .5 and .375 right), settings -> fits
LOOKS: dict[str, tuple[tuple[float, float], dict[str, Any], bool]] = {
    "what it gets right": ((0.5, 0.375), {}, True),
    "a little more": ((0.5 + 0.0299, 0.375), {}, True),
    "a little less": ((0.5 - 0.0299, 0.375 - 0.0299), {}, True),
    "too much of the training images": ((0.5 + 0.0301, 0.375), {}, False),
    "too little of them": ((0.5 - 0.0301, 0.375), {}, False),
    "too much of the validation images": ((0.5, 0.375 + 0.0301), {}, False),
    # Of 25 images chance alone moves by .1, 3.5 times that is allowed.
    "of some training images more by chance": ((0.5 + 0.379, 0.375), {"train_samples": 25}, True),
    "of some training images too much": ((0.5 + 0.381, 0.375), {"train_samples": 25}, False),
    "of some validation images more by chance": ((0.5, 0.375 + 0.379), {"val_samples": 25}, True),
    "of some validation images too much": ((0.5, 0.375 + 0.381), {"val_samples": 25}, False),
    "each kind has its own": ((0.5, 0.375 + 0.2), {"train_samples": 25}, False),
    "and the other way round": ((0.5 + 0.2, 0.375), {"val_samples": 25}, False),
    "as many as there are": ((0.5 + 0.04, 0.375), {"train_samples": 40}, False),
    "more than there are": ((0.5 + 0.04, 0.375), {"train_samples": 400}, False),
    "as many validation images as there are": ((0.5, 0.375 + 0.04), {"val_samples": 30}, False),
    "none": ((0.5 + 0.04, 0.375), {"train_samples": 0}, False),
    "a number that is none": ((0.5 + 0.04, 0.375), {"train_samples": True}, False),
    "a single one": ((1.0, 0.375), {"train_samples": 1}, True),
}  # fmt: skip


@pytest.mark.parametrize("what", LOOKS)
def test_a_state_is_held_against_what_was_told_of_it(what: str) -> None:
    look, settings, fits = LOOKS[what]
    told = [Commit(4, "", "", "", look)]
    one = stretches_of([*commits(())[:2], *told], **settings)
    if fits:
        one.look(4, state(4))
        return
    with pytest.raises(Contradiction, match="other accuracies than it told of$"):
        one.look(4, state(4))


def test_nets_that_measure_in_training_mode_are_not_held_against_it() -> None:
    told = [Commit(4, "", "", "", (1.0, 1.0)), Commit(0, "", "", "", None)]
    stretches_of(told, matched=("starter_2016",)).look(4, state(4))
    stretches_of(told).look(0, state(4))  # of a first state nothing is told
    with pytest.raises(Contradiction):
        stretches_of(told, matched=("other",)).look(4, state(4))


def test_of_many_images_some_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then chance moves even what was told of all of them."""
    one = stretches_of([Commit(4, "", "", "", (0.5 + 0.2, 0.375))])
    one.run.training.num_train = 4000  # of which 40 are looked at: 3.5 sqrt(.25 / 40) = .277
    one.look(4, state(4))
    one = stretches_of([Commit(4, "", "", "", (0.5 + 0.31, 0.375))])
    one.run.training.num_train = 4000
    with pytest.raises(Contradiction):
        one.look(4, state(4))


def test_an_accuracy_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    known = stretches.accuracy
    monkeypatch.setattr(
        stretches, "accuracy", lambda *of: asked.append(of[2]) or known(*of)  # type: ignore[func-returns-value]
    )  # fmt: skip
    one = stretches_of([Commit(4, "", "", "", (0.5, 0.375))])
    for _ in range(3):
        one.look(4, state(4))
    assert asked == ["training", "validation"]
