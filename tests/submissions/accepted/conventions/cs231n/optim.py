"""Update rules with epsilon in the other right places."""

import numpy as np


def sgd(w, dw, config=None):
    config = dict(config or {})
    config.setdefault("learning_rate", 1e-2)
    w -= config["learning_rate"] * dw
    return w, config


def sgd_momentum(w, dw, config=None):
    config = dict(config or {})
    rate, momentum = config.get("learning_rate", 1e-2), config.get("momentum", 0.9)
    if "velocity" not in config:
        config["velocity"] = np.zeros_like(w)
    velocity = config["velocity"]
    velocity *= momentum
    velocity -= rate * dw
    w += velocity
    return w, config


def rmsprop(w, dw, config=None):
    config = dict(config or {})
    rate, decay = config.get("learning_rate", 1e-2), config.get("decay_rate", 0.99)
    epsilon = config.get("epsilon", 1e-8)
    config["cache"] = decay * config.get("cache", 0 * w) + (1 - decay) * dw**2
    w -= rate * dw / np.sqrt(config["cache"] + epsilon)
    return w, config


def adam(w, dw, config=None):
    config = dict(config or {})
    rate, epsilon = config.get("learning_rate", 1e-3), config.get("epsilon", 1e-8)
    beta1, beta2 = config.get("beta1", 0.9), config.get("beta2", 0.999)
    config["t"] = config.get("t", 0) + 1
    config["m"] = beta1 * config.get("m", 0 * w) + (1 - beta1) * dw
    config["v"] = beta2 * config.get("v", 0 * w) + (1 - beta2) * dw**2
    rate = rate * np.sqrt(1 - beta2 ** config["t"]) / (1 - beta1 ** config["t"])
    w -= rate * config["m"] / (np.sqrt(config["v"]) + epsilon)
    return w, config
