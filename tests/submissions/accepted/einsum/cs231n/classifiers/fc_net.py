"""Nets as lists of steps; each step gives its output and a function that takes gradients back."""

import numpy as np

from .. import layers


def _affine(x, params, grads, i):
    out, cache = layers.affine_forward(x, params[f"W{i}"], params[f"b{i}"])

    def back(dout):
        dx, grads[f"W{i}"], grads[f"b{i}"] = layers.affine_backward(dout, cache)
        return dx

    return out, back


def _normalize(kind, x, params, grads, i, norm_param):
    forward, backward = getattr(layers, f"{kind}_forward"), getattr(layers, f"{kind}_backward")
    out, cache = forward(x, params[f"gamma{i}"], params[f"beta{i}"], norm_param)

    def back(dout):
        dx, grads[f"gamma{i}"], grads[f"beta{i}"] = backward(dout, cache)
        return dx

    return out, back


def _plain(forward, backward, *args):
    out, cache = forward(*args)
    return out, lambda dout: backward(dout, cache)


def _l2(params, grads, reg):
    """Add the penalty's gradients to `grads`; return the penalty."""
    total = 0.0
    for name in params:
        if name.startswith("W"):
            total = total + np.einsum("dm,dm->", params[name], params[name])
            grads[name] = grads[name] + reg * params[name]
    return 0.5 * reg * total


class TwoLayerNet:
    def __init__(self, input_dim=3072, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        draw = np.random.standard_normal
        self.reg = reg
        self.params = {
            "W1": weight_scale * draw((input_dim, hidden_dim)), "b1": np.zeros(hidden_dim),
            "W2": weight_scale * draw((hidden_dim, num_classes)), "b2": np.zeros(num_classes),
        }  # fmt: skip

    def loss(self, X, y=None):
        grads = {}
        out, back1 = _affine(X, self.params, grads, 1)
        out, back2 = _plain(layers.relu_forward, layers.relu_backward, out)
        out, back3 = _affine(out, self.params, grads, 2)
        if y is None:
            return out
        loss, dout = layers.softmax_loss(out, y)
        back1(back2(back3(dout)))
        return loss + _l2(self.params, grads, self.reg), grads


class FullyConnectedNet:
    def __init__(self, hidden_dims, input_dim=3072, num_classes=10, dropout=1, normalization=None,
                 reg=0.0, weight_scale=1e-2, dtype=np.float32, seed=None):
        self.normalization = normalization
        self.use_dropout = dropout != 1
        self.reg = reg
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = dtype
        dims = np.array([input_dim] + list(hidden_dims) + [num_classes])
        self.params = {}
        for i, shape in enumerate(np.stack([dims[:-1], dims[1:]], axis=1), start=1):
            self.params[f"W{i}"] = np.random.normal(scale=weight_scale, size=shape)
            self.params[f"b{i}"] = np.zeros(shape[1])
            if normalization and i < self.num_layers:
                self.params |= {f"gamma{i}": np.ones(shape[1]), f"beta{i}": np.zeros(shape[1])}
        self.dropout_param = {"mode": "train", "p": dropout} if self.use_dropout else {}
        if self.use_dropout and seed is not None:
            self.dropout_param["seed"] = seed
        start = {"mode": "train"} if normalization == "batchnorm" else {}
        self.bn_params = [dict(start) for _ in hidden_dims] if normalization else []
        self.params = {name: value.astype(dtype) for name, value in self.params.items()}

    def loss(self, X, y=None):
        mode = "test" if y is None else "train"
        if self.use_dropout:
            self.dropout_param["mode"] = mode
        if self.normalization == "batchnorm":
            for bn_param in self.bn_params:
                bn_param["mode"] = mode
        out, grads, backs = X.astype(self.dtype), {}, []

        def then(step):
            backs.append(step[1])
            return step[0]

        for i in range(1, self.num_layers):
            out = then(_affine(out, self.params, grads, i))
            if self.normalization:
                norm_param = self.bn_params[i - 1]
                step = _normalize(self.normalization, out, self.params, grads, i, norm_param)
                out = then(step)
            out = then(_plain(layers.relu_forward, layers.relu_backward, out))
            if self.use_dropout:
                forward, backward = layers.dropout_forward, layers.dropout_backward
                out = then(_plain(forward, backward, out, self.dropout_param))
        out = then(_affine(out, self.params, grads, self.num_layers))
        if y is None:
            return out
        loss, dout = layers.softmax_loss(out, y)
        for back in reversed(backs):
            dout = back(dout)
        return loss + _l2(self.params, grads, self.reg), grads
