"""dout is multiplied by a mask in test mode, where there is none."""

FAILS = {"dropout_backward": ["test"]}

import numpy as np


def dropout_backward(dout, cache):
    param, mask = cache
    return dout * mask
