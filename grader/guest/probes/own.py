"""Compare a backward pass with the implementation's own forward pass.

If the forward pass is wrong, its right gradient is not the reference's. These probes hand out
what is needed to tell: the gradients, and the outputs of the forward pass a `step` to either side.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from grader.guest.probes import Array, Outputs
from grader.guest.probes.nn import Implementation

MOVED = (1.5, 3.0)  # a factor that is no power of 2, and a shift: neither changes a normalization


def norm_backward(
    nn: Implementation, x: Array, gamma: Array, beta: Array, dout: Array, backward: str, **more: Any
) -> Outputs:
    """x, dout (N, D), gamma, beta (D,) -> dx, dgamma, dbeta, with the cache of the own forward.

    `more` names `forward`, and holds the settings of both.
    """
    forward = getattr(nn, more.pop("forward"))
    _, cache = forward(x.copy(), gamma.copy(), beta.copy(), {"mode": "train", **more})
    dx, dgamma, dbeta = getattr(nn, backward)(dout.copy(), cache)
    return {"dx": dx, "dgamma": dgamma, "dbeta": dbeta}


def norm_ends(
    nn: Implementation,
    x: Array,
    gamma: Array,
    beta: Array,
    forward: str,
    step: float,
    nudge: float,
    **given: Any,
) -> Outputs:
    """x (N, D), gamma, beta (D,) and a direction `<name>_along` for each of the three.

    -> d<name>_ends (2, N, D), the output a step ahead and a step back along each direction; out and
    out_of_moved (N, D), the output and that for MOVED[0] * x + MOVED[1]; out_of_each (N * D, N, D),
    the output with each number of x a `nudge` larger; plain (N, D), that for gamma 1 and beta 0. It
    knows no dout, as norm_backward knows no direction: who does not know both cannot make the two
    agree.
    """
    at = {"x": x, "gamma": gamma, "beta": beta}
    along = {name: given.pop(f"{name}_along") for name in at}

    def run(x: Array, gamma: Array, beta: Array) -> Any:
        mode = {"mode": "train", **given}
        return getattr(nn, forward)(x.copy(), gamma.copy(), beta.copy(), mode)[0]

    ends = {
        f"d{name}": [run(**{**at, name: array + s * along[name]}) for s in (step, -step)]
        for name, array in at.items()
    }
    nudges = nudge * np.eye(x.size).reshape(x.size, *x.shape)
    outputs = {f"{name}_ends": np.stack(two) for name, two in ends.items()}
    return outputs | {
        "out": run(**at),
        "out_of_moved": run(**{**at, "x": MOVED[0] * x + MOVED[1]}),
        "out_of_each": np.stack([run(**{**at, "x": x + nudge}) for nudge in nudges]),
        "plain": run(x, np.ones_like(gamma), np.zeros_like(beta)),
    }


def layer_gradient(
    nn: Implementation, dout: Array, forward: str, backward: str, step: float, **arrays: Array
) -> Outputs:
    """What a layer takes, in its order, and a direction `<name>_along` for each.

    -> analytic and numeric (P,): the derivative of sum(dout * out) along each direction, by the
    backward pass and by a difference of the forward pass.
    """
    given = {name: a for name, a in arrays.items() if not name.endswith("_along")}

    def run(**changed: Array) -> tuple[Any, Any]:
        arguments = [changed.get(name, a).copy() for name, a in given.items()]
        out, cache = getattr(nn, forward)(*arguments)
        return out, cache

    gradients = getattr(nn, backward)(dout.copy(), run()[1])
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    analytic, numeric = [], []
    for (name, array), gradient in zip(given.items(), gradients):
        along = arrays[f"{name}_along"]
        ends = [run(**{name: array + s * along})[0] for s in (step, -step)]
        analytic.append(np.sum(np.reshape(gradient, array.shape) * along))
        numeric.append(np.sum(dout * (ends[0] - ends[1])) / (2 * step))
    return {"analytic": np.array(analytic), "numeric": np.array(numeric)}
