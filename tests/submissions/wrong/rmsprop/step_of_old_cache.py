"""The step is divided by the average of before."""

FAILS = {"rmsprop": ["next_w", "options"]}

import numpy as np


def rmsprop(w, dw, config=None):
    config = {} if config is None else config
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("decay_rate", 0.99)
    config.setdefault("epsilon", 1e-8)
    config.setdefault("cache", np.zeros_like(w))
    old = config["cache"]
    config["cache"] = config["decay_rate"] * old + (1 - config["decay_rate"]) * dw**2
    return w - config["learning_rate"] * dw / (np.sqrt(old) + config["epsilon"]), config
