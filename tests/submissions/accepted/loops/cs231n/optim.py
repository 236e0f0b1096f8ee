"""Update rules, entry by entry."""

import math

import numpy as np


def sgd(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-2)
    w -= config["learning_rate"] * dw
    return w, config


def sgd_momentum(w, dw, config=None):
    if config is None:
        config = {}
    rate = config.setdefault("learning_rate", 1e-2)
    momentum = config.setdefault("momentum", 0.9)
    old = config.get("velocity", np.zeros_like(w))
    v, next_w = np.zeros_like(w), np.zeros_like(w)
    for at in np.ndindex(*w.shape):
        v[at] = momentum * old[at] - rate * dw[at]
        next_w[at] = w[at] + v[at]
    config["velocity"] = v
    return next_w, config


def rmsprop(w, dw, config=None):
    if config is None:
        config = {}
    rate = config.setdefault("learning_rate", 1e-2)
    decay = config.setdefault("decay_rate", 0.99)
    eps = config.setdefault("epsilon", 1e-8)
    old = config.get("cache", np.zeros_like(w))
    cache, next_w = np.zeros_like(w), np.zeros_like(w)
    for at in np.ndindex(*w.shape):
        cache[at] = decay * old[at] + (1 - decay) * dw[at] * dw[at]
        next_w[at] = w[at] - rate * dw[at] / (math.sqrt(cache[at]) + eps)
    config["cache"] = cache
    return next_w, config


def adam(w, dw, config=None):
    if config is None:
        config = {}
    rate = config.setdefault("learning_rate", 1e-3)
    beta1 = config.setdefault("beta1", 0.9)
    beta2 = config.setdefault("beta2", 0.999)
    eps = config.setdefault("epsilon", 1e-8)
    old_m, old_v = config.get("m", np.zeros_like(w)), config.get("v", np.zeros_like(w))
    t = config.get("t", 0) + 1
    m, v, next_w = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w)
    power1 = power2 = 1.0
    for _ in range(t):
        power1 *= beta1
        power2 *= beta2
    for at in np.ndindex(*w.shape):
        m[at] = beta1 * old_m[at] + (1 - beta1) * dw[at]
        v[at] = beta2 * old_v[at] + (1 - beta2) * dw[at] ** 2
        step = (m[at] / (1 - power1)) / (math.sqrt(v[at] / (1 - power2)) + eps)
        next_w[at] = w[at] - rate * step
    config["m"], config["v"], config["t"] = m, v, t
    return next_w, config
