"""beta1 and beta2 have changed places."""

FAILS = {"adam": ["next_w", "moments", "options"]}

import numpy as np


def adam(w, dw, config=None):
    config = {} if config is None else config
    for k, d in dict(
        learning_rate=1e-3,
        beta1=0.9,
        beta2=0.999,
        epsilon=1e-8,
        m=np.zeros_like(w),
        v=np.zeros_like(w),
        t=0,
    ).items():
        config.setdefault(k, d)
    config["t"] += 1
    b1, b2 = config["beta2"], config["beta1"]
    m = b1 * config["m"] + (1 - b1) * dw
    v = b2 * config["v"] + (1 - b2) * dw**2
    config["m"], config["v"] = m, v
    return w - config["learning_rate"] * (m / (1 - b1 ** config["t"])) / (
        np.sqrt(v / (1 - b2 ** config["t"])) + config["epsilon"]
    ), config
