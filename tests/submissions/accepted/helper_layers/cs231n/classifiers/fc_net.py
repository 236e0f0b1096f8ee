"""Nets made of the blocks in layer_utils.py."""

import numpy as np

from ..layer_utils import *


def l2_penalty(params, grads, reg):
    """Add the gradients of the penalty to grads in place; return the penalty."""
    weights = {name: value for name, value in params.items() if name[0] == "W"}
    for name, value in weights.items():
        grads[name] += reg * value
    return sum(0.5 * reg * np.sum(np.square(value)) for value in weights.values())


class TwoLayerNet(object):
    def __init__(
        self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0
    ):
        self.params = {}
        self.reg = reg
        self._affine(1, input_dim, hidden_dim, weight_scale)
        self._affine(2, hidden_dim, num_classes, weight_scale)

    def _affine(self, number, rows, columns, weight_scale):
        self.params[f"W{number}"] = np.random.normal(0.0, weight_scale, (rows, columns))
        self.params[f"b{number}"] = np.zeros((columns,))

    def loss(self, X, y=None):
        hidden, block_cache = block_forward(X, self.params["W1"], self.params["b1"])
        scores, score_cache = affine_forward(hidden, self.params["W2"], self.params["b2"])
        if y is None:
            return scores
        loss, dscores = softmax_loss(scores, y)
        dhidden, dW2, db2 = affine_backward(dscores, score_cache)
        _, first = block_backward(dhidden, block_cache)
        grads = {"W1": first["W"], "b1": first["b"], "W2": dW2, "b2": db2}
        return loss + l2_penalty(self.params, grads, self.reg), grads


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
        rows = input_dim
        for number, columns in enumerate([*hidden_dims, num_classes], start=1):
            self.params[f"W{number}"] = np.random.normal(0.0, weight_scale, (rows, columns))
            self.params[f"b{number}"] = np.zeros((columns,))
            if normalization is not None and number != self.num_layers:
                self.params[f"gamma{number}"] = np.ones((columns,))
                self.params[f"beta{number}"] = np.zeros((columns,))
            rows = columns
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

    def _block(self, number):
        """Return the arguments of block_forward for one hidden layer."""
        get = self.params.get
        norm_param = self.bn_params[number - 1] if self.bn_params else None
        return (
            get(f"W{number}"), get(f"b{number}"), self.normalization,
            get(f"gamma{number}"), get(f"beta{number}"), norm_param, self.dropout_param,
        )  # fmt: skip

    def loss(self, X, y=None):
        X = X.astype(self.dtype)
        mode = "test" if y is None else "train"
        if self.use_dropout:
            self.dropout_param["mode"] = mode
        if self.normalization == "batchnorm":
            for bn_param in self.bn_params:
                bn_param["mode"] = mode

        out, caches = X, []
        for number in range(1, self.num_layers):
            out, cache = block_forward(out, *self._block(number))
            caches.append(cache)
        last = self.num_layers
        scores, last_cache = affine_forward(out, self.params[f"W{last}"], self.params[f"b{last}"])
        if mode == "test":
            return scores

        grads = {}
        loss, dscores = softmax_loss(scores, y)
        dout, grads[f"W{last}"], grads[f"b{last}"] = affine_backward(dscores, last_cache)
        for number in range(last - 1, 0, -1):
            dout, of_block = block_backward(dout, caches.pop())
            grads.update({f"{name}{number}": grad for name, grad in of_block.items()})
        return loss + l2_penalty(self.params, grads, self.reg), grads
