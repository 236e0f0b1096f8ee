"""The slope of ReLU at exactly zero: 0 and 1 are both sub-gradients, and everything between."""

import numpy as np


def relu_backward(dout, cache):
    """Let dout pass where x >= 0. Returns dx, like x."""
    return np.where(cache >= 0, dout, 0)


def _patch(layers):
    layers.relu_backward = relu_backward


ALTERNATIVES = {"relu_slope_one": ("layers", _patch)}
