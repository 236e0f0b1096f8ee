"""What a run must show: the first states always, the end of an epoch by what it brought."""

from __future__ import annotations

import os
from typing import Any

import pytest

from grader.guest import draws
from grader.guest.draws import Draws
from grader.notebooks.commits import Commits
from grader.notebooks.spool import Spool

MB = 1024**2


HASHES = dict.fromkeys(("learned", "memory", "state"), "0" * 64)


def commit(step: Any, look: Any = None, size: Any = 100, epochs: Any = 20) -> dict[str, Any]:
    told = {"run": 0, "step": step, "look": look, "bytes": size, "epochs": epochs}
    return {"commit": {**told, **HASHES}, "ask": 1}


def replied(one: Draws, message: dict[str, Any]) -> dict[str, Any]:
    """Return what was drawn, without what it took."""
    return {name: drawn for name, drawn in (one.reply(message) or {}).items() if name != "cpu_s"}


def drawing(monkeypatch: pytest.MonkeyPatch, share: float) -> None:
    """Let every draw come out as this share of all numbers."""
    number = min(int(share * 2**56), 2**56 - 1)
    monkeypatch.setattr(os, "urandom", lambda size: number.to_bytes(size, "big"))


def test_other_frames_are_not_replied_to() -> None:
    assert Draws().reply({"stream": "stdout"}) is None
    assert Draws().reply({"commit": 7}) is None


def test_the_first_two_states_are_always_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    drawing(monkeypatch, 1.0)
    one = Draws()
    assert [replied(one, commit(step, look)) for step, look in ((0, None), (1, [0.1, 0.1]))] == [
        {"asked": True, "spent": False}
    ] * 2


EPOCHS: dict[str, tuple[Any, Any, float]] = {  # accuracies before and after -> chance
    "no gain": ([0.3, 0.2], [0.3, 0.2], 0.05),
    "a gain on validation images": ([0.3, 0.2], [0.3, 0.22], 0.15),
    "a gain on training images": ([0.3, 0.2], [0.36, 0.2], 0.35),
    "a loss": ([0.3, 0.2], [0.24, 0.2], 0.05),
    "a jump": ([0.3, 0.2], [0.3, 0.4], 1.0),
    "nothing told": ([0.3, 0.2], None, 1.0),
    "no accuracies": ([0.3, 0.2], [3, "x"], 1.0),
    "not a number": ([0.3, 0.2], [float("nan"), 0.2], 1.0),
}


HIDDEN: dict[str, list[Any]] = {  # accuracies epoch by epoch; the last one brings 0.1
    "lost before": [[0.4, 0.3], [0.2, 0.1], [0.4, 0.4]],
    "nothing told before": [[0.4, 0.3], None, [0.4, 0.4]],
}


@pytest.mark.parametrize("what", HIDDEN)
def test_an_epoch_brings_what_it_adds_to_the_best(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for share, asked in ((0.55 - 1e-6, True), (0.55 + 1e-6, False)):
        one = Draws()
        drawing(monkeypatch, share)
        *_, last = [replied(one, commit(50 * k, look)) for k, look in enumerate(HIDDEN[what], 1)]
        assert last == {"asked": asked, "spent": False}


FULL = commit(60, [1.0, 1.0])
# What is kept nowhere, and would say that there is nothing left to gain.
ASIDE: dict[str, dict[str, Any]] = {
    "the run in another form": {**FULL, "commit": {**FULL["commit"], "run": "0"}},
    "a run that is true": {**FULL, "commit": {**FULL["commit"], "run": False}},
    "no step": {**FULL, "commit": {**FULL["commit"], "step": 60.0}},
    "no hash": {**FULL, "commit": {**FULL["commit"], "state": "0" * 63}},
    "beside what is printed": {**FULL, "stream": "stdout", "text": ""},
    "beside what is shown": {**FULL, "show": "display_data"},
    "beside the end of a cell": {**FULL, "ended": 1},
}


@pytest.mark.parametrize("what", ASIDE)
def test_accuracies_that_are_told_aside_change_no_draw(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Draws()
    drawing(monkeypatch, 0.999)
    replied(one, commit(50, [0.1, 0.1]))
    assert replied(one, ASIDE[what]) == {"asked": False, "spent": False}
    assert replied(one, commit(100, [0.5, 0.1])) == {"asked": True, "spent": False}


@pytest.mark.parametrize("what", ASIDE)
def test_what_changes_no_draw_is_kept_as_no_commitment(what: str) -> None:
    with Spool() as spool:
        kept = Commits(spool)
        if ASIDE[what].keys() <= draws.FRAME:  # others never come there
            kept.take(ASIDE[what], {})
        assert kept.begun == 0
        kept.take(FULL, {})
        assert kept.begun == 1


@pytest.mark.parametrize("what", EPOCHS)
def test_an_epoch_is_asked_for_by_what_it_brought(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after, chance = EPOCHS[what]
    for share, asked in ((chance - 1e-6, True), (chance + 1e-6, False))[: 1 + (chance < 1)]:
        one = Draws()
        drawing(monkeypatch, share)
        replied(one, commit(50, before))
        assert replied(one, commit(100, after)) == {"asked": asked, "spent": False}


def test_a_claim_of_half_the_images_escapes_in_fewer_than_seven_of_a_hundred() -> None:
    """Each epoch as valid as a straight line to the solution: none is, and one draw shows it."""
    for epochs in (5, 10, 20, 50):
        gain = 0.4 / epochs
        escapes = (1 - min(1.0, gain / draws.GAIN + 1 / epochs)) ** epochs
        assert escapes < 0.07


def test_where_no_more_can_be_kept_nothing_but_first_states_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawing(monkeypatch, 0.0)
    one = Draws()
    size = draws.OTHERS // 5
    replies = [replied(one, commit(50 * k, [0.1, 0.1], size)) for k in range(1, 8)]
    # The first also sends the state before it.
    assert [reply and reply["asked"] for reply in replies] == [True] * 4 + [False] * 3
    assert replies[-1] == {"asked": False, "spent": True}
    assert replied(one, commit(1, [0.1, 0.1], size)) == {"asked": False, "spent": True}
    assert replied(one, commit(0, None, size)) == {"asked": True, "spent": False}


STARTS: dict[str, tuple[list[Any], list[bool]]] = {  # bytes -> what is asked for
    "as many as there is room for": ([draws.STARTS // 2] * 3, [True, True, False]),
    "a large one leaves room for small ones": ([draws.STARTS + 1, 100], [False, True]),
    "what was shown before takes no room": ([draws.STARTS, 0, 1], [True, True, False]),
    "no size": (["large", None, True, -1], [False] * 4),
}


@pytest.mark.parametrize("what", STARTS)
def test_first_states_have_room_of_their_own(what: str) -> None:
    sizes, asked = STARTS[what]
    one = Draws()
    replies = [replied(one, commit(0, None, size)) for size in sizes]
    assert replies == [{"asked": is_one, "spent": not is_one} for is_one in asked]


def test_a_first_state_that_was_not_asked_for_is_sent_with_the_next() -> None:
    """It counts, then: the state after the first step is all that there is room for."""
    one = Draws()
    replied(one, commit(0, None, draws.STARTS + 1))
    assert not replied(one, commit(1, [0.1, 0.1], draws.OTHERS // 2 + 1))["asked"]
    assert replied(one, commit(1, [0.1, 0.1], draws.OTHERS // 2))["asked"]


@pytest.mark.parametrize("epochs", [None, 0, -3, 2.5, "20", True, 1])
def test_where_epochs_are_none_each_is_asked_for(
    epochs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing(monkeypatch, 1.0)
    one = Draws()
    replied(one, commit(50, [0.3, 0.2]))
    assert replied(one, commit(100, [0.3, 0.2], epochs=epochs))["asked"]


LOOKS: dict[str, tuple[Any, list[float]]] = {
    "all and none": ([0, 1], [0.0, 1.0]), "shares": ([0.25, 0.5], [0.25, 0.5]),
    "more than all": ([0.5, 1.5], []), "less than none": ([-0.5, 0.5], []), "one": ([0.5], []),
    "three": ([0.5] * 3, []), "texts": (["0.5", 0.5], []), "true": ([True, 0.5], []),
    "no list": ("ab", []), "nothing": (None, []), "not a number": ([float("nan"), 0.5], []),
}  # fmt: skip


@pytest.mark.parametrize("what", LOOKS)
def test_accuracies_are_two_shares(what: str) -> None:
    told, wanted = LOOKS[what]
    found = draws.accuracies(told)
    assert found == wanted and all(type(one) is float for one in found)
