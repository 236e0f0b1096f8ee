"""Build nets of every course year, set their parameters, and take their losses and scores.

Parameters are set from one vector `theta`, so that a case stays one line whatever the depth:
weights and biases take its numbers in order, and a gamma is one plus its numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from grader.guest.probes import Array, Outputs
from grader.guest.probes.nn import BadReturn, Implementation, NotWritten


def built(
    nn: Implementation, dtype: Any, dims: list[int], net: str, reg: float = 0.0, **arguments: Any
) -> Any:
    """Return a net of the class `net`; `arguments` are those of FullyConnectedNet alone."""
    if net == "TwoLayerNet":
        return two_layer(nn, dims, reg=reg)
    return fully_connected(nn, dtype, dims, reg=reg, **arguments)


def put(model: Any, values: Mapping[str, Array]) -> None:
    """Set the parameters that a model has; its own (1, D) for (D,) stays."""
    for name, value in values.items():
        if name in model.params:
            fits = np.shape(model.params[name]) == (1, *value.shape)
            model.params[name] = value.reshape((1, *value.shape) if fits else value.shape).copy()


def two_layer(nn: Implementation, dims: list[int], **arguments: Any) -> Any:
    """Return a TwoLayerNet of dims [D, H, C]."""
    return nn.two_layer_net(input_dim=dims[0], hidden_dim=dims[1], num_classes=dims[2], **arguments)


def fully_connected(nn: Implementation, dtype: Any, dims: list[int], **arguments: Any) -> Any:
    """Return a FullyConnectedNet of dims [D, H1, .., C]."""
    return nn.fully_connected_net(
        dims[1:-1], input_dim=dims[0], num_classes=dims[-1], dtype=dtype.type, **arguments
    )


def set_net(nn: Implementation, x: Array, theta: Array, dims: list[int], **arguments: Any) -> Any:
    """Return a FullyConnectedNet of the dtype of x whose parameters are set from theta."""
    model = fully_connected(nn, x.dtype, dims, **arguments)
    return with_theta(model, theta, dims, arguments.get("normalization"))


def parameter_shapes(
    dims: list[int], normalization: str | None = None
) -> dict[str, tuple[int, ...]]:
    """Return the name and shape of every parameter of a net with these dims."""
    shapes: dict[str, tuple[int, ...]] = {}
    for layer, (rows, columns) in enumerate(zip(dims[:-1], dims[1:], strict=True), start=1):
        shapes |= {f"W{layer}": (rows, columns), f"b{layer}": (columns,)}
        if normalization and layer < len(dims) - 1:
            shapes |= {f"gamma{layer}": (columns,), f"beta{layer}": (columns,)}
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


def with_theta(model: Any, theta: Array, dims: list[int], normalization: str | None = None) -> Any:
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
    outputs: Outputs = {"loss": kept(loss)}
    outputs |= {f"d{name}": kept(value) for name, value in ordered.items()}
    return outputs | {"parameters_without_gradient": len(orphans)}


def kept(value: Any) -> Any:
    """Return what a net gave as it is now: the next call may write into the same array."""
    return value.copy() if isinstance(value, np.ndarray) else value


def scores_of(model: Any, x: Array) -> Any:
    """Return the scores of x; a tuple, even one that starts with them, is something else."""
    scores = model.loss(x)
    if isinstance(scores, tuple):
        raise BadReturn(
            f"loss(X) without labels must return the scores alone, it returned {len(scores)} values"
        )
    return kept(scores)
