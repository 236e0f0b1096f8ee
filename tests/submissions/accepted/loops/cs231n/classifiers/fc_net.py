"""Fully connected nets, one layer after the other."""

import numpy as np

from ..layer_utils import *
from ..layers import *


class TwoLayerNet(object):
    def __init__(self, input_dim=3072, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        self.params = {"b1": np.zeros(hidden_dim), "b2": np.zeros(num_classes)}
        self.reg = reg
        for name, shape in (("W1", (input_dim, hidden_dim)), ("W2", (hidden_dim, num_classes))):
            weights = np.zeros(shape)
            for i in range(shape[0]):
                for j in range(shape[1]):
                    weights[i, j] = np.random.normal(0.0, weight_scale)
            self.params[name] = weights

    def loss(self, X, y=None):
        h, cache1 = affine_relu_forward(X, self.params["W1"], self.params["b1"])
        scores, cache2 = affine_forward(h, self.params["W2"], self.params["b2"])
        if y is None:
            return scores
        loss, dscores = softmax_loss(scores, y)
        grads = {}
        dh, grads["W2"], grads["b2"] = affine_backward(dscores, cache2)
        _, grads["W1"], grads["b1"] = affine_relu_backward(dh, cache1)
        for name in ("W1", "W2"):
            w = self.params[name]
            for i in range(w.shape[0]):
                for j in range(w.shape[1]):
                    loss += 0.5 * self.reg * w[i, j] ** 2
                    grads[name][i, j] += self.reg * w[i, j]
        return loss, grads


class FullyConnectedNet(object):
    def __init__(self, hidden_dims, input_dim=3072, num_classes=10, dropout_keep_ratio=1,
                 normalization=None, reg=0.0, weight_scale=1e-2, dtype=np.float32, seed=None):
        self.normalization = normalization
        self.use_dropout = dropout_keep_ratio != 1
        self.reg = reg
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = dtype
        self.params = {}

        before = input_dim
        for i in range(len(hidden_dims)):
            name = str(i + 1)
            self.params["W" + name] = np.random.randn(before, hidden_dims[i]) * weight_scale
            self.params["b" + name] = np.zeros(hidden_dims[i])
            if normalization == "batchnorm" or normalization == "layernorm":
                self.params["gamma" + name] = np.ones(hidden_dims[i])
                self.params["beta" + name] = np.zeros(hidden_dims[i])
            before = hidden_dims[i]
        name = str(self.num_layers)
        self.params["W" + name] = np.random.randn(before, num_classes) * weight_scale
        self.params["b" + name] = np.zeros(num_classes)

        self.dropout_param = {}
        if self.use_dropout:
            self.dropout_param = {"mode": "train", "p": dropout_keep_ratio}
            if seed is not None:
                self.dropout_param["seed"] = seed
        self.bn_params = []
        if self.normalization == "batchnorm":
            self.bn_params = [{"mode": "train"} for i in range(self.num_layers - 1)]
        if self.normalization == "layernorm":
            self.bn_params = [{} for i in range(self.num_layers - 1)]
        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)

    def loss(self, X, y=None):
        X = X.astype(self.dtype)
        mode = "test" if y is None else "train"
        if self.use_dropout:
            self.dropout_param["mode"] = mode
        if self.normalization == "batchnorm":
            for bn_param in self.bn_params:
                bn_param["mode"] = mode

        P = self.params
        h, fc, norm, relu, drop = X, {}, {}, {}, {}
        for i in range(1, self.num_layers):
            h, fc[i] = affine_forward(h, P["W%d" % i], P["b%d" % i])
            if self.normalization == "batchnorm":
                h, norm[i] = batchnorm_forward(
                    h, P["gamma%d" % i], P["beta%d" % i], self.bn_params[i - 1]
                )
            elif self.normalization == "layernorm":
                h, norm[i] = layernorm_forward(
                    h, P["gamma%d" % i], P["beta%d" % i], self.bn_params[i - 1]
                )
            h, relu[i] = relu_forward(h)
            if self.use_dropout:
                h, drop[i] = dropout_forward(h, self.dropout_param)
        L = self.num_layers
        scores, fc[L] = affine_forward(h, P["W%d" % L], P["b%d" % L])
        if mode == "test":
            return scores

        grads = {}
        loss, dh = softmax_loss(scores, y)
        for i in range(L, 0, -1):
            if i < L:
                if self.use_dropout:
                    dh = dropout_backward(dh, drop[i])
                dh = relu_backward(dh, relu[i])
                if self.normalization == "batchnorm":
                    dh, grads["gamma%d" % i], grads["beta%d" % i] = batchnorm_backward(
                        dh, norm[i]
                    )
                elif self.normalization == "layernorm":
                    dh, grads["gamma%d" % i], grads["beta%d" % i] = layernorm_backward(
                        dh, norm[i]
                    )
            dh, grads["W%d" % i], grads["b%d" % i] = affine_backward(dh, fc[i])
            w = P["W%d" % i]
            for number in w.ravel():
                loss += 0.5 * self.reg * number * number
            grads["W%d" % i] += self.reg * w
        return loss, grads
