"""Which runs a goal considers, and which of them may be compared with each other."""

from __future__ import annotations

import math
from collections.abc import Iterable

from grader.rubric.records import On, RunFilter
from grader.types import Trained


def count_images(run: Trained) -> int:
    """Return on how many different images a run was trained; what it claims if we cannot see."""
    rows = run.training.rows
    return run.training.num_train if rows is None else len(rows)


def drops(run: Trained) -> bool:
    """Return whether a net drops units: a ratio of 0 or 1 is none, whichever way a year counts."""
    ratio = run.training.dropout_keep_ratio
    return ratio is not None and 0 < ratio < 1


def value(run: Trained, on: On) -> float | None:
    """Return the recomputed accuracy; None if it could not be, or if the run is doubted."""
    if run.doubt:
        return None
    return run.train_accuracy if on == "training" else run.val_accuracy


def claimed(run: Trained, on: On) -> float:
    """Return the accuracy that the run claims, which nobody has checked."""
    if on == "validation":
        return float(run.training.best_val_acc)
    return float(max(run.training.train_acc_history, default=math.nan))


def fits(run: Trained, wanted: RunFilter) -> bool:
    """Return whether a run is of the kind that is wanted, whatever it learned."""
    training = run.training
    return (
        wanted.layers in (None, len(training.layer_sizes) - 1)
        and wanted.images in (None, count_images(run))
        and (run.all_images or not wanted.all_images)
        and (wanted.epochs is None or training.num_epochs <= wanted.epochs)
        and wanted.update_rule in (None, training.update_rule)
        and wanted.normalization in (None, training.normalization or "none")
        and wanted.dropout in (None, drops(run))
    )


def learned(run: Trained, wanted: RunFilter) -> bool:
    """Return whether a run knows enough of its training images to count."""
    if run.doubt:
        return False
    if wanted.learned == 0:
        return run.val_accuracy is not None
    return run.train_accuracy is not None and run.train_accuracy >= wanted.learned


def unseen(run: Trained, on: On) -> bool:
    """Return whether nothing is known of the accuracy though the run may be right."""
    return bool(run.doubt) or (value(run, on) is None and run.training.rows is None)


def key(run: Trained, without: Iterable[str]) -> tuple[object, ...]:
    """Return all that two runs must share to be compared, but for what is compared.

    That is the net, the images, and the lengths of training and batches.
    """
    training = run.training
    rows = training.rows
    shared = {
        "layer_sizes": training.layer_sizes,
        "images": training.train_sha256 if rows is None else rows.tobytes(),
        "epochs": training.num_epochs,
        "batch_size": training.batch_size,
        "update_rule": training.update_rule,
        "normalization": training.normalization,
        "dropout": drops(run),
    }
    return tuple(what for name, what in shared.items() if name not in set(without))


def scale(run: Trained) -> float:
    """Return the standard deviation of the first weights; 0 if it is not known."""
    first = next(iter(run.training.initial_weight_std), 0.0)
    return float(first) if math.isfinite(first) and first > 0 else 0.0


def alike(one: Trained, other: Trained, apart: float) -> bool:
    """Return whether two runs began with weights of the same size, as far as that is known."""
    low, high = sorted((scale(one), scale(other)))
    return low == 0 or high / low < apart
