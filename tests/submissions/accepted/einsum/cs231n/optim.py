"""Update rules that build a new config every time."""

import numpy as np


def sgd(w, dw, config=None):
    config = {"learning_rate": 1e-2, **(config or {})}
    w -= config["learning_rate"] * dw
    return w, config


def sgd_momentum(w, dw, config=None):
    default = {"learning_rate": 1e-2, "momentum": 0.9, "velocity": np.zeros_like(w)}
    config = {**default, **(config or {})}
    pair = np.stack([config["velocity"], dw])
    v = np.einsum("k,k...->...", [config["momentum"], -config["learning_rate"]], pair)
    return w + v, {**config, "velocity": v}


def rmsprop(w, dw, config=None):
    default = {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8, "cache": 0 * w}
    config = {**default, **(config or {})}
    rho = config["decay_rate"]
    cache = np.einsum("k,k...->...", [rho, 1 - rho], np.stack([config["cache"], dw * dw]))
    step = config["learning_rate"] / (np.sqrt(cache) + config["epsilon"])
    return w - np.einsum("...,...->...", step, dw), {**config, "cache": cache}


def adam(w, dw, config=None):
    default = {
        "learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8,
        "m": np.zeros_like(w), "v": np.zeros_like(w), "t": 0,
    }  # fmt: skip
    c = {**default, **(config or {})}
    c["t"] = c["t"] + 1
    c["m"] = np.einsum("k,k...->...", [c["beta1"], 1 - c["beta1"]], np.stack([c["m"], dw]))
    c["v"] = np.einsum("k,k...->...", [c["beta2"], 1 - c["beta2"]], np.stack([c["v"], dw * dw]))
    first = c["m"] / (1 - c["beta1"] ** c["t"])
    second = c["v"] / (1 - c["beta2"] ** c["t"])
    return w - c["learning_rate"] * first / (np.sqrt(second) + c["epsilon"]), c
