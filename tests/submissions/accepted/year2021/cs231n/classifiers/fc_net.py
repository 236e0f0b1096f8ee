from builtins import range
from builtins import object
import os
import numpy as np

from ..layers import *
from ..layer_utils import *


class FullyConnectedNet(object):

    def __init__(
        self,
        hidden_dims,
        input_dim=3 * 32 * 32,
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
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = dtype
        self.params = {}

        dims = [input_dim, *hidden_dims, num_classes]
        for l, (fan_in, fan_out) in enumerate(zip(dims[:-1], dims[1:])):
            self.params[f"W{l + 1}"] = np.random.randn(fan_in, fan_out) * weight_scale
            self.params[f"b{l + 1}"] = np.zeros(fan_out)
        if self.normalization:
            for l, dim in enumerate(hidden_dims):
                self.params[f"gamma{l + 1}"] = np.ones(dim)
                self.params[f"beta{l + 1}"] = np.zeros(dim)

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

        caches, h = [], X
        for l in range(self.num_layers - 1):
            keys = [f"W{l + 1}", f"b{l + 1}", f"gamma{l + 1}", f"beta{l + 1}"]
            w, b, gamma, beta = (self.params.get(k, None) for k in keys)
            norm_param = self.bn_params[l] if self.normalization else None
            dropout_param = self.dropout_param if self.use_dropout else None
            h, cache = generic_forward(
                h, w, b, gamma, beta, norm_param, dropout_param, self.normalization
            )
            caches.append(cache)
        L = self.num_layers
        scores, cache = affine_forward(h, self.params[f"W{L}"], self.params[f"b{L}"])

        if mode == "test":
            return scores

        grads = {}
        loss, dh = softmax_loss(scores, y)
        loss += 0.5 * self.reg * sum(np.sum(self.params[f"W{l}"] ** 2) for l in range(1, L + 1))
        dh, grads[f"W{L}"], grads[f"b{L}"] = affine_backward(dh, cache)
        for l in range(L - 1, 0, -1):
            dh, dw, db, dgamma, dbeta = generic_backward(dh, caches[l - 1])
            grads[f"W{l}"], grads[f"b{l}"] = dw, db
            if self.normalization:
                grads[f"gamma{l}"], grads[f"beta{l}"] = dgamma, dbeta
        for l in range(1, L + 1):
            grads[f"W{l}"] += self.reg * self.params[f"W{l}"]

        return loss, grads
