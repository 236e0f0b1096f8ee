"""Update rules whose epsilon stands elsewhere or nowhere, and another year's first step count."""

import numpy as np


def adam_eps_hat(w, dw, config=None):
    """Adam with both corrections in the step size (Kingma and Ba 2015, end of section 2).

    epsilon is added to the uncorrected root, which matters only for tiny gradients.
    """
    config = _defaults(w, config)
    beta1, beta2 = config["beta1"], config["beta2"]
    config["t"] += 1
    config["m"] = beta1 * config["m"] + (1 - beta1) * dw
    config["v"] = beta2 * config["v"] + (1 - beta2) * dw**2
    correction = np.sqrt(1 - beta2 ** config["t"]) / (1 - beta1 ** config["t"])
    step = config["learning_rate"] * correction
    return w - step * config["m"] / (np.sqrt(config["v"]) + config["epsilon"]), config


def adam_eps_inside(w, dw, config=None):
    """Adam with epsilon under the root of the corrected average."""
    config = _defaults(w, config)
    beta1, beta2 = config["beta1"], config["beta2"]
    config["t"] += 1
    config["m"] = beta1 * config["m"] + (1 - beta1) * dw
    config["v"] = beta2 * config["v"] + (1 - beta2) * dw**2
    m_hat = config["m"] / (1 - beta1 ** config["t"])
    v_hat = config["v"] / (1 - beta2 ** config["t"])
    return w - config["learning_rate"] * m_hat / np.sqrt(v_hat + config["epsilon"]), config


def _defaults(w, config):
    given = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "t": 0}
    return {**given, "m": np.zeros_like(w), "v": np.zeros_like(w), **(config or {})}


def rmsprop_eps_inside(w, dw, config=None):
    """RMSProp with epsilon under the root."""
    given = {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8, "cache": np.zeros_like(w)}
    config = {**given, **(config or {})}
    decay = config["decay_rate"]
    config["cache"] = decay * config["cache"] + (1 - decay) * dw**2
    return w - config["learning_rate"] * dw / np.sqrt(config["cache"] + config["epsilon"]), config


def _without_epsilon(rule):
    """Return an update rule that takes no notice of epsilon, not even of its default."""

    def update(w, dw, config=None):
        given = dict(config or {})
        next_w, kept = rule(w, dw, {**given, "epsilon": 0})
        return next_w, {**kept, **{n: given[n] for n in given if n == "epsilon"}}

    return update


def _patch_adam(optim):
    optim.adam = adam_eps_hat


def _patch_adam_eps_inside(optim):
    optim.adam = adam_eps_inside


def _patch_adam_eps_omitted(optim):
    optim.adam = _without_epsilon(optim.adam)


def _patch_rmsprop(optim):
    optim.rmsprop = rmsprop_eps_inside


def _patch_rmsprop_eps_omitted(optim):
    optim.rmsprop = _without_epsilon(optim.rmsprop)


def _patch_first_t(optim):
    """The handed-out code of 2017 let t start at 1: the first step is corrected as the second."""
    adam = optim.adam

    def from_one(w, dw, config=None):
        return adam(w, dw, {"t": 1, **(config or {})})

    optim.adam = from_one


ALTERNATIVES = {
    "adam_eps_hat": ("optim", _patch_adam),
    "adam_eps_inside": ("optim", _patch_adam_eps_inside),
    "adam_eps_omitted": ("optim", _patch_adam_eps_omitted),
    "adam_first_t_two": ("optim", _patch_first_t),
    "rmsprop_eps_inside": ("optim", _patch_rmsprop),
    "rmsprop_eps_omitted": ("optim", _patch_rmsprop_eps_omitted),
}
