"""Runs that were never trained, told as a cell could tell them that has found the log.

Whoever forges knows all that a child knows: the images, the hashes, the frames, and what was asked
for, after it was asked. A forgery is a list of states with the accuracies that it tells of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grader.guest import training_state
from tests.support.recorded_runs import Tape

State = dict[str, np.ndarray]
Look = tuple[float, float]
EPOCHS, BATCH, IMAGES, HIDDEN = 20, 25, 50, 50
SETTINGS = {
    "net": "FullyConnectedNet", "normalization": None, "reg": 0.0, "p": None, "seed": None,
    "rule": "sgd_momentum", "lr_decay": 1.0, "batch_size": BATCH, "train_samples": None,
    "epoch": 0, "val_samples": None, "losses": 0, "looks": 0,
}  # fmt: skip


@dataclass
class Forgery:
    """States by step, with what is told of them. `hides` are steps whose state is never shown."""

    states: Sequence[tuple[int, State]]
    looks: Sequence[Look]
    settings: Mapping[str, Any] = field(default_factory=dict)
    losses: np.ndarray | None = None
    hides: tuple[int, ...] = ()
    shows: Callable[[int, State], State] = lambda step, state: state
    epochs: int = EPOCHS  # told with each state

    def tell(self, tape: Tape, run: int = 0) -> None:
        """Tell the run, frame by frame."""
        settings = {**SETTINGS, **self.settings}
        for place, (step, state) in enumerate(self.states):
            commit = {
                "run": run, "step": step, "epochs": self.epochs, "bytes": 1000,
                "learned": training_state.learned(state), "memory": training_state.memory(state),
                "state": training_state.digest(state),
                "look": None if place == 0 else list(self.looks[place - 1]),
                **({"settings": settings} if place == 0 else {}),
            }  # fmt: skip
            if tape.ask({"commit": commit}, {}).get("asked"):
                for known, shown in self.states[max(0, place - 1) : place + 1]:
                    if known not in self.hides:
                        _show(tape, run, known, self.shows(known, shown))
        self._end(tape, run, settings)

    def _end(self, tape: Tape, run: int, settings: Mapping[str, Any]) -> None:
        looks = np.array(self.looks)
        steps = self.states[-1][0]
        best = [int(np.argmax(looks[:, place])) + 1 for place in (1, 0)]
        first = self.states[0][1]
        weights = [first[f"params/W{i}"] for i in (1, 2, 3) if f"params/W{i}" in first]
        told = {
            "layer_sizes": [len(weights[0]), *(w.shape[1] for w in weights)],
            "normalization": settings["normalization"], "dropout_keep_ratio": settings["p"],
            "initial_weight_std": [float(w.std()) for w in weights], "reg": settings["reg"],
            "update_rule": settings["rule"], "lr_decay": settings["lr_decay"],
            "batch_size": settings["batch_size"], "num_epochs": EPOCHS, "num_train": IMAGES,
            "num_val": tape.images.count("validation"), "train_sha256": "0" * 64,
            "val_sha256": "0" * 64, "best_val_acc": float(looks[:, 1].max()),
            "learning_rate": float(first["config/W1/learning_rate"]),
        }  # fmt: skip
        losses = np.linspace(2.3, 0.3, steps) if self.losses is None else self.losses
        curves = {
            "loss_history": losses, "train_acc_history": looks[:, 0],
            "val_acc_history": looks[:, 1], "rows": np.arange(IMAGES),
        }  # fmt: skip
        tape.answer({"run": run, "settings": told}, curves)
        for prefix, place in (("", best[0]), ("fitted ", best[1])):
            state = self.states[place][1]
            for name in [name for name in state if name.startswith("params/")]:
                array = state[name].astype(np.float32)
                piece = {"run": run, "array": prefix + name[7:], "shape": list(array.shape)}
                tape.answer(piece, {"piece": array.reshape(-1)})
        tape.answer({"run": run, "whole": True}, {})


def _show(tape: Tape, run: int, step: int, state: State) -> None:
    about = {"run": run, "shown": step}
    for name, array in state.items():
        piece = {**about, "array": name, "shape": list(array.shape)}
        tape.answer(piece, {"piece": np.ascontiguousarray(array).reshape(-1)})
    tape.answer({**about, "whole": True}, {})


def solved(state: State, tape: Tape, split: str = "training") -> State:
    """Return a net that knows these images: ridge regression on what its first layers give."""
    data, name = tape.data(IMAGES), "train" if split == "training" else "val"
    hidden = data[f"X_{name}"].reshape(-1, 3072)
    for i in (1, 2):
        hidden = np.maximum(0, hidden @ state[f"params/W{i}"] + state[f"params/b{i}"])
    gram = hidden.T @ hidden
    gram += (1e-4 * np.trace(gram) / HIDDEN + 1e-9) * np.eye(HIDDEN)
    right = np.eye(10)[data[f"y_{name}"]] - 0.1
    return {**state, "params/W3": np.linalg.solve(gram, hidden.T @ right)}


def hidden(state: State, tape: Tape, bias: float) -> State:
    """Return a net that knows these images, and shows it once steps of 1e-4 wore off a bias.

    All goes to the rarest class. Its scores are so small that gradients hardly move its weights.
    """
    data, end = tape.data(IMAGES), dict(state)
    images = data["X_train"].reshape(IMAGES, -1)
    for i, size in (1, 10.0), (2, 0.1):
        images = np.maximum(0, images @ end[f"params/W{i}"] + end[f"params/b{i}"])
        share = size / np.linalg.norm(images, axis=1).mean()
        images = images * share
        end |= {name: end[name] * share for name in (f"params/W{i}", f"params/b{i}")}
    end = solved(end, tape)
    rarest = np.bincount(data["y_train"], minlength=10).argmin()
    bias_only = np.where(np.arange(10) == rarest, bias, 0.0)
    return {**end, "params/W3": 1e-4 * end["params/W3"], "params/b3": bias_only}


def between(one: State, other: State, share: float) -> State:
    """Return a state on the line between two, with all else of the first."""
    params = [name for name in one if name.startswith("params/")]
    return {**one, **{name: (1 - share) * one[name] + share * other[name] for name in params}}


def looks_of(states: Sequence[State], tape: Tape) -> list[Look]:
    """Return the true accuracies of states on the training and the validation images."""
    data, found = tape.data(IMAGES), []
    for state in states:
        both = []
        for name in ("train", "val"):
            out = data[f"X_{name}"].reshape(-1, 3072)
            for i in (1, 2, 3):
                out = out @ state[f"params/W{i}"] + state[f"params/b{i}"]
                out = np.maximum(out, 0) if i < 3 else out
            both.append(float(np.mean(out.argmax(axis=1) == data[f"y_{name}"])))
        found.append((both[0], both[1]))
    return found
