"""Update rules around two helpers: defaults, and a moving average."""

import numpy as np


def with_defaults(config, **defaults):
    """Return config (a new one for None) with what is missing filled in."""
    if config is None:
        config = {}
    for name, value in defaults.items():
        config.setdefault(name, value)
    return config


def moving_average(old, new, keep):
    return keep * old + (1 - keep) * new


def sgd(w, dw, config=None):
    config = with_defaults(config, learning_rate=1e-2)
    w -= config["learning_rate"] * dw
    return w, config


def sgd_momentum(w, dw, config=None):
    config = with_defaults(config, learning_rate=1e-2, momentum=0.9, velocity=np.zeros_like(w))
    push = -config["learning_rate"] * dw
    config["velocity"] = config["momentum"] * config["velocity"] + push
    return w + config["velocity"], config


def rmsprop(w, dw, config=None):
    config = with_defaults(
        config, learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8, cache=np.zeros_like(w)
    )
    config["cache"] = moving_average(config["cache"], np.square(dw), config["decay_rate"])
    scale = np.sqrt(config["cache"]) + config["epsilon"]
    return w - config["learning_rate"] * (dw / scale), config


def adam(w, dw, config=None):
    config = with_defaults(config, learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, t=0)
    config = with_defaults(config, m=np.zeros_like(w), v=np.zeros_like(w))
    config["t"] += 1
    corrected = []
    for name, new, keep in (("m", dw, config["beta1"]), ("v", np.square(dw), config["beta2"])):
        config[name] = moving_average(config[name], new, keep)
        corrected.append(config[name] / (1 - np.power(keep, config["t"])))
    m_hat, v_hat = corrected
    return w - config["learning_rate"] * m_hat / (np.sqrt(v_hat) + config["epsilon"]), config
