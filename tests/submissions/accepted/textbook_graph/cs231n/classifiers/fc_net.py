import warnings

import numpy as np

from ..layer_utils import *
from ..layers import *


class TwoLayerNet(object):
    def __init__(
        self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0
    ):
        self.params = {}
        self.reg = reg
        self.params["W1"] = np.random.randn(input_dim, hidden_dim)
        self.params["W1"] *= weight_scale
        self.params["W2"] = np.random.randn(hidden_dim, num_classes)
        self.params["W2"] *= weight_scale
        self.params["b1"] = np.zeros(hidden_dim)
        self.params["b2"] = np.zeros(num_classes)

    def loss(self, X, y=None):
        W1, W2 = self.params["W1"], self.params["W2"]
        b1, b2 = self.params["b1"], self.params["b2"]
        a1, cache_a1 = affine_forward(X, W1, b1)
        h1, cache_h1 = relu_forward(a1)
        scores, cache_scores = affine_forward(h1, W2, b2)
        print("scores:", scores.shape)
        if y is None:
            return scores

        loss, grads = 0, {}
        data_loss, dscores = softmax_loss(scores, y)
        reg_loss = 0.5 * self.reg * np.sum(W1**2) + 0.5 * self.reg * np.sum(W2**2)
        loss = data_loss + reg_loss

        dh1, dW2, db2 = affine_backward(dscores, cache_scores)
        da1 = relu_backward(dh1, cache_h1)
        dX, dW1, db1 = affine_backward(da1, cache_a1)
        dW1 += self.reg * W1
        dW2 += self.reg * W2
        grads["W1"], grads["b1"] = dW1, db1
        grads["W2"], grads["b2"] = dW2, db2
        return loss, grads


class FullyConnectedNet(object):
    def __init__(
        self,
        hidden_dims,
        input_dim=3 * 32 * 32,
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
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = dtype
        self.params = {}

        layer_sizes = [input_dim] + list(hidden_dims) + [num_classes]
        for l in range(self.num_layers):
            W_shape = (layer_sizes[l], layer_sizes[l + 1])
            self.params["W" + str(l + 1)] = weight_scale * np.random.randn(*W_shape)
            self.params["b" + str(l + 1)] = np.zeros(layer_sizes[l + 1])
        if self.normalization is not None:
            for l in range(self.num_layers - 1):
                self.params["gamma" + str(l + 1)] = np.ones(layer_sizes[l + 1])
                self.params["beta" + str(l + 1)] = np.zeros(layer_sizes[l + 1])

        self.dropout_param = {}
        if self.use_dropout:
            self.dropout_param = {"mode": "train", "p": dropout}
            if seed is not None:
                self.dropout_param["seed"] = seed
        self.bn_params = []
        if self.normalization == "batchnorm":
            self.bn_params = [{"mode": "train"} for i in range(self.num_layers - 1)]
        if self.normalization == "layernorm":
            self.bn_params = [{} for i in range(self.num_layers - 1)]
        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)
        print("a net of %d layers:" % self.num_layers, layer_sizes)

    def loss(self, X, y=None):
        X = X.astype(self.dtype)
        mode = "test" if y is None else "train"
        if self.use_dropout:
            self.dropout_param["mode"] = mode
        if self.normalization == "batchnorm":
            for bn_param in self.bn_params:
                bn_param["mode"] = mode

        outputs = {0: X}
        cache_affine, cache_norm, cache_relu, cache_dropout = {}, {}, {}, {}
        for l in range(1, self.num_layers):
            W, b = self.params["W" + str(l)], self.params["b" + str(l)]
            a, cache_affine[l] = affine_forward(outputs[l - 1], W, b)
            if self.normalization == "batchnorm":
                gamma, beta = self.params["gamma" + str(l)], self.params["beta" + str(l)]
                a, cache_norm[l] = batchnorm_forward(a, gamma, beta, self.bn_params[l - 1])
            if self.normalization == "layernorm":
                gamma, beta = self.params["gamma" + str(l)], self.params["beta" + str(l)]
                a, cache_norm[l] = layernorm_forward(a, gamma, beta, self.bn_params[l - 1])
            h, cache_relu[l] = relu_forward(a)
            if self.use_dropout:
                h, cache_dropout[l] = dropout_forward(h, self.dropout_param)
            outputs[l] = h
            if not np.any(h):
                warnings.warn("all units of layer %d are dead" % l)
        L = self.num_layers
        scores, cache_affine[L] = affine_forward(
            outputs[L - 1], self.params["W" + str(L)], self.params["b" + str(L)]
        )
        if mode == "test":
            return scores

        loss, grads = 0.0, {}
        data_loss, dout = softmax_loss(scores, y)
        reg_loss = 0.0
        for l in range(1, L + 1):
            reg_loss += 0.5 * self.reg * np.sum(self.params["W" + str(l)] ** 2)
        loss = data_loss + reg_loss

        l = L
        dout, grads["W" + str(l)], grads["b" + str(l)] = affine_backward(dout, cache_affine[l])
        grads["W" + str(l)] += self.reg * self.params["W" + str(l)]
        while l > 1:
            l -= 1
            if self.use_dropout:
                dout = dropout_backward(dout, cache_dropout[l])
            dout = relu_backward(dout, cache_relu[l])
            if self.normalization == "batchnorm":
                dout, dgamma, dbeta = batchnorm_backward(dout, cache_norm[l])
                grads["gamma" + str(l)], grads["beta" + str(l)] = dgamma, dbeta
            if self.normalization == "layernorm":
                dout, dgamma, dbeta = layernorm_backward(dout, cache_norm[l])
                grads["gamma" + str(l)], grads["beta" + str(l)] = dgamma, dbeta
            dout, dW, db = affine_backward(dout, cache_affine[l])
            grads["W" + str(l)] = dW + self.reg * self.params["W" + str(l)]
            grads["b" + str(l)] = db
        return loss, grads
