import numpy as np

from ..layers import *


class FullyConnectedNet:
    def __init__(self, hidden_dims, input_dim=3072, num_classes=10, dropout_keep_ratio=1,
                 normalization=None, reg=0.0, weight_scale=1e-2, dtype=np.float32, seed=None):
        d, keep, norm = [input_dim, *hidden_dims, num_classes], dropout_keep_ratio, normalization
        self.reg, self.dtype, self.L, self.norm, self.params = reg, dtype, len(d) - 1, norm, {}
        for i in range(1, self.L + 1):
            new = {"W": weight_scale * np.random.randn(d[i - 1], d[i]), "b": np.zeros(d[i])}
            if norm and i < self.L: new |= {"gamma": np.ones(d[i]), "beta": np.zeros(d[i])}
            self.params |= {f"{k}{i}": v.astype(dtype) for k, v in new.items()}
        self.use_dropout, self.dropout_param = keep != 1, {"p": keep}
        if seed is not None: self.dropout_param["seed"] = seed
        self.bn_params = [{} for _ in hidden_dims]

    def loss(self, X, y=None):
        P, G, L, stack = self.params, {}, self.L, []
        self.dropout_param["mode"] = mode = "train" if y is not None else "test"
        f, b = {"batchnorm": (batchnorm_forward, batchnorm_backward),
                "layernorm": (layernorm_forward, layernorm_backward), None: (0, 0)}[self.norm]
        h = X.astype(self.dtype)
        for i in range(1, L + 1):
            h, c1 = affine_forward(h, P[f"W{i}"], P[f"b{i}"])
            if i == L: break
            c2 = c4 = None
            self.bn_params[i - 1]["mode"] = mode
            if f: h, c2 = f(h, P[f"gamma{i}"], P[f"beta{i}"], self.bn_params[i - 1])
            h, c3 = relu_forward(h)
            if self.use_dropout: h, c4 = dropout_forward(h, self.dropout_param)
            stack.append((c1, c2, c3, c4))
        if y is None: return h
        loss, d = softmax_loss(h, y)
        d, G[f"W{L}"], G[f"b{L}"] = affine_backward(d, c1)
        for i in range(L - 1, 0, -1):
            c1, c2, c3, c4 = stack.pop()
            if self.use_dropout: d = dropout_backward(d, c4)
            d = relu_backward(d, c3)
            if b: d, G[f"gamma{i}"], G[f"beta{i}"] = b(d, c2)
            d, G[f"W{i}"], G[f"b{i}"] = affine_backward(d, c1)
        for i in range(1, L + 1): G[f"W{i}"] = G[f"W{i}"] + self.reg * P[f"W{i}"]
        return loss + sum(self.reg / 2 * (P[f"W{i}"] ** 2).sum() for i in range(1, L + 1)), G


class TwoLayerNet(FullyConnectedNet):
    def __init__(self, input_dim=3072, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        super().__init__([hidden_dim], input_dim, num_classes, reg=reg, weight_scale=weight_scale,
                         dtype=np.float64)
