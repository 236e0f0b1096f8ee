"""The constructor makes every weight matrix in its transposed shape."""

FAILS = {"TwoLayerNet": ["init"]}

import numpy as np


class TwoLayerNet:
    def __init__(
        self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0
    ):
        self.reg = reg
        self.params = {
            "W1": np.random.randn(hidden_dim, input_dim) * weight_scale,
            "b1": np.zeros(hidden_dim),
            "W2": np.random.randn(num_classes, hidden_dim) * weight_scale,
            "b2": np.zeros(num_classes),
        }
