"""dx is the formula of batch normalization, over the batch."""

FAILS = {"layernorm_backward": ["dx"]}

import numpy as np


def layernorm_backward(dout, cache):
    xh, inv_std, gamma = cache
    d = dout * gamma
    n = len(d)
    dx = inv_std * (d - d.mean(0) - xh * (d * xh).mean(0))
    return dx, (dout * xh).sum(0), dout.sum(0)
