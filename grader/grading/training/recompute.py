"""What learned parameters really do: a network's forward pass, computed again on the trusted side.

Parameters come out of a process that the student controls, so nothing about them is believed:
names, shapes, sizes and numbers are checked first, and what is no network of the course gets a
sentence instead of accuracies. Everything runs in test mode: batch normalization uses its running
averages, and dropout does nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeGuard

import numpy as np

from grader.errors import BackgradeError
from grader.grading.training.images import CLASSES, PIXELS, Images, Split
from grader.grading.training.runs import count_images
from grader.types import Arrays, Notebook, Trained, Training

MOST_LAYERS = 40
MOST_WEIGHTS = 6_000_000
MOST_WORK = 2_000_000_000_000  # weights times images, for all runs of a submission: minutes
MOST_POINTS = 100_000  # entries of a history that are kept
FEWEST_HIDDEN = 200  # fewer images than this show too little: chance alone moves them by 0.1
EPS = np.float32(1e-5)  # added to the variance, inside the root: the course's default
NO_ROWS = np.zeros(0, dtype=np.int64)


class Refused(BackgradeError):
    """Parameters that are no network of the course; the message is a sentence for the report."""


class TooLarge(Refused):
    """Parameters that may be right, and would cost too much: a person has to look."""


@dataclass(frozen=True)
class Layer:
    """An affine layer, and the normalization behind it: float32 arrays.

    `gamma` and `beta` are None if nothing is normalized; `mean` and `var` if the
    normalization is layernorm.
    """

    W: np.ndarray
    b: np.ndarray
    gamma: np.ndarray | None = None
    beta: np.ndarray | None = None
    mean: np.ndarray | None = None
    var: np.ndarray | None = None


@dataclass(frozen=True)
class Net:
    """A network of the course; `finite` message whether all its numbers are."""

    layers: tuple[Layer, ...]
    normalization: str | None
    finite: bool

    @property
    def sizes(self) -> tuple[int, ...]:
        """Input, hidden layers, classes."""
        return (self.layers[0].W.shape[0], *(layer.W.shape[1] for layer in self.layers))


def net_of(params: object, statistics: object) -> Net:
    """Read a network from parameters named as in the course. Raises Refused with a sentence.

    `params` holds W1, b1, ..., WL, bL and, with a normalization, gamma1, beta1, ... for all but the
    last layer. `statistics` holds running_mean and running_var of each batch normalization.
    """
    if not isinstance(params, Mapping) or not isinstance(statistics, Sequence):
        raise Refused("its parameters could not be read")
    count = sum(f"W{i}" in params for i in range(1, MOST_LAYERS + 2))
    if not 1 <= count <= MOST_LAYERS:
        raise Refused(f"its net has {count or 'no'} weights W1, W2, ...; 1 to {MOST_LAYERS} can be "
                      "recomputed")  # fmt: skip
    normal = any(f"gamma{i}" in params for i in range(1, count))
    names = [f"{kind}{i}" for i in range(1, count + 1) for kind in ("W", "b")]
    names += [f"{kind}{i}" for i in range(1, count) for kind in ("gamma", "beta") if normal]
    if strange := sorted(map(str, set(params) ^ set(names))):
        raise Refused(f"its net has other parameters than the course's: {', '.join(strange[:3])}")
    if sum(int(getattr(params[name], "size", 0)) for name in names) > MOST_WEIGHTS:
        raise TooLarge(f"its net has more than {MOST_WEIGHTS:,} weights")
    batchnorm = normal and len(statistics) > 0
    if batchnorm and len(statistics) != count - 1:
        raise Refused(f"it has running averages for {len(statistics)} of {count - 1} layers")
    width, layers = PIXELS, []
    for i in range(1, count + 1):
        W = _array(params, f"W{i}", (width, None if i < count else CLASSES))
        width = W.shape[1]
        kinds = [kind for kind in ("b", "gamma", "beta") if f"{kind}{i}" in names]
        parts = {kind: _array(params, f"{kind}{i}", (width,)) for kind in kinds}
        for name in ("mean", "var") if batchnorm and i < count else ():
            parts[name] = _array(statistics[i - 1], f"running_{name}", (width,))
        layers.append(Layer(W, **parts))
    arrays = [a for layer in layers for a in vars(layer).values() if a is not None]
    finite = all(np.isfinite(a).all() for a in arrays)
    kind = "batchnorm" if batchnorm else "layernorm" if normal else None
    return Net(tuple(layers), kind, finite)


def _array(held: object, name: str, shape: tuple[int | None, ...]) -> np.ndarray:
    """Return one parameter as float32. A vector may have further axes of length 1."""
    value = held.get(name) if isinstance(held, Mapping) else None
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu":
        raise Refused(f"{name} of its net is no array of numbers")
    if len(shape) == 1 and value.size == shape[0]:
        value = value.reshape(-1)
    if len(value.shape) != len(shape) or any(
        want is not None and got != want or got < 1
        for got, want in zip(value.shape, shape, strict=True)
    ):
        wanted = ", ".join("any" if side is None else str(side) for side in shape)
        raise Refused(f"{name} of its net has shape {value.shape[:4]}; ({wanted}) was expected")
    with np.errstate(all="ignore"):
        return value.astype(np.float32, copy=False)


def scores(net: Net, images: np.ndarray) -> np.ndarray:
    """Return the scores (N, classes) of images (N, 3072), float32, in test mode."""
    out = images
    with np.errstate(all="ignore"):
        for layer in net.layers[:-1]:
            out = out @ layer.W + layer.b
            if layer.gamma is not None:
                mean, var = layer.mean, layer.var
                if mean is None or var is None:
                    mean, var = out.mean(axis=1, keepdims=True), out.var(axis=1, keepdims=True)
                out = layer.gamma * (out - mean) / np.sqrt(var + EPS) + layer.beta
            out = np.maximum(out, np.float32(0))
        found: np.ndarray = out @ net.layers[-1].W + net.layers[-1].b
        return found


def accuracy(net: Net, images: Images, split: Split, rows: np.ndarray) -> float:
    """Return the share of these images that the net classifies rightly, in 0..1.

    An image whose scores are not all finite is wrong, whatever stands at its label.
    """
    right = 0
    for batch, labels in images.batches(split, rows):
        found = scores(net, batch)
        with np.errstate(all="ignore"):
            good = (np.argmax(found, axis=1) == labels) & np.isfinite(found).all(axis=1)
        right += int(good.sum())
    return right / max(1, len(rows))


class Recompute:
    """Recomputes the runs of one submission, within bounds for all of them together.

    `sample` bounds the training images that are looked at; hidden images are, for a run that gets
    `hidden_from` or more of the validation images right.
    """

    def __init__(self, images: Images, sample: int, hidden_from: float) -> None:
        self._images = images
        self._sample = sample
        self._hidden_from = hidden_from
        self._left = MOST_WORK
        self._seen: dict[str, str] = {}

    def run(self, book: Notebook, training: Training) -> Trained:
        """Return a run with what its parameters really do, and without the parameters.

        Accuracy on validation and hidden images is that of `params`, on training images that of
        `fitted_params`, if the run has them.
        """
        claimed = replace(_bounded(training), rows=_rows(training.rows, self._images))
        try:
            trained = self._recomputed(book, training, claimed)
        except Refused as refused:
            if isinstance(refused, TooLarge):  # nothing is known of it, as with other images
                claimed = replace(claimed, rows=None)
            trained = Trained(book.name, claimed, None, None, None, str(refused))
        whole = count_images(trained) >= self._images.count("training")
        return replace(trained, all_images=whole)

    def _recomputed(self, book: Notebook, training: Training, claimed: Training) -> Trained:
        best = net_of(training.params, training.bn_statistics)
        self._check(book, training, best)
        claimed = replace(claimed, layer_sizes=best.sizes, normalization=best.normalization)
        val = self._accuracy(best, "validation")
        wanted = val >= self._hidden_from and self._images.count("hidden") >= FEWEST_HIDDEN
        hidden = self._accuracy(best, "hidden") if wanted else None
        is_finite, fitted = best.finite, best
        if training.fitted_params and training.fitted_params is not training.params:
            del best  # one net at a time is in memory
            fitted = net_of(training.fitted_params, training.fitted_bn_statistics)
            if (fitted.sizes, fitted.normalization) != (claimed.layer_sizes, claimed.normalization):
                raise Refused("its parameters are those of two different nets")
        train = None if claimed.rows is None else self._accuracy(fitted, "training", claimed.rows)
        message = ""
        if not (is_finite and fitted.finite):
            message = "its parameters are not all finite: the training ran away"
        elif claimed.rows is None:
            message = "it was trained on other images than the grader has"
        elif not len(claimed.rows):
            message = "it names training images that do not exist"
        return Trained(book.name, claimed, train, val, hidden, message)

    def _accuracy(self, net: Net, split: Split, rows: np.ndarray | None = None) -> float:
        rows = np.arange(self._images.count(split)) if rows is None else rows
        if split == "training" and len(rows) > self._sample:
            rows = rows[np.linspace(0, len(rows) - 1, self._sample).astype(np.int64)]
        return accuracy(net, self._images, split, rows) if net.finite else 0.0

    def _check(self, book: Notebook, training: Training, net: Net) -> None:
        """Raise Refused if a run contradicts itself, was seen before, or would cost too much."""
        if training.layer_sizes and tuple(training.layer_sizes) != net.sizes:
            raise Refused("its parameters are those of another net than the one it tells of")
        if training.normalization not in (None, net.normalization):
            raise Refused(f"its net does not have the {training.normalization!s:.20} it tells of")
        digest = _digest(training.params, training.fitted_params)
        if digest in self._seen:
            raise Refused(f"it has the very parameters of {self._seen[digest]}, which counts once")
        self._seen[digest] = f"the run in {book.name}, {book.cell_name(training.cell)}"
        images = self._images.profile.validation + self._images.profile.hidden + self._sample
        # A forward pass of one image costs as much as there are weights.
        self._left -= sum(layer.W.size for layer in net.layers) * images
        if self._left < 0:
            raise TooLarge("the runs before it were so many or so large that it was not looked at")


def _rows(rows: object, images: Images) -> np.ndarray | None:
    """Return the different training images that a run names, in order; none if that is odd."""
    if rows is None:
        return None
    if not _is_series(rows, "iu") or not 0 < rows.size <= MOST_POINTS:
        return NO_ROWS
    known = rows[(rows >= 0) & (rows < images.count("training"))]
    return np.unique(known.astype(np.int64)) if len(known) == len(rows) else NO_ROWS


def _digest(*held: Arrays) -> str:
    digest = hashlib.sha256()
    for params in held:
        for name in sorted(map(str, params)) if isinstance(params, Mapping) else ():
            if isinstance(value := params.get(name), np.ndarray) and value.dtype.kind in "fiu":
                digest.update(f"{name}{value.shape}".encode())
                digest.update(np.ascontiguousarray(value).data)
    return digest.hexdigest()


def _bounded(training: Training) -> Training:
    """Return what a run claims, without parameters and states; histories are of bounded length."""
    log = training.log and replace(training.log, commits=())  # a report looks through all it has
    return replace(
        training,
        params={},
        bn_statistics=(),
        fitted_params={},
        fitted_bn_statistics=(),
        log=log,
        update_rule=str(training.update_rule)[:40],
        layer_sizes=tuple(training.layer_sizes[: MOST_LAYERS + 2]),
        initial_weight_std=tuple(training.initial_weight_std[: MOST_LAYERS + 1]),
        loss_history=_series(training.loss_history),
        train_acc_history=_series(training.train_acc_history),
        val_acc_history=_series(training.val_acc_history),
    )


def _series(values: object) -> np.ndarray:
    """Return a history as float64, shape (n,); an empty one if it is none."""
    return values[:MOST_POINTS].astype(np.float64) if _is_series(values, "fiu") else np.zeros(0)


def _is_series(values: object, kinds: str) -> TypeGuard[np.ndarray]:
    return isinstance(values, np.ndarray) and values.ndim == 1 and values.dtype.kind in kinds
