"""The single layers; the blocks made of them are in layer_utils.py."""

import numpy as np


def flatten(x):
    """Return x as rows of numbers, one row for each example."""
    return x.reshape(x.shape[0], int(np.prod(x.shape[1:])))


def affine_forward(x, w, b):
    out = np.matmul(flatten(x), w)
    out += b
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    x, w, b = cache
    dx = np.matmul(dout, np.transpose(w))
    dw = np.matmul(np.transpose(flatten(x)), dout)
    db = np.matmul(np.ones(dout.shape[0]), dout)
    return np.reshape(dx, x.shape), dw, db


def relu_forward(x):
    return np.where(x > 0, x, 0), x


def relu_backward(dout, cache):
    return np.where(cache > 0, dout, 0)


def softmax_loss(x, y):
    rows = np.arange(y.size)
    scores = x - x.max(axis=1, keepdims=True)
    log_z = np.log(np.exp(scores).sum(axis=1))
    loss = np.mean(log_z - scores[rows, y])
    dx = np.exp(scores - log_z[:, np.newaxis])
    dx[rows, y] -= 1
    return loss, dx / y.size


def standardize(x, axis, eps):
    """Return (x_hat, std, mean, var) of x along an axis, all with two axes."""
    mean = x.mean(axis=axis, keepdims=True)
    var = np.square(x - mean).mean(axis=axis, keepdims=True)
    std = np.sqrt(var) + eps
    return (x - mean) / std, std, mean, var


def standardize_backward(dx_hat, x_hat, std, axis):
    """Run standardize backwards: what is constant or along x_hat has no effect on x_hat."""
    size = x_hat.shape[axis]
    constant = dx_hat.sum(axis=axis, keepdims=True)
    along = np.sum(dx_hat * x_hat, axis=axis, keepdims=True) * x_hat
    return (size * dx_hat - constant - along) / (size * std)


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    D = x.shape[1]
    running_mean = bn_param.get("running_mean", np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(D, dtype=x.dtype))
    cache = None
    if mode == "train":
        x_hat, std, mean, var = standardize(x, 0, eps)
        running_mean = momentum * running_mean + (1.0 - momentum) * mean[0]
        running_var = momentum * running_var + (1.0 - momentum) * var[0]
        cache = {"x_hat": x_hat, "std": std, "gamma": gamma}
    elif mode == "test":
        x_hat = (x - running_mean) / (np.sqrt(running_var) + eps)
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)
    bn_param["running_mean"] = running_mean
    bn_param["running_var"] = running_var
    return x_hat * gamma + beta, cache


def batchnorm_backward(dout, cache):
    x_hat = cache["x_hat"]
    dx = standardize_backward(dout * cache["gamma"], x_hat, cache["std"], 0)
    return dx, np.sum(dout * x_hat, axis=0), np.sum(dout, axis=0)


def batchnorm_backward_alt(dout, cache):
    n, x_hat = len(dout), cache["x_hat"]
    dgamma, dbeta = np.sum(dout * x_hat, axis=0), np.sum(dout, axis=0)
    dx = cache["gamma"] / (n * cache["std"]) * (n * dout - dbeta - x_hat * dgamma)
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    x_hat, std, _, _ = standardize(x, 1, ln_param.get("eps", 1e-5))
    return x_hat * gamma + beta, {"x_hat": x_hat, "std": std, "gamma": gamma}


def layernorm_backward(dout, cache):
    x_hat = cache["x_hat"]
    dx = standardize_backward(dout * cache["gamma"], x_hat, cache["std"], 1)
    return dx, np.sum(dout * x_hat, axis=0), np.sum(dout, axis=0)


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    mask = None
    out = x
    if mode == "train":
        mask = np.random.choice([0.0, 1.0 / p], size=x.shape, p=[1 - p, p])
        out = x * mask
    out = out.astype(x.dtype, copy=False)
    return out, (dropout_param, mask)


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    if dropout_param["mode"] == "train":
        return dout * mask
    return dout
