"""Affine and ReLU layers, and the handed-out losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from grader.probes.nn import Implementation, single_precision

Outputs = dict[str, Any]


def affine_forward(nn: Implementation, x: np.ndarray, w: np.ndarray, b: np.ndarray) -> Outputs:
    """x (N, d_1..d_k), w (D, M), b (M,) -> out (N, M)."""
    out, cache = nn.affine_forward(x, w, b)
    return {"out": out, **single_precision(cache)}


def affine_backward(
    nn: Implementation,
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray,
    dout: np.ndarray,
    own_forward: bool = True,
) -> Outputs:
    """dout (N, M) -> dx like x, dw (D, M), db (M,).

    The cache is that of the own forward pass; where there is none, the one its docstring promises.
    """
    promised = (x.copy(), w.copy(), b.copy())  # forward may work in place
    cache = _cache(nn.affine_forward, (x, w, b)) if own_forward else None
    single = single_precision(cache)
    dx, dw, db = nn.affine_backward(dout, promised if cache is None else cache)
    return {"dx": dx, "dw": dw, "db": db, **single}


def relu_forward(nn: Implementation, x: np.ndarray) -> Outputs:
    """x of any shape -> out like x."""
    out, _ = nn.relu_forward(x)
    return {"out": out}


def relu_backward(
    nn: Implementation, x: np.ndarray, dout: np.ndarray, own_forward: bool = True
) -> Outputs:
    """dout like x -> dx like x; the cache as in affine_backward."""
    cache = _cache(nn.relu_forward, (x.copy(),)) if own_forward else None
    return {"dx": nn.relu_backward(dout, x if cache is None else cache)}


def softmax_loss(nn: Implementation, x: np.ndarray, y: np.ndarray) -> Outputs:
    """scores x (N, C), labels y (N,) -> loss (), dx (N, C)."""
    loss, dx = nn.softmax_loss(x, y)
    return {"loss": loss, "dx": dx}


def svm_loss(nn: Implementation, x: np.ndarray, y: np.ndarray) -> Outputs:
    """scores x (N, C), labels y (N,) -> loss (), dx (N, C)."""
    loss, dx = nn.svm_loss(x, y)
    return {"loss": loss, "dx": dx}


def _cache(forward: Callable[..., Any], arguments: tuple[np.ndarray, ...]) -> Any:
    """Return the cache of a forward pass, or None where it does not get so far."""
    try:
        return forward(*arguments)[1]
    except Exception:  # noqa: BLE001 - whatever is wrong with forward is the forward item's matter
        return None
