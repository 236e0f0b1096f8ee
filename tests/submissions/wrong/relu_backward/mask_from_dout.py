"""The mask is taken from dout instead of from the input."""

FAILS = {"relu_backward": ["dx"]}

import numpy as np


def relu_backward(dout, cache):
    return np.where(dout > 0, dout, np.zeros_like(dout))
