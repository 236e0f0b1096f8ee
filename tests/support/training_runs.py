"""Runs made by hand: what a notebook tells, and what became of it after recomputing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from grader.types import Band, Notebook, Trained, Training

NAMES = ("FullyConnectedNets.ipynb", "BatchNormalization.ipynb", "Dropout.ipynb")
TRAINING = Training(
    cell=3, layer_sizes=(3072, 100, 10), normalization=None, dropout_keep_ratio=None,
    initial_weight_std=(0.02, 0.02), reg=0.0, update_rule="sgd", learning_rate=1e-3, lr_decay=1.0,
    batch_size=100, num_epochs=10, num_train=1000, num_val=1000, train_sha256="a" * 64,
    val_sha256="b" * 64, loss_history=np.linspace(2.3, 0.4, 40),
    train_acc_history=np.linspace(0.1, 0.9, 11), val_acc_history=np.linspace(0.1, 0.52, 11),
    best_val_acc=0.52, params={}, bn_statistics=(), rows=np.arange(1000),
)  # fmt: skip
BAND = Band(
    seeds=5, epochs=8, loss=np.linspace((2.2, 2.4), (0.2, 0.5), 30).T,
    train=np.linspace((0.1, 0.2), (0.8, 0.9), 9).T, val=np.linspace((0.1, 0.2), (0.4, 0.55), 9).T,
)  # fmt: skip
EXECUTED = tuple(Notebook(name, "executed") for name in NAMES)


def net(*hidden: int) -> tuple[int, ...]:
    return (3072, *hidden, 10)


def run(
    train: float | None = 0.9,
    val: float | None = 0.52,
    hidden: float | None = 0.5,
    says: str = "",
    images: int | None = None,
    **told: Any,
) -> Trained:
    """A run with recomputed accuracies; `images` is the number of training images, None is all."""
    if images is not None:
        told |= {"num_train": images, "rows": np.arange(images)}
    claim = replace(TRAINING, **told)
    return Trained(NAMES[0], claim, train, val, hidden, says, all_images=images is None)


def foreign(**told: Any) -> Trained:
    """A run on images that the grader does not have, and that do not fit its nets."""
    return run(None, None, None, "W1 of its net has shape (100, 50)", rows=None, **told)
