"""A plain step in the place of rmsprop."""

FAILS = {'rmsprop': ['next_w', 'cache', 'options']}


def rmsprop(w, dw, config=None):
    config = {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8, **(config or {})}
    config.setdefault("cache", np.zeros_like(w))
    return w - config["learning_rate"] * dw, config
