"""A velocity in config counts only from the second step; the first starts at zero."""

FAILS = {"sgd_momentum": ["options"]}

import numpy as np


def sgd_momentum(w, dw, config=None):
    config = {} if config is None else config
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("momentum", 0.9)
    if "steps" not in config:
        config.update(steps=0, velocity=np.zeros_like(w))

    v = config["momentum"] * config["velocity"] - config["learning_rate"] * dw
    config["velocity"] = v
    return w + v, config
