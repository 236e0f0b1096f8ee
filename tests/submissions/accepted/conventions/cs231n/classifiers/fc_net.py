"""Nets with rows for biases, dropout before relu, and parameters nobody needs."""

import numpy as np

from ..layers import *


class TwoLayerNet:
    def __init__(self, input_dim=3072, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        self.reg = reg
        self.params = {}
        self.params["b2"] = np.zeros((1, num_classes))
        self.params["W2"] = np.random.normal(0, weight_scale, (hidden_dim, num_classes))
        self.params["b1"] = np.zeros((1, hidden_dim))
        self.params["W1"] = np.random.normal(0, weight_scale, (input_dim, hidden_dim))

    def loss(self, X, y=None):
        W1, W2 = self.params["W1"], self.params["W2"]
        hidden, cache1 = affine_forward(X, W1, self.params["b1"])
        hidden, mask = relu_forward(hidden)
        scores, cache2 = affine_forward(hidden, W2, self.params["b2"])
        if y is None:
            return scores
        loss, d = softmax_loss(scores, y)
        loss = loss + self.reg / 2 * (np.linalg.norm(W1) ** 2 + np.linalg.norm(W2) ** 2)
        d, dW2, db2 = affine_backward(d, cache2)
        _, dW1, db1 = affine_backward(relu_backward(d, mask), cache1)
        return loss, {"W1": dW1 + self.reg * W1, "W2": dW2 + self.reg * W2, "b1": db1, "b2": db2}


class FullyConnectedNet:
    def __init__(
        self,
        hidden_dims,
        input_dim=3072,
        num_classes=10,
        dropout=1,
        normalization=None,
        reg=0.0,
        weight_scale=1e-2,
        dtype=np.float32,
        seed=None,
    ):
        self.normalization = normalization
        self.use_dropout = dropout != 1
        self.reg = reg
        self.dtype = dtype
        self.params = {}
        hidden_dims.append(num_classes)  # the caller's own list grows here
        self.num_layers = len(hidden_dims)
        for i, size in enumerate(hidden_dims, start=1):
            self.params["W%d" % i] = np.random.normal(0, weight_scale, (input_dim, size))
            # batchnorm takes the mean away, so a bias in front of it would be lost
            if normalization != "batchnorm" or i == self.num_layers:
                self.params["b%d" % i] = np.zeros((1, size))
            # one gamma and beta too many: the last pair is never used, its gradient is zero
            if normalization:
                self.params["gamma%d" % i] = np.ones((1, size))
                self.params["beta%d" % i] = np.zeros((1, size))
            input_dim = size
        self.dropout_param = {"mode": "train", "p": dropout}
        if seed is not None:
            self.dropout_param["seed"] = seed
        self.bn_params = [{"mode": "train"} for _ in range(self.num_layers - 1)]
        for name in self.params:
            self.params[name] = self.params[name].astype(dtype)

    def loss(self, X, y=None):
        X = X.astype(self.dtype)
        mode = "test" if y is None else "train"
        self.dropout_param["mode"] = mode
        for bn_param in self.bn_params:
            bn_param["mode"] = mode
        params, caches, out = self.params, [], X
        for i in range(1, self.num_layers + 1):
            out, affine = affine_forward(out, params["W%d" % i], params.get("b%d" % i, 0.0))
            norm = drop = mask = None
            if i < self.num_layers:
                if self.normalization == "batchnorm":
                    out, norm = batchnorm_forward(
                        out, params["gamma%d" % i], params["beta%d" % i], self.bn_params[i - 1]
                    )
                if self.normalization == "layernorm":
                    out, norm = layernorm_forward(
                        out, params["gamma%d" % i], params["beta%d" % i], self.bn_params[i - 1]
                    )
                if self.use_dropout:
                    out, drop = dropout_forward(out, self.dropout_param)
                out, mask = relu_forward(out)
            caches.append((affine, norm, drop, mask))
        if y is None:
            return out
        loss, d = softmax_loss(out, y)
        grads = {}
        for i in range(self.num_layers, 0, -1):
            affine, norm, drop, mask = caches.pop()
            if mask is not None:
                d = relu_backward(d, mask)
            if drop is not None:
                d = dropout_backward(d, drop)
            if norm is not None:
                back = batchnorm_backward
                if self.normalization == "layernorm":
                    back = layernorm_backward
                d, grads["gamma%d" % i], grads["beta%d" % i] = back(d, norm)
            d, dW, db = affine_backward(d, affine)
            W = params["W%d" % i]
            loss = loss + self.reg * 0.5 * np.sum(W**2)
            grads["W%d" % i] = dW + self.reg * W
            if "b%d" % i in params:
                grads["b%d" % i] = db
        for name in params:
            if name not in grads:
                grads[name] = np.zeros_like(params[name])
        return loss, grads
