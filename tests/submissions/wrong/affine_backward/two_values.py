"""db is not returned."""

FAILS = {"affine_backward": ["dx", "dw", "db"]}

import numpy as np


def affine_backward(dout, cache):
    x, w, b = cache
    return (dout @ w.T).reshape(x.shape), x.reshape(x.shape[0], -1).T @ dout
