"""Probes of TwoLayerNet and FullyConnectedNet, from initial values to dropout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from grader.guest.probes import Array, Outputs, models
from grader.guest.probes.nn import Implementation, single_precision, stack


def two_layer_init(nn: Implementation, dims: list[int], weight_scale: float) -> Outputs:
    """dims [D, H, C] -> W1 (D, H), b1 (H,), W2 (H, C), b2 (C,) as the constructor leaves them."""
    return _copies(models.two_layer(nn, dims, weight_scale=weight_scale).params)


def two_layer_inits(nn: Implementation, dims: list[int], weight_scale: float) -> Outputs:
    """dims [D, H, C] -> W1 (2, D, H), W2 (2, H, C) of two nets, one built after the other."""
    return _weights_of_two(lambda: models.two_layer(nn, dims, weight_scale=weight_scale))


def two_layer_scores(nn: Implementation, x: Array, theta: Array, dims: list[int]) -> Outputs:
    """x (N, D) -> scores (N, C)."""
    model = models.with_theta(models.two_layer(nn, dims), theta, dims)
    return {"scores": models.scores_of(model, x)}


def two_layer_loss(
    nn: Implementation, x: Array, y: Array, theta: Array, dims: list[int], reg: float = 0.0
) -> Outputs:
    """x (N, D), y (N,) -> loss () and the gradient d<name> of each parameter."""
    return models.loss_of(models.with_theta(models.two_layer(nn, dims, reg=reg), theta, dims), x, y)


def two_layer_second(
    nn: Implementation, x: Array, y: Array, theta: Array, dims: list[int]
) -> Outputs:
    """One batch of x (T, N, D), y (T, N) after the other -> loss () and gradients d<name> of the
    last one.
    """
    return _of_last_batch(models.with_theta(models.two_layer(nn, dims), theta, dims), x, y)


def two_layer_regularization(
    nn: Implementation, x: Array, y: Array, theta: Array, dims: list[int], reg: float
) -> Outputs:
    """What `reg` adds to the loss and to each gradient."""

    def loss(strength: float) -> Outputs:
        return two_layer_loss(nn, x.copy(), y.copy(), theta, dims, strength)

    return _added(loss, reg, models.parameter_shapes(dims))


def net_init(
    nn: Implementation, dims: list[int], weight_scale: float, normalization: str | None = None
) -> Outputs:
    """dims [D, H1, .., C] -> every parameter as the constructor leaves it, under its name."""
    model = models.fully_connected(
        nn, np.dtype(float), dims, weight_scale=weight_scale, normalization=normalization
    )
    return _copies(model.params)


def net_inits(nn: Implementation, dims: list[int], weight_scale: float) -> Outputs:
    """dims [D, H1, .., C] -> W1 (2, D, H1), ... of two nets, one built after the other."""
    dtype = np.dtype(float)
    return _weights_of_two(
        lambda: models.fully_connected(nn, dtype, dims, weight_scale=weight_scale)
    )


def net_scores(
    nn: Implementation,
    x: Array,
    theta: Array,
    dims: list[int],
    normalization: str | None = None,
    keep: float = 1.0,
) -> Outputs:
    """x (N, D) -> scores (N, C): without labels a net is in test mode, whatever its dropout.

    With dropout there is a second time too, scores_again, which shows whether it is off.
    """
    model = models.set_net(nn, x, theta, dims, normalization=normalization, keep=keep)
    again = x.copy()
    scores = {"scores": models.scores_of(model, x), **_below(nn, normalization)}
    return scores if keep == 1 else scores | {"scores_again": models.scores_of(model, again)}


def net_loss(
    nn: Implementation,
    x: Array,
    y: Array,
    theta: Array,
    dims: list[int],
    reg: float = 0.0,
    normalization: str | None = None,
) -> Outputs:
    """x (N, D), y (N,) -> loss () and the gradient d<name> of each parameter."""
    model = models.set_net(nn, x, theta, dims, normalization=normalization, reg=reg)
    return models.loss_of(model, x, y) | _below(nn, normalization)


def net_second(nn: Implementation, x: Array, y: Array, theta: Array, dims: list[int]) -> Outputs:
    """The same of a net of any depth."""
    return _of_last_batch(models.set_net(nn, x, theta, dims), x, y)


def net_regularization(
    nn: Implementation,
    x: Array,
    y: Array,
    theta: Array,
    dims: list[int],
    reg: float,
    normalization: str | None = None,
) -> Outputs:
    """What `reg` adds to the loss and to each gradient."""

    def loss(strength: float) -> Outputs:
        return net_loss(nn, x.copy(), y.copy(), theta, dims, strength, normalization)

    return _added(loss, reg, models.parameter_shapes(dims, normalization))


def net_penalty(
    nn: Implementation,
    x: Array,
    y: Array,
    theta: Array,
    dims: list[int],
    reg: float,
    normalization: str,
) -> Outputs:
    """What `reg` adds to the loss, by gamma and beta -> loss (2, 2).

    The first axis is with `reg` and without it; the second is gamma and beta from theta, and twice
    as large. The weights are the same in all four.
    """
    losses = []
    for strength in (reg, 0.0):
        model = models.fully_connected(nn, x.dtype, dims, reg=strength, normalization=normalization)
        for factor in (1, 2):
            models.with_theta(model, theta, dims, normalization)
            for name in [n for n in model.params if n.startswith(("gamma", "beta"))]:
                model.params[name] = factor * np.asarray(model.params[name])
            losses.append(models.loss_of(model, x.copy(), y.copy())["loss"])
    stacked = stack(losses, "loss")
    return {"loss": None if stacked is None else stacked.reshape(2, 2, *stacked.shape[1:])}


def net_test_mode(
    nn: Implementation,
    x: Array,
    y: Array,
    x_test: Array,
    theta: Array,
    dims: list[int],
    normalization: str,
) -> Outputs:
    """Train on batches x (T, N, D), y (T, N), then score x_test (M, D) twice.

    -> scores (M, C), and scores_again, which must be the same: scoring must not train.
    """
    model = models.set_net(nn, x, theta, dims, normalization=normalization)
    for batch, labels in zip(x, y, strict=True):
        model.loss(batch.copy(), labels.copy())
    first, again = (models.scores_of(model, x_test.copy()) for _ in range(2))
    return {"scores": first, "scores_again": again, **_below(nn, normalization)}


def net_dropout(
    nn: Implementation,
    x: Array,
    y: Array,
    theta: Array,
    dims: list[int],
    keep: float,
    **more: Any,
) -> Outputs:
    """One image at a time, x (T, D), y (T,), through a net with dropout in training mode.

    `more` is a seed and a normalization. -> loss (T,) and gradients d<name> (T, ...), which show
    the masks; test scores (T, C); and of a plain layer for the same `keep` its share of kept units
    and what it makes of a 1, to tell a fault of the net from one of the layer.
    """
    model = models.set_net(nn, x, theta, dims, keep=keep, **more)
    steps = [
        models.loss_of(model, image[None].copy(), label[None].copy()) for image, label in zip(x, y)
    ]
    outputs: Outputs = {name: stack([s.get(name) for s in steps], name) for name in steps[0]}
    param = {"mode": "train", "p": nn.conventions.p(keep)}
    layer, _ = nn.dropout_forward(np.ones((100, 100)), param)
    return outputs | {
        "scores": models.scores_of(model, x.copy()),
        "layer_share": np.mean(np.asarray(layer) != 0),
        "layer": np.max(layer),
        **_below(nn, more.get("normalization")),
    }


def net_dropout_repeated(
    nn: Implementation,
    x: Array,
    y: Array,
    theta: Array,
    dims: list[int],
    keep: float,
    normalization: str,
    times: int,
) -> Outputs:
    """The same batch x (N, D), y (N,) in training mode, again and again -> loss (times,)."""
    model = models.set_net(nn, x, theta, dims, normalization=normalization, keep=keep)
    losses = [models.kept(model.loss(x.copy(), y.copy())[0]) for _ in range(times)]
    return {"loss": stack(losses, "loss")}


def net_dropout_seeded(
    nn: Implementation,
    x: Array,
    y: Array,
    theta: Array,
    direction: Array,
    dims: list[int],
    keep: float,
    seed: int,
    reg: float = 0.0,
    normalization: str | None = None,
) -> Outputs:
    """Loss and gradients with a fixed seed, against central differences of the own loss.

    -> loss (2,) of two equal calls, and for each parameter its directional derivative, `analytic`
    and `numeric` (P,), along `direction` normalised to unit length.
    """
    options = {"normalization": normalization, "keep": keep, "seed": seed, "reg": reg}
    model = models.set_net(nn, x, theta, dims, **options)
    losses = [models.kept(model.loss(x.copy(), y.copy())[0]) for _ in range(2)]
    absent = {f"d{name}": np.zeros_like(value) for name, value in model.params.items()}
    grads = absent | models.loss_of(model, x.copy(), y.copy())
    names = [n for n in sorted(models.parameter_shapes(dims, normalization)) if n in model.params]
    along = {name: _first(direction, model.params[name]) for name in names}
    unit = {name: one / np.sqrt(np.sum(one**2)) for name, one in along.items()}
    return {"loss": np.array(losses), **_derivatives(model, x, y, grads, unit, 1e-5)}


def own_gradient(
    nn: Implementation, x: Array, y: Array, theta: Array, along: Array, dims: list[int], **net: Any
) -> Outputs:
    """x (N, D), y (N,) -> analytic and numeric (P,): for each parameter, the derivative of the own
    loss along a direction, by the own gradients and by a difference. `net` is what models.built
    takes.
    """
    model = models.built(nn, x.dtype, dims, **net)
    models.with_theta(model, theta, dims, net.get("normalization"))
    grads = models.loss_of(model, x.copy(), y.copy())
    directions = {name: _first(along, model.params[name]) for name in sorted(model.params)}
    return _derivatives(model, x, y, grads, directions, 2.0**-20)


def _first(numbers: Array, parameter: Any) -> Array:
    """Return as many numbers as a parameter has, in its shape."""
    return numbers[: np.size(parameter)].reshape(np.shape(parameter))


def _derivatives(
    model: Any, x: Array, y: Array, grads: Outputs, directions: Mapping[str, Array], step: float
) -> Outputs:
    """Return analytic and numeric (P,), the derivatives of the loss along one direction each."""
    analytic, numeric = [], []
    for name, along in directions.items():
        value = np.array(model.params[name])
        ends = []
        for change in (step, -step):
            model.params[name] = value + change * along
            ends.append(models.kept(model.loss(x.copy(), y.copy())[0]))
        model.params[name] = value
        analytic.append(np.sum(np.reshape(grads[f"d{name}"], value.shape) * along))
        numeric.append((ends[0] - ends[1]) / (2 * step))
    slopes, each = np.array(analytic), np.array(numeric)
    # A loss may have an axis of length 1.
    return {"analytic": slopes, "numeric": each.reshape(-1) if each.size == slopes.size else each}


def _added(
    loss: Callable[[float], Outputs], reg: float, shapes: Mapping[str, tuple[int, ...]]
) -> Outputs:
    """Return what `reg` adds to the loss and gradients, output by output; None if one has none.

    To a gradient that is in neither nothing was added: other cases report that it is missing.
    """
    plain, penalized = loss(0.0), loss(reg)
    absent = {f"d{name}": np.zeros(shape) for name, shape in shapes.items()}
    found: Outputs = {}
    for name in {**penalized, **absent}:
        one, other = penalized.get(name), plain.get(name)
        if one is None and other is None:
            found[name] = absent.get(name)
        else:
            found[name] = None if one is None or other is None else np.subtract(one, other)
    found.pop("parameters_without_gradient", None)
    return found


def _below(nn: Implementation, normalization: str | None) -> Outputs:
    """Return what shows that a normalization below works in single precision, if it does."""
    if normalization is None:
        return {}
    x, ones = np.arange(4.0).reshape(2, 2) ** 2, np.ones(2)
    try:
        forward = getattr(nn, f"{normalization}_forward")
        return single_precision(*forward(x, ones.copy(), ones.copy(), {"mode": "train"}))
    except Exception:  # noqa: BLE001 - what is wrong with the layer is told of the layer
        return {}


def _of_last_batch(model: Any, x: Array, y: Array) -> Outputs:
    found: Outputs = {}
    for batch, labels in zip(x, y):
        found = models.loss_of(model, batch.copy(), labels.copy())
    return found


def _weights_of_two(build: Callable[[], Any]) -> Outputs:
    nets = [_copies(build().params) for _ in range(2)]
    return {name: stack([net.get(name) for net in nets], name) for name in nets[0]
            if name.startswith("W")}  # fmt: skip


def _copies(params: Any) -> Outputs:
    return {str(name): np.array(value) for name, value in params.items()}
