"""One mean and one variance serve all examples."""

FAILS = {"layernorm_forward": ["out", "options"], "layernorm_backward": ["dx", "dgamma"]}

import numpy as np


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get("eps", 1e-5)
    centred = x - x.mean()
    inv_std = 1 / np.sqrt(x.var() + eps)
    return gamma * centred * inv_std + beta, (centred * inv_std, inv_std, gamma)
