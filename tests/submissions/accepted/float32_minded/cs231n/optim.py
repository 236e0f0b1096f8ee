"""Update rules that keep weights and memory in float32."""

import numpy as np

F = np.float32


def sgd(w, dw, config=None):
    config = config or {}
    config.setdefault("learning_rate", 1e-2)
    w -= config["learning_rate"] * dw
    return w, config


def sgd_momentum(w, dw, config=None):
    config = config or {}
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("momentum", 0.9)
    v = config.get("velocity", np.zeros(w.shape)).astype(F)
    v = (config["momentum"] * v - config["learning_rate"] * dw).astype(F)
    config["velocity"] = v
    return w.astype(F) + v, config


def rmsprop(w, dw, config=None):
    config = config or {}
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("decay_rate", 0.99)
    config.setdefault("epsilon", 1e-8)
    cache = config.get("cache", np.zeros(w.shape)).astype(F)
    dw = dw.astype(F)
    cache = F(config["decay_rate"]) * cache + F(1 - config["decay_rate"]) * dw * dw
    config["cache"] = cache
    step = F(config["learning_rate"]) * dw / (np.sqrt(cache) + F(config["epsilon"]))
    return w.astype(F) - step, config


def adam(w, dw, config=None):
    config = config or {}
    config.setdefault("learning_rate", 1e-3)
    config.setdefault("beta1", 0.9)
    config.setdefault("beta2", 0.999)
    config.setdefault("epsilon", 1e-8)
    config.setdefault("t", 0)
    b1, b2 = config["beta1"], config["beta2"]
    m = config.get("m", np.zeros(w.shape)).astype(F)
    v = config.get("v", np.zeros(w.shape)).astype(F)
    dw = dw.astype(F)
    config["t"] += 1
    config["m"] = m = F(b1) * m + F(1 - b1) * dw
    config["v"] = v = F(b2) * v + F(1 - b2) * dw * dw
    # the corrections are plain numbers: Python's own double precision is free here
    m_hat = m / F(1 - b1 ** config["t"])
    v_hat = v / F(1 - b2 ** config["t"])
    step = F(config["learning_rate"]) * m_hat / (np.sqrt(v_hat) + F(config["epsilon"]))
    return w.astype(F) - step, config
