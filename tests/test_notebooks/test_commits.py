"""States that runs showed: kept once, however many runs begin or end with them; bounded."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from grader.grading.training import form
from grader.guest import training_state
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
