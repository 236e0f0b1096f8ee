"""Report each run of the Solver: its states as it trains, its settings and curves, what it learned.

The given Solver and the given data are watched as they are imported, in the process of a notebook.
Nothing reported here is believed: parameters are tried on images that this process has never seen,
and stretches of the training are repeated. So at the start, after the first step and after each
epoch a run commits to its state by a hash, before it can know whether it will be asked to show it.

    {"commit": {"run": n, "step": k, "learned": ..., "memory": ..., "state": ..., "look": [...]}}
    {"run": n, "shown": k, "again": {name: [run, step, name]}}: arrays that were shown before
    {"run": n, "shown": k, "few": true} + arrays by name, as many as fit
    {"run": n, "shown": k, "array": name, "shape": ...} + {"piece": ...}, ..., {..., "whole": true}
    {"run": n, "settings": ...} + curves, {"run": n, "few": true} + ..., {"run": n, "whole": true}
"""

from __future__ import annotations

import itertools
import math
import time
import types
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from grader.guest import training_state
from grader.guest.children import Answer
from grader.guest.wire import FITTED, Arrays

Sent = dict[bytes, tuple[int, int, str]]  # digest -> (run, step, name) of an array that was shown
Ask = Callable[[Mapping[str, Any], Arrays], Mapping[str, Any]]
PIECE = 256 * 1024  # numbers of an array that go into one frame: more would leave the caches
MAX_NAMES = 200
FEW = 250  # arrays of one frame
SMALL = 4096  # bytes: to name such an array takes as long as to show it again
KEYS = 256  # numbers by which a training image is known again; 8 took white skies for each other


def watch(answer: Answer, ask: Ask) -> dict[str, Callable[[types.ModuleType], None]]:
    """Return what to do after the Solver and the data are imported: report each run.

    `ask` sends a frame and returns what the driver replies to it.
    """
    rows: dict[bytes, int] = {}
    runs = itertools.count()
    logs: dict[int, StateLog] = {}
    sent: Sent = {}

    def with_solver(module: types.ModuleType) -> None:
        train, look = module.Solver.train, module.Solver._look

        def watched(solver: Any) -> Any:
            images, number = solver.X_train, next(runs)
            logs[id(solver)] = log = StateLog(number, answer, ask, sent)
            log.commit(solver)
            solver.log = lambda run: _report_run(run, images, rows, number, answer, log.cpu_s)
            try:
                return train(solver)
            finally:
                logs.pop(id(solver), None)

        def looked(solver: Any) -> None:
            look(solver)
            if (log := logs.get(id(solver))) is not None:
                log.commit(solver)

        module.Solver.train, module.Solver._look = watched, looked

    def with_data(module: types.ModuleType) -> None:
        get = vars(module)["get_CIFAR10_data"]

        def remembered(*args: Any, **options: Any) -> Any:
            data = get(*args, **options)
            if len(args) > 3 or not options.get("subtract_mean", True):
                return data  # other numbers than those that runs are recomputed on
            rows.update({key: row for row, key in enumerate(_keys(data["X_train"]))})
            return data

        vars(module)["get_CIFAR10_data"] = remembered

    return {"solver": with_solver, "data_utils": with_data}


class StateLog:
    """Commits to the states of one run, and shows those that the driver asks for.

    In memory is one state besides that of the Solver: the one that was committed to last. What was
    `sent` by any run of the notebook is not sent again: a training that goes on begins where
    another one ended. `cpu_s` is what it took so far.
    """

    def __init__(self, run: int, answer: Answer, ask: Ask, sent: Sent) -> None:
        self._run, self._answer, self._ask, self._sent = run, answer, ask, sent
        self.cpu_s = 0.0
        self._last: tuple[int, dict[str, np.ndarray], dict[str, bytes]] | None = None
        self._shown: set[int] = set()
        self._base = 0
        self._broken = False

    def commit(self, solver: Any) -> None:
        """Tell the hash of the state, then the state itself if that is what the driver wants.

        A Solver or a net that is none of the course's is left alone: a person will look.
        """
        began = time.process_time()
        try:
            if not self._broken:
                self._commit(solver)
        except Exception:  # noqa: BLE001 - the student's training goes on, whatever it is made of
            self._broken = True
        self.cpu_s += time.process_time() - began

    def _commit(self, solver: Any) -> None:
        state, losses = training_state.state_of(solver), len(solver.loss_history)
        is_first = self._last is None
        if is_first:
            self._base = losses
        step, each = losses - self._base, training_state.digests(state)
        looks = [solver.train_acc_history[-1:], solver.val_acc_history[-1:]]
        commit = {
            "run": self._run, "step": step, "epochs": _plain(solver.num_epochs),
            **training_state.hashes(state, each)._asdict(),
            "bytes": sum(state[n].nbytes for n, known in each.items() if known not in self._sent),
            "look": None if is_first else [_plain(look[0]) for look in looks],
            **({"settings": _settings(solver)} if is_first else {}),
        }  # fmt: skip
        reply = self._ask({"commit": commit}, {})
        if reply.get("asked"):
            last = [] if self._last is None else [self._last]
            for known, arrays, digests in [*last, (step, state, each)]:
                if known not in self._shown:
                    self._show(known, arrays, digests)
        kept = {} if step in self._shown else state  # what was shown is not asked for again
        self._last = step, {name: array.copy() for name, array in kept.items()}, each

    def _show(self, step: int, state: Mapping[str, np.ndarray], each: Mapping[str, bytes]) -> None:
        about = {"run": self._run, "shown": step}
        again = {name: self._sent[each[name]] for name in state if each[name] in self._sent}
        if again:
            self._answer({**about, "again": again}, {})
        new = {name: array for name, array in state.items() if name not in again}
        _send(new, about, self._answer)
        large = [name for name, array in new.items() if array.nbytes >= SMALL]
        self._sent.update({each[name]: (self._run, step, name) for name in large})
        self._shown.add(step)


def _settings(solver: Any) -> dict[str, Any]:
    """Return what a stretch of the training depends on besides its states and images."""
    model = solver.model
    dropout = getattr(model, "dropout_param", None) or {}
    return {
        "net": type(model).__name__, "normalization": _plain(getattr(model, "normalization", None)),
        "reg": _plain(getattr(model, "reg", 0.0)), "p": _plain(dropout.get("p")),
        "seed": _plain(dropout.get("seed")), "rule": _plain(solver.update_rule_name),
        "lr_decay": _plain(solver.lr_decay), "batch_size": _plain(solver.batch_size),
        "train_samples": _plain(solver.num_train_samples), "epoch": _plain(solver.epoch),
        "val_samples": _plain(solver.num_val_samples), "losses": len(solver.loss_history),
        "looks": len(solver.val_acc_history),
    }  # fmt: skip


def _keys(images: np.ndarray) -> list[bytes]:
    """Return numbers of each image, spread over it, as bytes."""
    flat = images.reshape(len(images), -1)
    # An odd step walks through all columns of an image that is a power of two wide.
    spread = np.ascontiguousarray(flat[:, :: flat.shape[1] // KEYS | 1])
    return [row.tobytes() for row in spread]


def _rows(images: Any, known: Mapping[bytes, int]) -> np.ndarray | None:
    """Return which training images these are; None if one is another, or was changed."""
    try:
        return np.array([known[key] for key in _keys(np.asarray(images))], dtype=np.int64)
    except (ValueError, TypeError, AttributeError, IndexError, KeyError):
        return None


def _report_run(
    run: Any,
    images: Any,
    known: Mapping[bytes, int],
    number: int,
    answer: Answer,
    cpu_s: float = 0.0,
) -> None:
    """Report one Run of the Solver: its settings, its curves, then its arrays piece by piece.

    `cpu_s` is what its log took until now.
    """
    plain = ("layer_sizes", "normalization", "dropout_keep_ratio", "initial_weight_std", "reg",
             "update_rule", "lr_decay", "batch_size", "num_epochs", "num_train", "num_val",
             "train_sha256", "val_sha256", "best_val_acc")  # fmt: skip
    reply = {name: _plain(getattr(run, name)) for name in plain}
    reply["learning_rate"] = _plain(run.optim_config.get("learning_rate"))
    curves = ("loss_history", "train_acc_history", "val_acc_history")
    arrays = {name: np.array(getattr(run, name), dtype=np.float64)[-PIECE:] for name in curves}
    if (rows := _rows(images, known)) is not None:
        arrays["rows"] = rows
    answer({"run": number, "settings": reply, "cpu_s": round(cpu_s, 4)}, arrays)
    learned = _learned(run.params, run.bn_statistics)
    if run.fitted_params is not run.params:
        fitted = _learned(run.fitted_params, run.fitted_bn_statistics)
        learned |= {FITTED + name: value for name, value in fitted.items()}
    named = list(learned.items())[:MAX_NAMES]
    single = {str(name): np.asarray(value, dtype=np.float32) for name, value in named}
    _send(single, {"run": number}, answer)


def _send(arrays: Mapping[str, np.ndarray], about: Mapping[str, Any], answer: Answer) -> None:
    """Send arrays in few frames: small ones together, large ones in pieces; then that it was all.

    A frame costs more than its few numbers, and a net with normalization has 200 arrays.
    """
    few: dict[str, np.ndarray] = {}
    for name, array in arrays.items():
        if few and (len(few) >= FEW or array.size + sum(a.size for a in few.values()) > PIECE):
            answer({**about, "few": True}, few)
            few = {}
        if array.size <= PIECE:
            few[name] = array
            continue
        flat = np.ascontiguousarray(array).reshape(-1)
        for start in range(0, flat.size, PIECE):
            piece = {**about, "array": name, "shape": list(array.shape)}
            answer(piece, {"piece": flat[start : start + PIECE]})
    if few:
        answer({**about, "few": True}, few)
    answer({**about, "whole": True}, {})


def _learned(params: Any, statistics: Any) -> dict[str, Any]:
    """Return parameters by name, and the running averages of layer i as "running_mean/i"."""
    layers = enumerate(statistics, start=1)
    return {str(name): value for name, value in params.items()} | {
        f"{name}/{layer}": value for layer, one in layers for name, value in one.items()
    }


def _plain(value: Any) -> Any:
    """Return numbers, texts and tuples of them as JSON can carry them."""
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value[:100]]
    if value is None or isinstance(value, str):
        return value
    number = float(value)
    return int(number) if number.is_integer() else number if math.isfinite(number) else None
