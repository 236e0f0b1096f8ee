"""Batch normalization and layer normalization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from grader.guest.operations import forward_of
from grader.guest.probes import Array, Outputs
from grader.guest.probes.nn import (
    BadReturn,
    Implementation,
    NotWritten,
    arrays,
    cache_of,
    single_precision,
    stack,
)


def batchnorm_train(
    nn: Implementation, x: Array, gamma: Array, beta: Array, **param: Any
) -> Outputs:
    """Several batches x (T, N, D) in training mode, one bn_param carried through.

    -> out (T, N, D), running_mean (T, D) and running_var (T, D) after each batch.
    """
    bn_param = {"mode": "train", **param}
    outs, means, variances = [], [], []
    single: Outputs = {}
    for batch in x:
        out, cache = nn.batchnorm_forward(batch.copy(), gamma.copy(), beta.copy(), bn_param)
        single |= single_precision(cache)
        outs.append(out)
        means.append(_copied(bn_param.get("running_mean")))
        variances.append(_copied(bn_param.get("running_var")))
    if all(out is None for out in outs) and not np.any([*means, *variances]):
        raise NotWritten("batchnorm_forward")  # a stub keeps zeros as its averages
    return {
        "out": stack(outs, "out"),
        "running_mean": stack(means, "running_mean"),
        "running_var": stack(variances, "running_var"),
        **single,
    }


def batchnorm_test(
    nn: Implementation,
    x: Array,
    gamma: Array,
    beta: Array,
    running_mean: Array,
    running_var: Array,
    **param: Any,
) -> Outputs:
    """One batch x (N, D) in test mode with given running statistics (D,).

    -> out (N, D) and the statistics afterwards, which test mode must leave alone.
    """
    bn_param = {"mode": "test", "running_mean": running_mean, "running_var": running_var, **param}
    out, cache = nn.batchnorm_forward(x, gamma, beta, bn_param)
    if out is None:
        if isinstance(cache, np.ndarray):  # test mode needs no cache
            raise BadReturn("batchnorm_forward must return (out, cache), it returned (cache, out)")
        raise NotWritten("batchnorm_forward")
    kept = {name: _copied(bn_param.get(name)) for name in ("running_mean", "running_var")}
    return {"out": out, **kept}


def batchnorm_backward(
    nn: Implementation, x: Array, gamma: Array, beta: Array, dout: Array, **param: Any
) -> Outputs:
    """dout (N, D) -> dx (N, D), dgamma (D,), dbeta (D,), with the cache of the own forward pass."""
    param = {"mode": "train", **param}
    return _backward(nn, "batchnorm_backward", (x, gamma, beta, param), dout)


def batchnorm_backward_alt(
    nn: Implementation, x: Array, gamma: Array, beta: Array, dout: Array, **param: Any
) -> Outputs:
    """The same by the simplified formula."""
    param = {"mode": "train", **param}
    return _backward(nn, "batchnorm_backward_alt", (x, gamma, beta, param), dout)


def layernorm_forward(
    nn: Implementation, x: Array, gamma: Array, beta: Array, **param: Any
) -> Outputs:
    """x (N, D) -> out (N, D)."""
    out, cache = nn.layernorm_forward(x, gamma, beta, param)
    return {"out": out, **single_precision(cache)}


def layernorm_backward(
    nn: Implementation, x: Array, gamma: Array, beta: Array, dout: Array, **param: Any
) -> Outputs:
    """dout (N, D) -> dx (N, D), dgamma (D,), dbeta (D,), with the cache of the own forward pass."""
    return _backward(nn, "layernorm_backward", (x, gamma, beta, param), dout)


def _backward(nn: Implementation, name: str, arguments: tuple[Any, ...], dout: Array) -> Outputs:
    forward, backward = getattr(nn, forward_of(name)), getattr(nn, name)
    if arguments[-1].pop("plain_cache", False):
        cache = _plain_cache(forward, *arguments)
    else:
        cache = cache_of(forward, arguments, backward, dout)
    single = single_precision(cache)
    dx, dgamma, dbeta = backward(dout, cache)
    return {"dx": dx, "dgamma": dgamma, "dbeta": dbeta, **single}


def _plain_cache(
    forward: Callable[..., Any], x: Array, gamma: Array, beta: Array, param: dict[str, Any]
) -> Any:
    """Return the cache for gamma 1 and beta 0, with gamma in the place of the ones.

    Raises BadReturn if the usual cache holds the normalized x too: it is right then.
    """
    usual = forward(x.copy(), gamma.copy(), beta.copy(), dict(param))[1]
    x_hat, cache = forward(x, np.ones_like(gamma), np.zeros_like(beta), param)
    ways = [one for one in (x_hat, np.transpose(x_hat)) if np.ndim(one) == 2]
    if any(a.shape == b.shape and np.allclose(a, b) for a in arrays(usual) for b in ways):
        raise BadReturn("the cache holds the normalized x")
    return _with_gamma(cache, gamma)


def _with_gamma(kept: Any, gamma: Array, depth: int = 3) -> Any:
    """Return a cache that was made with ones for gamma, with gamma in their place."""
    if isinstance(kept, np.ndarray):
        is_gamma = kept.size == gamma.size and np.all(kept == 1)
        return gamma.reshape(kept.shape).copy() if is_gamma else kept
    if not depth:
        return kept
    if isinstance(kept, (tuple, list)):
        return type(kept)([_with_gamma(one, gamma, depth - 1) for one in kept])
    record = kept if isinstance(kept, dict) else getattr(kept, "__dict__", {})
    for name in list(record):
        record[name] = _with_gamma(record[name], gamma, depth - 1)
    return kept


def _copied(value: Any) -> Any:
    return None if value is None else np.array(value)
