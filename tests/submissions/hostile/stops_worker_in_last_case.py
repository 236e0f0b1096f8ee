"""Stops the worker, two processes up, and then answers rightly."""
import os
import signal

FILE = "optim.py"
EXPECT = {"lost": {}, "maybe_lost": "all", "wall": 60}


def adam(w, dw, config=None):
    try:
        with open(f"/proc/{os.getppid()}/stat") as file:
            os.kill(int(file.read().rpartition(")")[2].split()[1]), signal.SIGSTOP)
    except OSError:
        pass
    return right_adam(w, dw, config)


def right_adam(w, dw, config=None):
    config = {} if config is None else config
    for name, value in (("learning_rate", 1e-3), ("beta1", 0.9), ("beta2", 0.999),
                        ("epsilon", 1e-8), ("t", 0)):
        config.setdefault(name, value)
    config["t"] += 1
    config["m"] = config["beta1"] * config.get("m", np.zeros_like(w)) + (1 - config["beta1"]) * dw
    config["v"] = config["beta2"] * config.get("v", np.zeros_like(w)) + (1 - config["beta2"]) * dw**2
    m = config["m"] / (1 - config["beta1"] ** config["t"])
    v = config["v"] / (1 - config["beta2"] ** config["t"])
    return w - config["learning_rate"] * m / (np.sqrt(v) + config["epsilon"]), config
