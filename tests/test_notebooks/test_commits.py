"""States that runs showed: kept once, however many runs begin or end with them; bounded."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from grader.grading.training import form
from grader.guest import training_state, wire
from grader.guest.training_log import SMALL, StateLog
from grader.notebooks import commits, spool
from grader.notebooks.commits import Commits
from grader.notebooks.spool import Spool
from grader.types import Commit

SIZE = 100 * 50 * 8  # bytes of the weights


class Tape:
    """Runs of a net with one layer, whose log is kept; all is asked for."""

    def __init__(self, one: Spool) -> None:
        self.kept, self.sent = Commits(one), 0
        self.told: list[dict[str, Any]] = []
        self._known: Any = {}
        self._number = 0

    def solver(self) -> Any:
        model = SimpleNamespace(params={"W1": np.random.rand(100, 50), "b1": np.zeros(50)})
        config = {"learning_rate": 1e-3, "velocity": np.zeros((100, 50))}
        return SimpleNamespace(
            model=model, optim_configs={"W1": config}, rng=np.random.RandomState(1),
            loss_history=[], train_acc_history=[], val_acc_history=[], num_epochs=1,
            update_rule_name="sgd_momentum", lr_decay=1.0, batch_size=5, num_train_samples=None,
            num_val_samples=None, epoch=0,
        )  # fmt: skip

    def trains(self, solver: Any) -> None:
        """Tell of a run with one step."""
        log = StateLog(self._number, self.answer, self.ask, self._known)
        self._number += 1
        log.commit(solver)
        solver.model.params["W1"] = solver.model.params["W1"] + 1.0
        solver.optim_configs["W1"]["velocity"] = solver.optim_configs["W1"]["velocity"] + 1.0
        solver.loss_history.append(1.0)
        solver.train_acc_history.append(0.5)
        solver.val_acc_history.append(0.5)
        log.commit(solver)

    def ask(self, message: Any, arrays: Any) -> dict[str, Any]:
        self.told.append(message["commit"])
        self.kept.take({**message, "asked": True}, arrays)
        return {"asked": True}

    def answer(self, message: Any, arrays: Any) -> None:
        self.sent += sum(array.nbytes for array in arrays.values())
        self.kept.take(message, arrays)

    @property
    def commits(self) -> list[Commit]:
        logs = [self.kept.of(run) for run in range(self._number)]
        return [commit for log in logs if log for commit in log.commits]


def test_a_training_that_goes_on_shows_nothing_again() -> None:
    with Spool() as one:
        tape = Tape(one)
        solver = tape.solver()
        for _ in range(3):
            tape.trains(solver)
        for commit in tape.commits:  # by its hash each is the one that was committed to
            assert set(form.state_at(commit)) >= {"params/W1", "params/b1", "config/W1/velocity"}
        assert len(tape.commits) == 6
        # Weights and velocity of the first begin, and of three ends.
        assert 4 * 2 * SIZE < tape.sent < 4 * 2 * SIZE + 2 * SIZE / 2
        large = [told["bytes"] // SIZE for told in tape.told]
        assert large == [2, 2, 0, 2, 0, 2]


def test_of_what_was_not_shown_nothing_is_taken_for_known() -> None:
    with Spool() as one:
        tape = Tape(one)
        solver = tape.solver()
        tape.trains(solver)
        solver.model.params["W1"] = solver.model.params["W1"] + 1e-9
        tape.trains(solver)
        for commit in tape.commits:
            form.state_at(commit)
        assert [told["bytes"] // SIZE for told in tape.told] == [2, 2, 1, 2]


AGAIN: dict[str, Any] = {  # what is said to be shown again
    "no run": {"W1": [9, 0, "W1"]},
    "no step": {"W1": [0, 7, "W1"]},
    "no array": {"W1": [0, 0, "W9"]},
    "no list": {"W1": 7},
    "too few": {"W1": [0, 0]},
    "no names": [["W1", [0, 0, "W1"]]],
    "a run that is none": {"W1": [[0], 0, "W1"]},
    "nothing": None,
    "too much of it": {f"W{n}": [0, 0, "W1"] for n in range(commits.MOST_STATE // SIZE + 1)},
    "too many names": {f"b{n}": [0, 0, "b1"] for n in range(spool.MAX_NAMES + 1)},
}
HASHES = dict.fromkeys(("learned", "memory", "state"), "0" * 64)


def shown(one: Commits, run: int, arrays: dict[str, np.ndarray], **more: Any) -> Commit:
    """Tell of a run, and show its first state."""
    one.take({"commit": {"run": run, "step": 0, **HASHES}, "asked": True}, {})
    for known in (more, {"few": True}, {"whole": True}):
        if known:
            one.take({"run": run, "shown": 0, **known}, arrays if "few" in known else {})
    log = one.of(run)
    assert log is not None
    return log.commits[0]


@pytest.mark.parametrize("what", AGAIN)
def test_a_state_of_what_was_not_shown_is_not_kept(what: str) -> None:
    with Spool() as one:
        kept = Commits(one)
        shown(kept, 0, {"W1": np.ones((100, 50)), "b1": np.ones(1)})
        commit = shown(kept, 1, {"c": np.ones(1)}, again=AGAIN[what])
        assert (commit.shown, commit.asked, commit.spent) == (None, True, False)
        whole = shown(kept, 2, {"c": np.zeros(1)}, again={"a": [0, 0, "W1"]})
        assert whole.shown is not None and list(whole.shown()["a"].shape) == [100, 50]


def test_where_the_disk_is_full_a_state_was_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "MAX_BYTES", 1000)
    with Spool() as one:
        kept = Commits(one)
        assert shown(kept, 0, {"W1": np.ones(100)}).shown is not None
        commit = shown(kept, 1, {"W1": np.ones(100)})
        assert (commit.shown, commit.asked, commit.spent) == (None, False, True)


def test_small_arrays_are_sent_and_not_named() -> None:
    with Spool() as one:
        tape = Tape(one)
        solver = tape.solver()
        solver.model.params["W1"] = np.zeros(SMALL // 8 - 1)
        tape.trains(solver)
        tape.trains(solver)
        names = [name for _, _, name in tape._known.values()]
        assert "params/W1" not in names and "config/W1/velocity" in names


def test_hashes_stand_for_every_bit_that_they_are_of() -> None:
    state = {
        "params/W1": np.arange(4.0), "bn/1/running_mean": np.ones(2, np.float32),
        "config/W1/velocity": np.ones(4), "config/W1/learning_rate": np.array(1e-3),
        "rng": np.arange(3),
    }  # fmt: skip
    first = training_state.hashes(state)
    assert first.state == training_state.digest(state)
    assert first == training_state.hashes(state, training_state.digests(state))
    moved: dict[str, tuple[str, Any, set[str]]] = {
        "in double precision only": ("params/W1", np.array([0, 1 + 1e-12, 2, 3]), {"state"}),
        "a parameter": ("params/W1", np.arange(4.0) + 1, {"state", "learned"}),
        "another shape": ("params/W1", np.arange(4.0)[None], {"state", "learned"}),
        "an average": ("bn/1/running_mean", np.zeros(2, np.float32), {"state", "learned"}),
        "what a rule remembers": ("config/W1/velocity", np.zeros(4), {"state", "memory"}),
        "a rate": ("config/W1/learning_rate", np.array(1e-2), {"state"}),
        "a generator": ("rng", np.arange(3) + 1, {"state"}),
    }
    for what, (name, array, differ) in moved.items():
        other = training_state.hashes({**state, name: array})
        found = {n for n in first._fields if getattr(first, n) != getattr(other, n)}
        assert found == differ, what


def told(run: Any = 0, step: Any = 0, **more: Any) -> dict[str, Any]:
    return {"commit": {"run": run, "step": step, **HASHES, **more}}


def test_a_commitment_is_kept_as_it_was_told() -> None:
    hashes = {name: name[0] * 64 for name in HASHES}
    more = {**hashes, "look": [0.5, 0.25], "epochs": 7}
    with Spool() as one:
        kept = Commits(one)
        kept.take({**told(3, 9, **more), "asked": True, "spent": False}, {})
        kept.take({**told(3, 18), "asked": 1, "spent": True}, {})
        log = kept.of(3)
    assert log is not None and (kept.begun, kept.of(True), kept.of(4)) == (1, None, None)
    first = Commit(9, "l" * 64, "m" * 64, "s" * 64, (0.5, 0.25), True, False, None, 7)
    assert log.commits == (first, Commit(18, *("0" * 64,) * 3, None, False, True))


def test_runs_and_what_they_tell_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commits, "MOST_RUNS", 2)
    monkeypatch.setattr(commits, "MOST_COMMITS", 3)
    with Spool() as one:
        kept = Commits(one)
        for run in (0, 1, 2):
            for step in range(5):
                kept.take(told(run, step), {})
        logs = [kept.of(run) for run in range(3)]
    assert [log and [c.step for c in log.commits] for log in logs] == [[0, 1, 2], [0, 1, 2], None]


SETTINGS: dict[str, tuple[Any, dict[str, Any]]] = {  # told -> kept
    "plain values": (
        {"a": 1, "b": 0.5, "c": "text", "d": None}, {"a": 1, "b": 0.5, "c": "text", "d": None},
    ),
    "others": ({"a": True, "b": [1], "c": {}, "d": 2}, {"d": 2}),
    "numbers that are too large": ({"a": 1e18, "b": -1e18, "c": 10**17}, {"c": 10**17}),
    "long texts": ({"a" * 150: "b" * 150}, {"a" * 100: "b" * 100}),
    "long names of numbers": ({"a" * 150: 1}, {"a" * 100: 1}),
    "too many": ({str(n): n for n in range(50)}, {str(n): n for n in range(40)}),
    "no settings": ([1], {}),
    "nothing": (None, {}),
}  # fmt: skip


@pytest.mark.parametrize("what", SETTINGS)
def test_settings_are_plain_and_bounded(what: str) -> None:
    given, wanted = SETTINGS[what]
    with Spool() as one:
        kept = Commits(one)
        kept.take(told(settings=given), {})
        log = kept.of(0)
    assert log is not None and log.settings == wanted


# steps that were committed to, then the step that is shown -> the steps whose state is kept
SHOWN: dict[str, tuple[tuple[int, ...], Any, list[int]]] = {
    "the last": ((0, 1, 5), 5, [5]),
    "the one before it": ((0, 1, 5), 1, [1]),
    "an earlier one": ((0, 1, 5), 0, []),
    "none of them": ((0, 1, 5), 7, []),
    "no step": ((0, 1, 5), None, []),
    "the only one": ((0,), 0, [0]),
}


@pytest.mark.parametrize("what", SHOWN)
def test_a_state_belongs_to_one_of_the_last_two_commitments_and_is_kept_once(what: str) -> None:
    steps, step, wanted = SHOWN[what]
    with Spool() as one:
        kept = Commits(one)
        for committed in steps:
            kept.take(told(0, committed), {})
        for value in (1.0, 2.0):
            about = {"run": 0, "shown": step}
            kept.take({**about, "few": True}, {"a": np.full(1, value)})
            kept.take({**about, "whole": True}, {})
        log = kept.of(0)
        assert log is not None and [c.step for c in log.commits] == list(steps)
        found = {c.step: c.shown()["a"].tolist() for c in log.commits if c.shown is not None}
    assert found == {one: [1.0] for one in wanted}


TOOK: dict[str, tuple[Any, float]] = {
    "seconds": (2.5, 2.5), "none": (None, 0), "a text": ("2", 0), "true": (True, 0),
    "less than none": (-1.0, 0), "too many": (1e5, 0), "no number": (float("nan"), 0),
}  # fmt: skip


@pytest.mark.parametrize("what", TOOK)
def test_what_a_process_says_it_took_is_added_if_it_can_be(what: str) -> None:
    seconds, added = TOOK[what]
    with Spool() as one:
        kept = Commits(one)
        kept.took(seconds)
        assert kept.cpu_s == added


def piece(name: str, values: Any, size: int = 4) -> wire.Message:
    return {"run": 1, "shown": 0, "array": name, "shape": [size]}, {"piece": np.array(values)}


def few(**arrays: Any) -> wire.Message:
    found = {name: np.array(values) for name, values in arrays.items()}
    return {"run": 1, "shown": 0, "few": True}, found


def again(*of: Any) -> wire.Message:
    return {"run": 1, "shown": 0, "again": {"a": list(of)}}, {}


HALF, REST = piece("a", [1.0, 2.0]), piece("a", [3.0, 4.0])
# Frames of a state, and its arrays; run 0 has shown "W1".
FRAMES: dict[str, tuple[list[wire.Message], dict[str, list[float]] | None]] = {
    "in pieces": ([HALF, REST], {"a": [1, 2, 3, 4]}),
    "together": ([few(a=[1.0], b=[2.0])], {"a": [1], "b": [2]}),
    "both": ([few(b=[2.0]), HALF, REST], {"b": [2], "a": [1, 2, 3, 4]}),
    "a piece that is missing": ([HALF], None),
    "a piece that does not fit, and one that does": (
        [piece("b", [True] * 4), HALF, REST], None,
    ),
    "few that do not fit, and what does": ([few(a=[True]), few(b=[1.0])], None),
    "one shown before, and another that was not": ([again(0, 0, "W1"), again(0, 3, "W1")], None),
    "one that was not shown, and one that was": ([again(0, 3, "W1"), again(0, 0, "W1")], None),
    "behind what did not come to its end": (
        [few(b=[2.0]), (told(1, 0), {}), few(a=[1.0])], {"a": [1]},
    ),
    "behind what did not fit": ([few(b=[True]), (told(1, 0), {}), few(a=[1.0])], {"a": [1]}),
    "as much as may be": ([few(a=[1.0] * 5)], {"a": [1] * 5}),
    "too much": ([few(a=[1.0] * 6)], None),
    "too much with what was shown before": ([again(0, 0, "W1"), few(b=[1.0] * 5)], None),
}  # fmt: skip


@pytest.mark.parametrize("what", FRAMES)
def test_a_state_is_kept_if_all_of_it_fits(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commits, "MOST_STATE", 40)
    frames, wanted = FRAMES[what]
    with Spool() as one:
        kept = Commits(one)
        shown(kept, 0, {"W1": np.ones(1)})
        for frame in [(told(1, 0), {}), *frames, ({"run": 1, "shown": 0, "whole": True}, {})]:
            kept.take(*frame)
        log = kept.of(1)
        found = [commit.shown for commit in log.commits if commit.shown] if log else []
        assert [{n: a.tolist() for n, a in one().items()} for one in found] == (
            [] if wanted is None else [wanted]
        )
