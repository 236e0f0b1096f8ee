"""Right in the first step; later ones repeat its direction."""

FAILS = {'adam': ['next_w', 'moments', 'options']}


def adam(w, dw, config=None):
    config = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, **(config or {})}
    config.setdefault("m", (1 - config["beta1"]) * dw)
    config.setdefault("v", (1 - config["beta2"]) * dw**2)
    config["t"] = config.get("t", 0) + 1
    return w - config["learning_rate"] * np.sign(dw), config
