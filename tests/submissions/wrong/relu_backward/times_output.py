"""dout is multiplied by the output instead of by the slope."""

FAILS = {"relu_backward": ["dx"]}

import numpy as np


def relu_backward(dout, cache):
    x = cache
    return dout * np.maximum(0, x)
