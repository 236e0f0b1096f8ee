"""Layers that a plain net can imitate: what stands behind the reference's layers in a fold.

A normalization is gamma * x + beta and nothing else, dropout doubles what it gets. relu(2 z) is
2 relu(z), so a right net with these layers gives what a plain net gives with gamma and beta
multiplied into its weights: see grader.diagnosis.folding. In test mode a batch normalization shows
how many batches its bn_param has seen.
"""

from typing import Any

STRETCH = 0.25  # of batch normalization's output in test mode, for each batch seen in training
FACTOR = 2.0  # of dropout in training


def batchnorm_forward(x: Any, gamma: Any, beta: Any, bn_param: dict[str, Any]) -> tuple[Any, Any]:
    """Return gamma * x + beta for x (N, D), stretched in test mode, and the cache."""
    seen = bn_param.get("seen", 0)
    if bn_param["mode"] == "train":
        bn_param["seen"] = seen + 1
    scale = 1.0 if bn_param["mode"] == "train" else 1.0 + STRETCH * seen
    return scale * (gamma * x + beta), (x, gamma)


def batchnorm_backward(dout: Any, cache: Any) -> tuple[Any, Any, Any]:
    """Return dx (N, D), dgamma (D,) and dbeta (D,)."""
    x, gamma = cache
    return dout * gamma, (dout * x).sum(axis=0), dout.sum(axis=0)


batchnorm_backward_alt = layernorm_backward = batchnorm_backward


def layernorm_forward(x: Any, gamma: Any, beta: Any, ln_param: dict[str, Any]) -> tuple[Any, Any]:
    """Return gamma * x + beta for x (N, D), and the cache."""
    return gamma * x + beta, (x, gamma)


def dropout_forward(x: Any, dropout_param: dict[str, Any]) -> tuple[Any, Any]:
    """Return x times FACTOR in training, x in test mode, and the cache."""
    factor = FACTOR if dropout_param["mode"] == "train" else 1.0
    return factor * x, factor


def dropout_backward(dout: Any, cache: Any) -> Any:
    """Return dout times the factor of the forward pass."""
    return dout * cache
