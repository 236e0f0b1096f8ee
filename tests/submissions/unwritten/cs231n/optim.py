import numpy as np


def sgd(w, dw, config=None):
    config = {} if config is None else config
    config.setdefault("learning_rate", 1e-2)
    w -= config["learning_rate"] * dw
    return w, config


def sgd_momentum(w, dw, config=None):
    config = {} if config is None else config
    v = config.get("velocity", np.zeros_like(w))
    next_w = None
    pass
    config["velocity"] = v
    return next_w, config


def rmsprop(w, dw, config=None):
    config = {} if config is None else config
    config.setdefault("cache", np.zeros_like(w))
    next_w = None
    pass
    return next_w, config


def adam(w, dw, config=None):
    config = {} if config is None else config
    config.setdefault("t", 0)
    next_w = None
    pass
    return next_w, config
