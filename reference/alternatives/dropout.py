"""Which numbers of the stream keep a unit: the small ones, or as many of the large ones."""

import numpy as np


def dropout_forward(x, dropout_param):
    """Keep the units whose number is above 1 - p. Returns (out, cache)."""
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    if mode == "test":
        return x, (dropout_param, None)
    mask = (np.random.rand(*x.shape) > 1 - p).astype(x.dtype) / p
    return (x * mask).astype(x.dtype, copy=False), (dropout_param, mask)


def _patch(layers):
    layers.dropout_forward = dropout_forward


ALTERNATIVES = {"dropout_mask_high": ("layers", _patch)}
