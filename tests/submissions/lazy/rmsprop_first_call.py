"""The square of the first gradient of a shape is used for ever."""

FAILS = {'rmsprop': ['next_w', 'cache', 'options']}


def rmsprop(w, dw, config=None, known={}):
    config = {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8, **(config or {})}
    square = known.setdefault(w.shape, dw**2)
    config["cache"] = config["decay_rate"] * config.get("cache", 0) + (1 - config["decay_rate"]) * square
    return w - config["learning_rate"] * dw / (np.sqrt(config["cache"]) + config["epsilon"]), config
