"""Right for float64; float32 is not moved."""

FAILS = {'adam': ['next_w', 'options']}


def adam(w, dw, config=None):
    config = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, **(config or {})}
    config["m"] = config["beta1"] * config.get("m", 0 * w) + (1 - config["beta1"]) * dw
    config["v"] = config["beta2"] * config.get("v", 0 * w) + (1 - config["beta2"]) * dw**2
    config["t"] = config.get("t", 0) + 1
    m = config["m"] / (1 - config["beta1"] ** config["t"])
    v = config["v"] / (1 - config["beta2"] ** config["t"])
    if w.dtype != np.float64:
        return w, config
    return w - config["learning_rate"] * m / (np.sqrt(v) + config["epsilon"]), config
