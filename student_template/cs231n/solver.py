"""Training: the loop that turns data, a model and an update rule into learned parameters.

The Solver draws minibatches, asks the model for loss and gradients, lets an update rule move every
parameter, looks at accuracy once an epoch, and at the end puts back the parameters that did best on
the validation images. It also writes one record of what happened, a `Run`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from . import optim


@dataclass(frozen=True)
class Run:
    """One finished training run: how it was set up, what happened, what was learned.

    Enough to judge the run without having seen it: `params` and `bn_statistics` put into a network
    of `layer_sizes` and `normalization` give its accuracies again, and the fingerprints tell on
    which images. Settings of the model that it does not have (`reg` and the like) are None.
    Accuracies are in 0..1. Arrays are copies.

    The network:
    - layer_sizes: input, hidden..., classes, by the shapes of W1, W2, ...; () if there are none
    - normalization: 'batchnorm', 'layernorm' or None
    - dropout_keep_ratio: probability of keeping an entry; None if the network drops nothing
    - reg: strength of the L2 penalty
    - initial_weight_std: standard deviation of W1, W2, ... before training, one for each: near the
      weight scale that they were drawn with

    The training:
    - update_rule: name of a function in optim.py
    - optim_config: its settings as given, before any decay; one that is left out has its default
    - lr_decay: factor on the learning rate after each epoch
    - batch_size: images in a minibatch
    - num_epochs: how often it went through the training images

    The data:
    - num_train, num_val: training and validation images
    - num_train_samples, num_val_samples: accuracies were measured on so many random ones of these;
      None is all
    - train_sha256, val_sha256: `fingerprint` of images and labels, taken at the end of training

    What happened:
    - loss_history: one loss for each iteration
    - train_acc_history, val_acc_history: after the first iteration and after each epoch (one entry
      for both, if an epoch is one iteration)
    - best_val_acc: the largest of val_acc_history

    What was learned, at the moment that did best on the validation images:
    - params: arrays by name, as in model.params
    - bn_statistics: for each batch normalization, in order, its running_mean and running_var,
      shape (D,); () if there is none

    - fitted_params, fitted_bn_statistics: the same, at the moment that did best on the training
      images; the very same objects where that was the same moment
    """

    layer_sizes: tuple[int, ...]
    normalization: str | None
    dropout_keep_ratio: float | None
    reg: float | None
    initial_weight_std: tuple[float, ...]
    update_rule: str
    optim_config: Mapping[str, float]
    lr_decay: float
    batch_size: int
    num_epochs: int
    num_train: int
    num_val: int
    num_train_samples: int | None
    num_val_samples: int | None
    train_sha256: str
    val_sha256: str
    loss_history: tuple[float, ...]
    train_acc_history: tuple[float, ...]
    val_acc_history: tuple[float, ...]
    best_val_acc: float
    params: Mapping[str, np.ndarray]
    bn_statistics: tuple[Mapping[str, np.ndarray], ...]
    fitted_params: Mapping[str, np.ndarray]
    fitted_bn_statistics: tuple[Mapping[str, np.ndarray], ...]


def fingerprint(X, y):
    """Return the sha256 of a set of images, 64 hexadecimal digits: equal only for equal sets.

    - X: images, shape (N, d_1, ..., d_k)
    - y: right classes, shape (N,)

    Hashed are, for X and then for y: dtype and shape as text ("<f8(50, 3, 32, 32)"), then the
    entries in C order.
    """
    digest = hashlib.sha256()
    for array in (np.ascontiguousarray(X), np.ascontiguousarray(y)):
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(array.data)
    return digest.hexdigest()


class Solver:
    """Train a model by minibatch gradient descent.

        solver = Solver(model, data, update_rule="adam", optim_config={"learning_rate": 1e-3})
        solver.train()

    A model has a dictionary `params` of float arrays and a method `loss(X, y)` returning
    (loss, grads), or scores (N, C) for y = None.

    After train():
    - model.params: the best parameters, by validation accuracy (also self.best_params), together
      with the batchnorm averages of that moment
    - loss_history: one float for each iteration
    - train_acc_history, val_acc_history: floats in 0..1, after the first iteration and after each
      epoch
    - best_val_acc: the largest of val_acc_history

    Minibatches come from a generator of the Solver's own, seeded once from np.random: they are
    reproducible under np.random.seed, whatever the model draws (dropout with a seed re-seeds
    np.random in every forward pass).

    The log. `log` is called once, at the end of train(), with a `Run`. Pass it to one Solver
    (`Solver(model, data, log=runs.append)`), or set it for all that are made from then on, when you
    do not own the code that makes them (`Solver.log = runs.append`, before a notebook is run).
    """

    log = None

    def __init__(
        self,
        model,
        data,
        *,
        update_rule="sgd",
        optim_config=None,
        lr_decay=1.0,
        batch_size=100,
        num_epochs=10,
        num_train_samples=1000,
        num_val_samples=None,
        checkpoint_name=None,
        print_every=10,
        verbose=True,
        log=None,
    ):
        """Set up a training run.

        - model: see above
        - data: dictionary of X_train (N, d_1, ..., d_k), y_train (N,), X_val and y_val
        - update_rule: name of a function in optim.py
        - optim_config: its settings, one dictionary for all parameters
        - lr_decay: factor on the learning rate after each epoch
        - batch_size: images in a minibatch
        - num_epochs: how often to go through the training images
        - num_train_samples, num_val_samples: images on which accuracy is measured; None is all
        - checkpoint_name: if given, NAME_epoch_E.npz is saved after each epoch
        - print_every: iterations between two lines of output
        - verbose: print at all
        - log: called with the Run at the end of train()

        Raises ValueError for an unknown update rule.
        """
        if not hasattr(optim, update_rule):
            raise ValueError(f"Solver: optim.py has no update rule {update_rule!r}; check the name")
        self.model = model
        self.X_train, self.y_train = data["X_train"], data["y_train"]
        self.X_val, self.y_val = data["X_val"], data["y_val"]
        self.update_rule_name, self.update_rule = update_rule, getattr(optim, update_rule)
        self.optim_config = dict(optim_config or {})
        self.lr_decay = lr_decay
        self.batch_size = batch_size
        self.num_epochs = num_epochs
        self.num_train_samples = num_train_samples
        self.num_val_samples = num_val_samples
        self.checkpoint_name = checkpoint_name
        self.print_every = print_every
        self.verbose = verbose
        self.log = type(self).log if log is None else log
        self._reset()

    def _reset(self):
        """Clear the books, and give every parameter a config of its own."""
        self.rng = np.random.RandomState(np.random.randint(2**31 - 1))
        self.epoch = 0
        self.best_val_acc = 0.0
        self.best_params = {}
        self.best_statistics = []
        self.best_train_acc = 0.0
        self.fitted_params = {}
        self.fitted_statistics = []
        self.loss_history = []
        self.train_acc_history = []
        self.val_acc_history = []
        self.optim_configs = {name: dict(self.optim_config) for name in self.model.params}
        self.initial_weight_std = tuple(float(w.std()) for w in _weights(self.model.params))

    def _step(self):
        """Take one gradient step on one random minibatch."""
        chosen = self.rng.choice(self.X_train.shape[0], self.batch_size)
        loss, grads = self.model.loss(self.X_train[chosen], self.y_train[chosen])
        self.loss_history.append(float(loss))
        for name, w in self.model.params.items():
            next_w, next_config = self.update_rule(w, grads[name], self.optim_configs[name])
            self.model.params[name] = next_w
            self.optim_configs[name] = next_config

    def check_accuracy(self, X, y, num_samples=None, batch_size=100):
        """Return the share of images that the model classifies rightly, a float in 0..1.

        - X: images, shape (N, d_1, ..., d_k)
        - y: right classes, shape (N,)
        - num_samples: measure on this many random images only; None is all
        - batch_size: images for each call of the model, to bound memory
        """
        if num_samples is not None and num_samples < X.shape[0]:
            chosen = self.rng.choice(X.shape[0], num_samples, replace=False)
            X, y = X[chosen], y[chosen]
        starts = range(0, X.shape[0], batch_size)
        scores = [self.model.loss(X[start : start + batch_size]) for start in starts]
        return float(np.mean(np.argmax(np.concatenate(scores), axis=1) == y))

    def train(self):
        """Train for num_epochs, then put the best parameters into the model."""
        per_epoch = max(self.X_train.shape[0] // self.batch_size, 1)
        total = self.num_epochs * per_epoch
        for t in range(total):
            self._step()
            if self.verbose and t % self.print_every == 0:
                print(f"iteration {t + 1} / {total}: loss {self.loss_history[-1]:.6f}")
            epoch_ends = (t + 1) % per_epoch == 0
            if epoch_ends:
                self.epoch += 1
                for config in self.optim_configs.values():
                    config["learning_rate"] *= self.lr_decay
            if t == 0 or epoch_ends:
                self._look()
        self._restore_best()
        if self.log is not None:
            self.log(self._record())

    def _look(self):
        """Measure accuracy, and remember the parameters if they are the best so far."""
        train_acc = self.check_accuracy(self.X_train, self.y_train, self.num_train_samples)
        val_acc = self.check_accuracy(self.X_val, self.y_val, self.num_val_samples)
        self.train_acc_history.append(train_acc)
        self.val_acc_history.append(val_acc)
        if self.verbose:
            print(
                f"epoch {self.epoch} / {self.num_epochs}: "
                f"train accuracy {train_acc:.3f}, validation accuracy {val_acc:.3f}"
            )
        best = val_acc > self.best_val_acc or not self.best_params
        fitted = train_acc > self.best_train_acc or not self.fitted_params
        if best or fitted:
            params = {name: w.copy() for name, w in self.model.params.items()}
            statistics = self._statistics()
        if best:
            self.best_val_acc, self.best_params, self.best_statistics = val_acc, params, statistics
        if fitted:
            self.best_train_acc = train_acc
            self.fitted_params, self.fitted_statistics = params, statistics
        if self.checkpoint_name is not None:
            self._save_checkpoint()

    def _statistics(self):
        """Return copies of the running averages in model.bn_params, a dictionary for each layer."""
        return [
            {name: bn_param[name].copy() for name in ("running_mean", "running_var")}
            for bn_param in getattr(self.model, "bn_params", [])
            if "running_mean" in bn_param and "running_var" in bn_param
        ]

    def _restore_best(self):
        """Put the best parameters back, with the averages that belong to them."""
        if not self.best_params:
            return
        self.model.params = {name: w.copy() for name, w in self.best_params.items()}
        bn_params = getattr(self.model, "bn_params", [])
        for bn_param, statistics in zip(bn_params, self.best_statistics):
            bn_param.update({name: value.copy() for name, value in statistics.items()})

    def _save_checkpoint(self):
        """Write parameters and histories to a .npz file: arrays by name, no pickle."""
        arrays = {f"params/{name}": w for name, w in self.model.params.items()}
        for i, statistics in enumerate(self._statistics(), start=1):
            arrays.update({f"bn{i}/{name}": value for name, value in statistics.items()})
        for name in ("loss_history", "train_acc_history", "val_acc_history"):
            arrays[name] = np.array(getattr(self, name))
        np.savez(f"{self.checkpoint_name}_epoch_{self.epoch}.npz", **arrays)

    def _record(self):
        """Return the Run of what was just trained."""
        params = {name: w.copy() for name, w in self.model.params.items()}
        fitted, statistics = params, tuple(self.best_statistics)
        if self.fitted_params is not self.best_params:
            fitted = {name: w.copy() for name, w in self.fitted_params.items()}
        dropout_param = getattr(self.model, "dropout_param", None) or {}
        return Run(
            layer_sizes=_layer_sizes(params),
            normalization=getattr(self.model, "normalization", None),
            dropout_keep_ratio=dropout_param.get("p"),
            reg=getattr(self.model, "reg", None),
            initial_weight_std=self.initial_weight_std,
            update_rule=self.update_rule_name,
            optim_config=dict(self.optim_config),
            lr_decay=self.lr_decay,
            batch_size=self.batch_size,
            num_epochs=self.num_epochs,
            num_train=self.X_train.shape[0],
            num_val=self.X_val.shape[0],
            num_train_samples=self.num_train_samples,
            num_val_samples=self.num_val_samples,
            train_sha256=fingerprint(self.X_train, self.y_train),
            val_sha256=fingerprint(self.X_val, self.y_val),
            loss_history=tuple(self.loss_history),
            train_acc_history=tuple(self.train_acc_history),
            val_acc_history=tuple(self.val_acc_history),
            best_val_acc=self.best_val_acc,
            params=params,
            bn_statistics=statistics,
            fitted_params=fitted,
            fitted_bn_statistics=statistics if fitted is params else tuple(self.fitted_statistics),
        )


def _weights(params):
    """Return the weights W1, W2, ..., as far as they go."""
    weights = []
    while f"W{len(weights) + 1}" in params:
        weights.append(params[f"W{len(weights) + 1}"])
    return weights


def _layer_sizes(params):
    """Return (input, hidden..., classes) by the shapes of W1, W2, ..., as far as they go."""
    shapes = [W.shape for W in _weights(params)]
    return tuple([int(shape[0]) for shape in shapes] + [int(shapes[-1][-1])]) if shapes else ()
