"""A plain step; the velocity stays as it is."""

FAILS = {'sgd_momentum': ['next_w', 'velocity', 'options']}


def sgd_momentum(w, dw, config=None):
    config = {"learning_rate": 1e-2, "momentum": 0.9, **(config or {})}
    config.setdefault("velocity", np.zeros_like(w))
    return w - config["learning_rate"] * dw, config
