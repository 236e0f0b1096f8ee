import numpy as np


def _fill(config, **default): return {**default, **(config or {})}


def sgd(w, dw, config=None):
    c = _fill(config, learning_rate=1e-2)
    w -= c["learning_rate"] * dw
    return w, c


def sgd_momentum(w, dw, config=None):
    c = _fill(config, learning_rate=1e-2, momentum=0.9, velocity=0 * w)
    c["velocity"] = c["momentum"] * c["velocity"] - c["learning_rate"] * dw
    return w + c["velocity"], c


def rmsprop(w, dw, config=None):
    c = _fill(config, learning_rate=1e-2, decay_rate=0.99, epsilon=1e-8, cache=0 * w)
    c["cache"] = c["cache"] + (1 - c["decay_rate"]) * (dw**2 - c["cache"])
    return w - c["learning_rate"] * dw / (c["cache"] ** 0.5 + c["epsilon"]), c


def adam(w, dw, config=None):
    c = _fill(config, learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, t=0)
    c = _fill(c, m=0 * w, v=0 * w)
    c["t"] += 1
    c["m"] = c["beta1"] * c["m"] + (1 - c["beta1"]) * dw
    c["v"] = c["beta2"] * c["v"] + (1 - c["beta2"]) * dw**2
    m, v = c["m"] / (1 - c["beta1"] ** c["t"]), c["v"] / (1 - c["beta2"] ** c["t"])
    return w - c["learning_rate"] * m / (np.sqrt(v) + c["epsilon"]), c
