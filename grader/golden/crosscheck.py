"""Every golden gradient against a second, independent derivation before it is written.

The derivative of a scalar along a few fixed directions, by central differences of fourth order in
long double: with a step of 2^-18 the truncation is near 1e-22 and rounding near 1e-13. A wrong
entry anywhere in the gradient moves every one of the directional derivatives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from grader import inputs
from grader.errors import GoldenError
from grader.probes import layers, nets, norms
from grader.probes.nn import Implementation
from grader.types import Case

STEP = 2.0**-18
DIRECTIONS = 4
LIMIT = 1e-10
Given = Mapping[str, np.ndarray]


def _affine(nn: Implementation, given: Given, options: Mapping[str, Any]) -> Any:
    forward = layers.affine_forward(nn, given["x"], given["w"], given["b"])
    return np.sum(given["dout"] * forward["out"])


def _relu(nn: Implementation, given: Given, options: Mapping[str, Any]) -> Any:
    return np.sum(given["dout"] * layers.relu_forward(nn, given["x"])["out"])


def _softmax(nn: Implementation, given: Given, options: Mapping[str, Any]) -> Any:
    return layers.softmax_loss(nn, given["x"], given["y"])["loss"]


def _batchnorm(nn: Implementation, given: Given, options: Mapping[str, Any]) -> Any:
    out = norms.batchnorm_train(nn, given["x"][None], given["gamma"], given["beta"], **options)[
        "out"
    ]
    return np.sum(given["dout"] * out[0])


def _layernorm(nn: Implementation, given: Given, options: Mapping[str, Any]) -> Any:
    out = norms.layernorm_forward(nn, given["x"], given["gamma"], given["beta"], **options)["out"]
    return np.sum(given["dout"] * out)


def _two_layer(nn: Implementation, given: Given, options: Mapping[str, Any]) -> Any:
    return nets.two_layer_loss(nn, given["x"], given["y"], given["theta"], **options)["loss"]


def _net(nn: Implementation, given: Given, options: Mapping[str, Any]) -> Any:
    return nets.net_loss(nn, given["x"], given["y"], given["theta"], **options)["loss"]


def _two_layer_regularization(nn: Implementation, given: Given, options: Mapping[str, Any]) -> Any:
    x, y, theta = given["x"], given["y"], given["theta"]
    return nets.two_layer_regularization(nn, x, y, theta, **options)["loss"]


def _net_regularization(nn: Implementation, given: Given, options: Mapping[str, Any]) -> Any:
    return nets.net_regularization(nn, given["x"], given["y"], given["theta"], **options)["loss"]


# probe -> (scalar of the forward pass, {gradient: the input that it belongs to})
NORM = {"dx": "x", "dgamma": "gamma", "dbeta": "beta"}
CHECKS: Mapping[str, tuple[Callable[..., Any], Mapping[str, str]]] = {
    "layers.affine_backward": (_affine, {"dx": "x", "dw": "w", "db": "b"}),
    "layers.relu_backward": (_relu, {"dx": "x"}),
    "layers.softmax_loss": (_softmax, {"dx": "x"}),
    "norms.batchnorm_backward": (_batchnorm, NORM),
    "norms.batchnorm_backward_alt": (_batchnorm, NORM),
    "norms.layernorm_backward": (_layernorm, NORM),
    "nets.two_layer_regularization": (_two_layer_regularization, {"theta": "theta"}),
    "nets.net_regularization": (_net_regularization, {"theta": "theta"}),
    "nets.two_layer_loss": (_two_layer, {"theta": "theta"}),
    "nets.net_loss": (_net, {"theta": "theta"}),
}


def check(nn: Implementation, case: Case, given: Given, outputs: Given) -> None:
    """Raise GoldenError where a gradient in `outputs` is not that of the forward pass."""
    if case.probe not in CHECKS:
        return
    scalar, pairs = CHECKS[case.probe]
    for gradient, wrt in pairs.items():
        analytic = _theta_gradient(outputs, case, given) if wrt == "theta" else outputs[gradient]
        if analytic.shape != given[wrt].shape:
            raise GoldenError(
                f"reference: {case.id}: {gradient} has shape {analytic.shape}, {wrt} has "
                f"{given[wrt].shape}; mend the reference"
            )
        error = disagreement(lambda g: scalar(nn, g, case.options), given, wrt, analytic, case.id)
        if not error <= LIMIT:
            raise GoldenError(
                f"reference: {case.id}: {gradient} is {error:.2g} off central differences "
                f"(allowed {LIMIT:.0e}); mend the reference, or move the case off a kink"
            )


def disagreement(
    scalar: Callable[[Given], Any], given: Given, wrt: str, analytic: np.ndarray, key: str
) -> float:
    """Return the largest relative gap between <analytic, d> and the numeric derivative along d."""
    worst = 0.0
    x = given[wrt]
    size = float(np.max(np.abs(x))) or 1.0
    for i in range(DIRECTIONS):
        shape = "x".join(str(n) for n in x.shape)
        d = inputs.make(shape, f"direction/{key}/{wrt}/{i}") * size * (x != 0)
        ends = {k: scalar({**given, wrt: x + k * STEP * d}) for k in (-2, -1, 1, 2)}
        numeric = (8 * (ends[1] - ends[-1]) - (ends[2] - ends[-2])) / (12 * STEP)
        exact = np.sum(analytic * d)
        scale = np.sum(np.abs(analytic * d))
        worst = max(worst, float(abs(numeric - exact) / (scale if scale > 1e-12 else 1)))
    return worst


def _theta_gradient(outputs: Given, case: Case, given: Given) -> np.ndarray:
    """Return the net's gradients in the order in which theta fills its parameters."""
    theta = given["theta"]
    gradient = np.zeros_like(theta)
    start = 0
    dims = case.options["dims"]
    for name, shape in nets.parameter_shapes(dims, normalization="any").items():
        stop = start + int(np.prod(shape))
        if f"d{name}" in outputs:
            if outputs[f"d{name}"].shape != shape:
                raise GoldenError(
                    f"reference: {case.id}: d{name} has shape {outputs[f'd{name}'].shape}, "
                    f"{name} has {shape}; mend the reference"
                )
            gradient[start:stop] = np.ravel(outputs[f"d{name}"])
        start = stop
    return gradient
