"""Weights are drawn with rand instead of randn: all positive."""

FAILS = {"TwoLayerNet": ["init"]}

import numpy as np


class TwoLayerNet:
    def __init__(
        self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0
    ):
        self.params = {}
        self.reg = reg

        self.params["W1"] = weight_scale * np.random.rand(input_dim, hidden_dim)
        self.params["b1"] = np.zeros(hidden_dim)
        self.params["W2"] = weight_scale * np.random.rand(hidden_dim, num_classes)
        self.params["b2"] = np.zeros(num_classes)
