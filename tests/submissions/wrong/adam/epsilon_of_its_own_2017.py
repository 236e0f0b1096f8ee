"""epsilon is always 1e-7; steps are counted as handed out in 2017."""

FAILS = {"adam": ["options"]}
BASE = "year2017"
RUBRIC = "cs231n-a2-2017"

import numpy as np


def adam(x, dx, config=None):
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-3)
    config.setdefault("beta1", 0.9)
    config.setdefault("beta2", 0.999)
    config.setdefault("epsilon", 1e-8)
    config.setdefault("m", np.zeros_like(x))
    config.setdefault("v", np.zeros_like(x))
    config.setdefault("t", 1)
    next_x = None
    config["t"] += 1
    config["m"] = config["beta1"] * config["m"] + (1 - config["beta1"]) * dx
    config["v"] = config["beta2"] * config["v"] + (1 - config["beta2"]) * (dx**2)
    mb = config["m"] / (1 - config["beta1"] ** config["t"])
    vb = config["v"] / (1 - config["beta2"] ** config["t"])
    next_x = x - config["learning_rate"] * mb / (np.sqrt(vb) + 1e-7)
    return next_x, config
