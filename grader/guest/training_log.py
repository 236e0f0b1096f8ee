"""Report each run of the Solver: its settings, its curves, the arrays that it learned.

The given Solver and the given data are watched as they are imported, in the process of a notebook.
Nothing reported here is believed: parameters are tried on images that this process has never seen.
"""

from __future__ import annotations

import itertools
import math
import types
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from grader.guest.children import Answer
from grader.guest.wire import FITTED

PIECE = 1024**2  # numbers of an array that go into one frame
MAX_NAMES = 200
KEYS = 256  # numbers by which a training image is known again; 8 took white skies for each other


def watch(answer: Answer) -> dict[str, Callable[[types.ModuleType], None]]:
    """Return what to do after the Solver and the data are imported: report each run."""
    rows: dict[bytes, int] = {}
    runs = itertools.count()

    def with_solver(module: types.ModuleType) -> None:
        train = module.Solver.train

        def watched(solver: Any) -> Any:
            images = solver.X_train
            solver.log = lambda run: _report_run(run, images, rows, next(runs), answer)
            return train(solver)

        module.Solver.train = watched

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
    run: Any, images: Any, known: Mapping[bytes, int], number: int, answer: Answer
) -> None:
    """Report one Run of the Solver: its settings, its curves, then its arrays piece by piece."""
    plain = ("layer_sizes", "normalization", "dropout_keep_ratio", "initial_weight_std", "reg",
             "update_rule", "lr_decay", "batch_size", "num_epochs", "num_train", "num_val",
             "train_sha256", "val_sha256", "best_val_acc")  # fmt: skip
    reply = {name: _plain(getattr(run, name)) for name in plain}
    reply["learning_rate"] = _plain(run.optim_config.get("learning_rate"))
    curves = ("loss_history", "train_acc_history", "val_acc_history")
    arrays = {name: np.array(getattr(run, name), dtype=np.float64)[-PIECE:] for name in curves}
    if (rows := _rows(images, known)) is not None:
        arrays["rows"] = rows
    answer({"run": number, "settings": reply}, arrays)
    learned = _learned(run.params, run.bn_statistics)
    if run.fitted_params is not run.params:
        fitted = _learned(run.fitted_params, run.fitted_bn_statistics)
        learned |= {FITTED + name: value for name, value in fitted.items()}
    for name, value in list(learned.items())[:MAX_NAMES]:
        array = np.asarray(value, dtype=np.float32)
        flat = array.reshape(-1)
        for start in range(0, max(1, flat.size), PIECE):
            piece = {"run": number, "array": str(name), "shape": list(array.shape)}
            answer(piece, {"piece": flat[start : start + PIECE]})
    answer({"run": number, "whole": True}, {})


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
