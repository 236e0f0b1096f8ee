"""The velocity is not stored for the next step."""

FAILS = {"sgd_momentum": ["next_w", "velocity", "options"]}

import numpy as np


def sgd_momentum(w, dw, config=None):
    config = {} if config is None else config
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("momentum", 0.9)
    config.setdefault("velocity", np.zeros_like(w))

    v = config["momentum"] * config["velocity"] - config["learning_rate"] * dw
    return w + v, config
