"""Nets; the deep one follows its dtype argument, the small one is always float32."""

import numpy as np

from ..layer_utils import affine_relu_backward, affine_relu_forward
from ..layers import (
    affine_backward,
    affine_forward,
    batchnorm_backward,
    batchnorm_forward,
    dropout_backward,
    dropout_forward,
    layernorm_backward,
    layernorm_forward,
    relu_backward,
    relu_forward,
    softmax_loss,
)

F = np.float32


class TwoLayerNet:
    def __init__(self, input_dim=3072, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        self.reg = F(reg)
        self.params = {
            "W1": (weight_scale * np.random.randn(input_dim, hidden_dim)).astype(F),
            "b1": np.zeros(hidden_dim, dtype=F),
            "W2": (weight_scale * np.random.randn(hidden_dim, num_classes)).astype(F),
            "b2": np.zeros(num_classes, dtype=F),
        }

    def loss(self, X, y=None):
        p = {name: np.asarray(value, dtype=F) for name, value in self.params.items()}
        hidden, hidden_cache = affine_relu_forward(X.astype(F), p["W1"], p["b1"])
        scores, score_cache = affine_forward(hidden, p["W2"], p["b2"])
        if y is None:
            return scores
        loss, dscores = softmax_loss(scores, y)
        loss += F(0.5) * self.reg * (np.sum(p["W1"] ** 2) + np.sum(p["W2"] ** 2))
        grads = {}
        dhidden, grads["W2"], grads["b2"] = affine_backward(dscores, score_cache)
        dx, grads["W1"], grads["b1"] = affine_relu_backward(dhidden, hidden_cache)
        grads["W1"] += self.reg * p["W1"]
        grads["W2"] += self.reg * p["W2"]
        return F(loss), {name: grad.astype(F) for name, grad in grads.items()}


class FullyConnectedNet:
    def __init__(
        self,
        hidden_dims,
        input_dim=3072,
        num_classes=10,
        dropout_keep_ratio=1,
        normalization=None,
        reg=0.0,
        weight_scale=1e-2,
        dtype=np.float32,
        seed=None,
    ):
        self.normalization = normalization
        self.use_dropout = dropout_keep_ratio != 1
        self.reg = reg
        self.num_layers = len(hidden_dims) + 1
        self.dtype = dtype
        self.params = {}
        dims = [input_dim] + list(hidden_dims) + [num_classes]
        for layer in range(1, len(dims)):
            shape = dims[layer - 1], dims[layer]
            self.params["W%d" % layer] = np.random.normal(0, weight_scale, shape).astype(dtype)
            self.params["b%d" % layer] = np.zeros(dims[layer], dtype=dtype)
            if normalization is not None and layer < self.num_layers:
                self.params["gamma%d" % layer] = np.ones(dims[layer], dtype=dtype)
                self.params["beta%d" % layer] = np.zeros(dims[layer], dtype=dtype)
        self.dropout_param = {"mode": "train", "p": dropout_keep_ratio}
        if seed is not None:
            self.dropout_param["seed"] = seed
        self.bn_params = [{"mode": "train"} for _ in hidden_dims]

    def loss(self, X, y=None):
        mode = "test" if y is None else "train"
        self.dropout_param["mode"] = mode
        for bn_param in self.bn_params:
            bn_param["mode"] = mode
        p = self.params
        out, caches = X.astype(self.dtype), []
        for layer in range(1, self.num_layers):
            out, fc_cache = affine_forward(out, p["W%d" % layer], p["b%d" % layer])
            norm_cache = drop_cache = None
            if self.normalization is not None:
                forward = batchnorm_forward
                if self.normalization == "layernorm":
                    forward = layernorm_forward
                gamma, beta = p["gamma%d" % layer], p["beta%d" % layer]
                out, norm_cache = forward(out, gamma, beta, self.bn_params[layer - 1])
            out, relu_cache = relu_forward(out)
            if self.use_dropout:
                out, drop_cache = dropout_forward(out, self.dropout_param)
            caches.append((fc_cache, norm_cache, relu_cache, drop_cache))
        last = self.num_layers
        scores, last_cache = affine_forward(out, p["W%d" % last], p["b%d" % last])
        if mode == "test":
            return scores
        loss, dout = softmax_loss(scores, y)
        grads = {}
        dout, grads["W%d" % last], grads["b%d" % last] = affine_backward(dout, last_cache)
        for layer in reversed(range(1, last)):
            fc_cache, norm_cache, relu_cache, drop_cache = caches[layer - 1]
            if self.use_dropout:
                dout = dropout_backward(dout, drop_cache)
            dout = relu_backward(dout, relu_cache)
            if self.normalization is not None:
                backward = batchnorm_backward
                if self.normalization == "layernorm":
                    backward = layernorm_backward
                dout, grads["gamma%d" % layer], grads["beta%d" % layer] = backward(dout, norm_cache)
            dout, grads["W%d" % layer], grads["b%d" % layer] = affine_backward(dout, fc_cache)
        for layer in range(1, last + 1):
            weights = p["W%d" % layer]
            loss += 0.5 * self.reg * np.sum(weights**2)
            grads["W%d" % layer] = grads["W%d" % layer] + self.reg * weights
        return loss, grads
