"""x is flattened and dx shaped in the order of Fortran."""

FAILS = {"affine_backward": ["dw", "dx"]}

import numpy as np


def affine_backward(dout, cache):
    x, w, b = cache
    return (
        (dout @ w.T).reshape(x.shape, order="F"),
        x.reshape(x.shape[0], -1, order="F").T @ dout,
        dout.sum(0),
    )
