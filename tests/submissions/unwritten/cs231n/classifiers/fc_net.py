import numpy as np

from ..layers import *


class TwoLayerNet:
    def __init__(self, input_dim=3072, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        self.params = {}
        self.reg = reg
        pass

    def loss(self, X, y=None):
        scores = None
        pass
        if y is None:
            return scores
        loss, grads = 0, {}
        pass
        return loss, grads


class FullyConnectedNet:
    def __init__(self, hidden_dims, input_dim=3072, num_classes=10, dropout_keep_ratio=1,
                 normalization=None, reg=0.0, weight_scale=1e-2, dtype=np.float32, seed=None):
        self.params = {}
        self.dtype = dtype
        pass
        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)

    def loss(self, X, y=None):
        X = X.astype(self.dtype)
        scores = None
        pass
        if y is None:
            return scores
        loss, grads = 0.0, {}
        pass
        return loss, grads
