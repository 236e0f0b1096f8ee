"""The biases are called B1, B2, ... instead of b1, b2, ..."""

FAILS = {"FullyConnectedNet": ["init", "scores", "loss", "gradients"]}

import numpy as np
from cs231n.layers import (
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


class FullyConnectedNet:
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
        if normalization not in (None, "batchnorm", "layernorm"):
            raise ValueError(
                f"FullyConnectedNet: normalization is {normalization!r}; "
                "make it 'batchnorm', 'layernorm' or None"
            )
        self.normalization = normalization
        self.use_dropout = dropout_keep_ratio != 1
        self.reg = reg
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = dtype
        self.params = {}

        sizes = [input_dim, *hidden_dims, num_classes]
        for i, (fan_in, fan_out) in enumerate(zip(sizes, sizes[1:], strict=False), start=1):
            self.params[f"W{i}"] = weight_scale * np.random.randn(fan_in, fan_out)
            self.params[f"B{i}"] = np.zeros(fan_out)
            if normalization is not None and i < self.num_layers:
                self.params[f"gamma{i}"] = np.ones(fan_out)
                self.params[f"beta{i}"] = np.zeros(fan_out)

        self.dropout_param = {}
        if self.use_dropout:
            self.dropout_param = {"mode": "train", "p": dropout_keep_ratio}
            if seed is not None:
                self.dropout_param["seed"] = seed
        self.bn_params = []
        if normalization == "batchnorm":
            self.bn_params = [{"mode": "train"} for _ in hidden_dims]
        elif normalization == "layernorm":
            self.bn_params = [{} for _ in hidden_dims]
        for name, value in self.params.items():
            self.params[name] = value.astype(dtype)

    def loss(self, X, y=None):
        X = X.astype(self.dtype)
        mode = "test" if y is None else "train"
        if self.use_dropout:
            self.dropout_param["mode"] = mode
        if self.normalization == "batchnorm":
            for bn_param in self.bn_params:
                bn_param["mode"] = mode

        params, last = self.params, self.num_layers
        norm_forward, norm_backward = {
            None: (None, None),
            "batchnorm": (batchnorm_forward, batchnorm_backward),
            "layernorm": (layernorm_forward, layernorm_backward),
        }[self.normalization]

        out, caches = X, {}
        for i in range(1, last):
            out, caches["affine", i] = affine_forward(out, params[f"W{i}"], params[f"B{i}"])
            if norm_forward:
                gamma, beta = params[f"gamma{i}"], params[f"beta{i}"]
                out, caches["norm", i] = norm_forward(out, gamma, beta, self.bn_params[i - 1])
            out, caches["relu", i] = relu_forward(out)
            if self.use_dropout:
                out, caches["dropout", i] = dropout_forward(out, self.dropout_param)
        scores, scores_cache = affine_forward(out, params[f"W{last}"], params[f"B{last}"])
        if y is None:
            return scores

        grads = {}
        loss, dscores = softmax_loss(scores, y)
        dout, grads[f"W{last}"], grads[f"B{last}"] = affine_backward(dscores, scores_cache)
        for i in range(last - 1, 0, -1):
            if self.use_dropout:
                dout = dropout_backward(dout, caches["dropout", i])
            dout = relu_backward(dout, caches["relu", i])
            if norm_backward:
                dout, grads[f"gamma{i}"], grads[f"beta{i}"] = norm_backward(dout, caches["norm", i])
            dout, grads[f"W{i}"], grads[f"B{i}"] = affine_backward(dout, caches["affine", i])

        for i in range(1, last + 1):
            W = params[f"W{i}"]
            loss = loss + 0.5 * self.reg * np.sum(W * W)
            grads[f"W{i}"] += self.reg * W
        return loss, grads
