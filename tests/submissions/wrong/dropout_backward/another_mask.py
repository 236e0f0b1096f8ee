"""The backward pass draws a new mask."""

FAILS = {"dropout_backward": ["train"]}

import numpy as np


def dropout_backward(dout, cache):
    dropout_param, _ = cache
    if dropout_param["mode"] == "test":
        return dout
    p = dropout_param["p"]
    return dout * (np.random.rand(*dout.shape) < p) / p
