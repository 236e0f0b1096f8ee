"""What a notebook tells of a training run, checked for form; nothing here says it is believed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.guest.wire import FITTED
from grader.types import Arrays, Training

MOST = 100  # values of one setting: the layers of a net


def training_of(
    cell: int, settings: Mapping[str, Any], curves: Arrays, arrays: Arrays
) -> Training | None:
    """Return the record of a run; None if a field is not what the Solver writes."""
    try:
        params, statistics = _learned(arrays, [n for n in arrays if not n.startswith(FITTED)])
        fitted, fitted_statistics = _learned(arrays, [n for n in arrays if n.startswith(FITTED)])
        values: dict[str, Any] = {name: form(settings[name]) for name, form in SETTINGS.items()}
        return Training(
            cell=cell,
            **values | {name: _curve(curves[name]) for name in CURVES},
            params=params,
            bn_statistics=statistics,
            rows=_rows(curves.get("rows")),
            fitted_params=fitted,
            fitted_bn_statistics=fitted_statistics,
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


@dataclass(frozen=True, eq=False)
class Chosen(Mapping[str, np.ndarray]):
    """Some of these arrays by other names; each is read when it is asked for."""

    arrays: Arrays
    names: Mapping[str, str]

    def __getitem__(self, name: str) -> np.ndarray:
        """Return one array."""
        return self.arrays[self.names[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


def _learned(arrays: Arrays, names: Iterable[str]) -> tuple[Arrays, tuple[Arrays, ...]]:
    """Return (parameters, running averages by layer) of arrays as guest.training_log names them."""
    statistics: dict[int, dict[str, str]] = {}
    params = {}
    for name in names:
        short = name.removeprefix(FITTED)
        kind, _, layer = short.partition("/")
        if layer:
            statistics.setdefault(int(layer), {})[kind] = name
        else:
            params[short] = name
    averages = (Chosen(arrays, statistics[layer]) for layer in sorted(statistics))
    return Chosen(arrays, params), tuple(averages)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError("no number")
    return float(value)


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**31:
        raise ValueError("no count")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")
    return value[:100]


def _or_none(form: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else form(value)


def _each(form: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def each(values: Any) -> Any:
        if len(values) > MOST:
            raise ValueError("too many")
        return tuple(map(form, values))

    return each


def _curve(array: np.ndarray) -> np.ndarray:
    if array.dtype != np.float64 or array.ndim != 1:
        raise ValueError("no curve")
    return array


def _rows(array: np.ndarray | None) -> np.ndarray | None:
    if array is None or array.dtype != np.int64 or array.ndim != 1 or array.size > 2**20:
        return None
    return array


CURVES = ("loss_history", "train_acc_history", "val_acc_history")
# Fields of a Training that are plain values, and the form of each.
SETTINGS: Mapping[str, Callable[[Any], Any]] = {
    "layer_sizes": _each(_count), "normalization": _or_none(_text),
    "dropout_keep_ratio": _or_none(_number), "initial_weight_std": _each(_number),
    "reg": _or_none(_number), "update_rule": _text, "learning_rate": _or_none(_number),
    "lr_decay": _number, "batch_size": _count, "num_epochs": _count, "num_train": _count,
    "num_val": _count, "train_sha256": _text, "val_sha256": _text, "best_val_acc": _number,
}  # fmt: skip
