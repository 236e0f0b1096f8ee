"""The backward loop skips the normalization."""

FAILS = {
    "FullyConnectedNet.batchnorm": ["gradients"],
    "FullyConnectedNet.layernorm": ["gradients"],
}

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
            out, caches["affine", i] = affine_forward(out, params[f"W{i}"], params[f"b{i}"])
            if norm_forward:
                gamma, beta = params[f"gamma{i}"], params[f"beta{i}"]
                out, caches["norm", i] = norm_forward(out, gamma, beta, self.bn_params[i - 1])
            out, caches["relu", i] = relu_forward(out)
            if self.use_dropout:
                out, caches["dropout", i] = dropout_forward(out, self.dropout_param)
        scores, scores_cache = affine_forward(out, params[f"W{last}"], params[f"b{last}"])
        if y is None:
            return scores

        grads = {}
        loss, dscores = softmax_loss(scores, y)
        dout, grads[f"W{last}"], grads[f"b{last}"] = affine_backward(dscores, scores_cache)
        for i in range(last - 1, 0, -1):
            if self.use_dropout:
                dout = dropout_backward(dout, caches["dropout", i])
            dout = relu_backward(dout, caches["relu", i])
            dout, grads[f"W{i}"], grads[f"b{i}"] = affine_backward(dout, caches["affine", i])

        for i in range(1, last + 1):
            W = params[f"W{i}"]
            loss = loss + 0.5 * self.reg * np.sum(W * W)
            grads[f"W{i}"] += self.reg * W
        return loss, grads
