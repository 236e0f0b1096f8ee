"""momentum is always 0.9, whatever config says."""

FAILS = {"sgd_momentum": ["options"]}

import numpy as np


def sgd_momentum(w, dw, config=None):
    config = {} if config is None else config
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("momentum", 0.9)
    config.setdefault("velocity", np.zeros_like(w))

    v = 0.9 * config["velocity"] - config["learning_rate"] * dw
    config["velocity"] = v
    return w + v, config
