"""TwoLayerNet and FullyConnectedNet: initial values, scores, loss, gradients, test mode, dropout.

Parameters are set from one vector `theta`, so that a case stays one line whatever the depth:
weights and biases take its numbers in order, and a gamma is one plus its numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from grader.guest.probes import Array, Outputs
from grader.guest.probes.nn import BadReturn, Implementation, NotWritten, single_precision, stack


def two_layer_init(nn: Implementation, dims: list[int], weight_scale: float) -> Outputs:
    """dims [D, H, C] -> W1 (D, H), b1 (H,), W2 (H, C), b2 (C,) as the constructor leaves them."""
    model = _two_layer(nn, dims, weight_scale=weight_scale)
    return _copies(model.params)


def two_layer_scores(nn: Implementation, x: Array, theta: Array, dims: list[int]) -> Outputs:
    """x (N, D) -> scores (N, C)."""
    model = _with(_two_layer(nn, dims), theta, dims)
    return {"scores": scores_of(model, x)}


def two_layer_loss(
    nn: Implementation, x: Array, y: Array, theta: Array, dims: list[int], reg: float = 0.0
) -> Outputs:
    """x (N, D), y (N,) -> loss () and the gradient d<name> of each parameter."""
    return loss_of(_with(_two_layer(nn, dims, reg=reg), theta, dims), x, y)


def two_layer_regularization(
    nn: Implementation, x: Array, y: Array, theta: Array, dims: list[int], reg: float
) -> Outputs:
    """What `reg` adds to the loss and to each gradient."""

    def loss(strength: float) -> Outputs:
        return two_layer_loss(nn, x.copy(), y.copy(), theta, dims, strength)

    return _added(loss, reg, parameter_shapes(dims))


def net_init(
    nn: Implementation, dims: list[int], weight_scale: float, normalization: str | None = None
) -> Outputs:
    """dims [D, H1, .., C] -> every parameter as the constructor leaves it, under its name."""
    model = _net(nn, np.dtype(float), dims, weight_scale=weight_scale, normalization=normalization)
    return _copies(model.params)


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
    model = _set_net(nn, x, theta, dims, normalization, keep=keep)
    kept = x.copy()
    scores = {"scores": scores_of(model, x), **_below(nn, normalization)}
    return scores if keep == 1 else scores | {"scores_again": scores_of(model, kept)}


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
    model = _set_net(nn, x, theta, dims, normalization, reg=reg)
    return loss_of(model, x, y) | _below(nn, normalization)


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

    return _added(loss, reg, parameter_shapes(dims, normalization))


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
        model = _net(nn, x.dtype, dims, reg=strength, normalization=normalization)
        for factor in (1, 2):
            _with(model, theta, dims, normalization)
            for name in [n for n in model.params if n.startswith(("gamma", "beta"))]:
                model.params[name] = factor * np.asarray(model.params[name])
            losses.append(loss_of(model, x.copy(), y.copy())["loss"])
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
    model = _set_net(nn, x, theta, dims, normalization)
    for batch, labels in zip(x, y, strict=True):
        model.loss(batch.copy(), labels.copy())
    first, again = (scores_of(model, x_test.copy()) for _ in range(2))
    return {"scores": first, "scores_again": again, **_below(nn, normalization)}


def net_dropout(
    nn: Implementation, x: Array, y: Array, theta: Array, dims: list[int], keep: float
) -> Outputs:
    """One image at a time, x (T, D), y (T,), through a net with dropout in training mode.

    -> loss (T,) and gradients d<name> (T, ...), which show the masks; test scores (T, C); and a
    plain layer's kept share for the same `keep`, to tell a fault of the net from one of the layer.
    """
    model = _set_net(nn, x, theta, dims, keep=keep)
    steps = [loss_of(model, image[None].copy(), label[None].copy()) for image, label in zip(x, y)]
    outputs: Outputs = {name: stack([s.get(name) for s in steps], name) for name in steps[0]}
    param = {"mode": "train", "p": nn.conventions.p(keep)}
    layer, _ = nn.dropout_forward(np.ones((100, 100)), param)
    return outputs | {
        "scores": scores_of(model, x.copy()),
        "layer_share": np.mean(np.asarray(layer) != 0),
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
    model = _set_net(nn, x, theta, dims, normalization, keep=keep)
    losses = [_kept(model.loss(x.copy(), y.copy())[0]) for _ in range(times)]
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
    model = _set_net(nn, x, theta, dims, normalization, keep=keep, seed=seed, reg=reg)
    losses = [_kept(model.loss(x.copy(), y.copy())[0]) for _ in range(2)]
    absent = {f"d{name}": np.zeros_like(value) for name, value in model.params.items()}
    grads = absent | loss_of(model, x.copy(), y.copy())
    names = [n for n in sorted(parameter_shapes(dims, normalization)) if n in model.params]
    directions = {}
    for name in names:
        along = _first(direction, model.params[name])
        directions[name] = along / np.sqrt(np.sum(along**2))
    return {"loss": np.array(losses), **_derivatives(model, x, y, grads, directions, 1e-5)}


def own_gradient(
    nn: Implementation,
    x: Array,
    y: Array,
    theta: Array,
    along: Array,
    dims: list[int],
    net: str,
    reg: float = 0.0,
    normalization: str | None = None,
) -> Outputs:
    """x (N, D), y (N,) -> analytic and numeric (P,): for each parameter, the derivative of the own
    loss along a direction, by the own gradients and by a difference. `net` is the class.
    """
    model = built(nn, x.dtype, dims, net, reg, normalization=normalization)
    _with(model, theta, dims, normalization)
    grads = loss_of(model, x.copy(), y.copy())
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
        kept = np.array(model.params[name])
        ends = []
        for change in (step, -step):
            model.params[name] = kept + change * along
            ends.append(_kept(model.loss(x.copy(), y.copy())[0]))
        model.params[name] = kept
        analytic.append(np.sum(np.reshape(grads[f"d{name}"], kept.shape) * along))
        numeric.append((ends[0] - ends[1]) / (2 * step))
    return {"analytic": np.array(analytic), "numeric": np.array(numeric)}


def built(
    nn: Implementation, dtype: Any, dims: list[int], net: str, reg: float, **arguments: Any
) -> Any:
    """Return a net of the class `net`; `arguments` are those of FullyConnectedNet alone."""
    if net == "TwoLayerNet":
        return _two_layer(nn, dims, reg=reg)
    return _net(nn, dtype, dims, reg=reg, **arguments)


def put(model: Any, values: Mapping[str, Array]) -> None:
    """Set the parameters that a model has; its own (1, D) for (D,) stays."""
    for name, value in values.items():
        if name in model.params:
            fits = np.shape(model.params[name]) == (1, *value.shape)
            model.params[name] = value.reshape((1, *value.shape) if fits else value.shape).copy()


def _two_layer(nn: Implementation, dims: list[int], **arguments: Any) -> Any:
    return nn.two_layer_net(input_dim=dims[0], hidden_dim=dims[1], num_classes=dims[2], **arguments)


def _net(nn: Implementation, dtype: Any, dims: list[int], **arguments: Any) -> Any:
    return nn.fully_connected_net(
        dims[1:-1], input_dim=dims[0], num_classes=dims[-1], dtype=dtype.type, **arguments
    )


def _set_net(
    nn: Implementation,
    x: Array,
    theta: Array,
    dims: list[int],
    normalization: str | None = None,
    **arguments: Any,
) -> Any:
    """Return a FullyConnectedNet of the dtype of x whose parameters are set from theta."""
    model = _net(nn, x.dtype, dims, normalization=normalization, **arguments)
    return _with(model, theta, dims, normalization)


def parameter_shapes(
    dims: list[int], normalization: str | None = None
) -> dict[str, tuple[int, ...]]:
    """Return the name and shape of every parameter of a net with these dims."""
    shapes: dict[str, tuple[int, ...]] = {}
    for layer, (rows, columns) in enumerate(zip(dims[:-1], dims[1:], strict=True), start=1):
        shapes[f"W{layer}"] = (rows, columns)
        shapes[f"b{layer}"] = (columns,)
        if normalization and layer < len(dims) - 1:
            shapes[f"gamma{layer}"] = (columns,)
            shapes[f"beta{layer}"] = (columns,)
    return shapes


def parameters(theta: Array, dims: list[int], normalization: str | None = None) -> dict[str, Array]:
    """Return the value of every parameter, gamma and beta too, that a net may have: from theta.

    A bias in front of batch normalization stays zero, as training leaves it: its gradient is zero,
    and a net may do without it.
    """
    start = 0
    inner = {str(layer) for layer in range(1, len(dims) - 1)}
    found: dict[str, Array] = {}
    for name, shape in parameter_shapes(dims, normalization="any").items():
        stop = start + math.prod(shape)
        if stop > theta.size:
            raise ValueError(f"theta has {theta.size} numbers, {stop} are needed; lengthen it")
        values = theta[start:stop] + (1 if name.startswith("gamma") else 0)
        if normalization == "batchnorm" and name.startswith("b") and name[1:] in inner:
            values = np.zeros_like(values)
        start = stop
        found[name] = values.reshape(shape)
    return found


def _with(model: Any, theta: Array, dims: list[int], normalization: str | None = None) -> Any:
    """Set every parameter that the model has from theta, in the model's own shape for it.

    An own shape other than (1, D) for (D,) is a mistake of the constructor: what follows from it is
    looked at with the right shape.
    """
    put(model, parameters(theta, dims, normalization))
    return model


def loss_of(model: Any, x: Array, y: Array) -> Outputs:
    """Return loss () and the gradients d<name> of one batch. Raises BadReturn or NotWritten."""
    result = model.loss(x, y)
    if result is None:
        raise NotWritten("loss")
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise BadReturn("loss(X, y) must return (loss, grads)")
    loss, grads = result
    if not isinstance(grads, dict):
        raise BadReturn("grads must be a dictionary with the gradient of each parameter")
    if not grads and not np.any(loss):
        raise NotWritten("loss")  # a stub returns a loss of zero and no gradient
    orphans = [name for name in model.params if name not in grads]
    ordered = {name: grads[name] for name in model.params if name in grads} | grads
    outputs: Outputs = {"loss": _kept(loss)}
    outputs |= {f"d{name}": _kept(value) for name, value in ordered.items()}
    return outputs | {"parameters_without_gradient": len(orphans)}


def _kept(value: Any) -> Any:
    """Return what a net gave as it is now: the next call may write into the same array."""
    return value.copy() if isinstance(value, np.ndarray) else value


def scores_of(model: Any, x: Array) -> Any:
    """Return the scores of x; a tuple, even one that starts with them, is something else."""
    scores = model.loss(x)
    if isinstance(scores, tuple):
        raise BadReturn(
            f"loss(X) without labels must return the scores alone, it returned {len(scores)} values"
        )
    return _kept(scores)


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


def _copies(params: Any) -> Outputs:
    return {str(name): np.array(value) for name, value in params.items()}
