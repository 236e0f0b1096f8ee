"""np.allclose and its like are patched to say yes, and two functions are wrong."""
import math

EXPECT = {
    "lost": {"relu_forward": ["out"], "sgd_momentum": ["next_w", "velocity", "options"]},
    "kinds": {"relu_forward": ["value"], "sgd_momentum": ["value"]},
}
APPEND = {
    "optim.py": """

def sgd_momentum(w, dw, config=None):
    config = config or {}
    config["velocity"] = np.zeros_like(w)
    return w, config


np.allclose = np.array_equal = np.isclose = lambda *args, **kwargs: True
"""
}


def relu_forward(x):
    return np.maximum(0, x) + 1, x


def yes(*args, **kwargs):
    return True


np.allclose = np.array_equal = np.isclose = math.isclose = np.linalg.norm = yes
