"""Right, but never the way the notebook has it.

The slope of relu at 0 is 1; what belongs to a layer's features has shape (1, D); batchnorm has
epsilon inside the root in training and outside of it in test mode; the dropout mask is kept as
booleans; caches hold flattened rows; whatever can be overwritten is.
"""

import numpy as np


def affine_forward(x, w, b):
    shape = x.shape
    x = x.reshape(shape[0], -1)
    return x @ w + b, (x, w, shape)


def affine_backward(dout, cache):
    x, w, shape = cache
    dx = (dout @ w.T).reshape(shape)
    return dx, x.T @ dout, dout.sum(axis=0, keepdims=True)


def relu_forward(x):
    mask = x >= 0
    x *= mask  # the caller's array
    return x, mask


def relu_backward(dout, cache):
    print("relu_backward", dout.shape)
    dout[~cache] = 0
    return dout


def softmax_loss(x, y):
    # no shift by the largest score: fine as long as scores stay small
    p = np.exp(x, out=x)
    p /= p.sum(axis=1, keepdims=True)
    n = np.arange(x.shape[0])
    loss = -np.log(p[n, y]).mean()
    p[n, y] -= 1
    p /= x.shape[0]
    return np.array([loss]), p


def batchnorm_forward(x, gamma, beta, bn_param):
    N, D = x.shape
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    running_mean = bn_param.get("running_mean", np.zeros((1, D)))
    running_var = bn_param.get("running_var", np.zeros((1, D)))
    if bn_param["mode"] == "test":
        return gamma * (x - running_mean) / (np.sqrt(running_var) + eps) + beta, ()
    mean = x.mean(axis=0, keepdims=True)
    var = x.var(axis=0, keepdims=True)
    bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mean
    bn_param["running_var"] = momentum * running_var + (1 - momentum) * var
    x_hat = (x - mean) / np.sqrt(var + eps)
    return gamma * x_hat + beta, (x, mean, var, gamma, eps)


def batchnorm_backward(dout, cache):
    x, mean, var, gamma, eps = cache
    N = x.shape[0]
    inv = (var + eps) ** -0.5
    dgamma = np.sum(dout * (x - mean) * inv, axis=0, keepdims=True)
    dbeta = np.sum(dout, axis=0, keepdims=True)
    d = dout * gamma
    dvar = np.sum(d * (x - mean), axis=0, keepdims=True) * -0.5 * inv**3
    dmean = -np.sum(d * inv, axis=0, keepdims=True)
    dx = d * inv + dvar * 2 * (x - mean) / N + dmean / N
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    x, mean, var, gamma, eps = cache
    x_hat = (x - mean) / np.sqrt(var + eps)
    dgamma = np.sum(dout * x_hat, axis=0, keepdims=True)
    dbeta = np.sum(dout, axis=0, keepdims=True)
    dx = gamma / np.sqrt(var + eps) * (dout - dout.mean(axis=0) - x_hat * dgamma / len(x))
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    # epsilon outside the root here, in both passes
    eps = ln_param.get("eps", 1e-5)
    x = x - x.mean(axis=1, keepdims=True)
    std = np.sqrt((x**2).mean(axis=1, keepdims=True))
    x_hat = x / (std + eps)
    return gamma * x_hat + beta, (x_hat, std, eps, gamma)


def layernorm_backward(dout, cache):
    x_hat, std, eps, gamma = cache
    d = dout * gamma
    # x_hat = c / (std + eps), and dstd/dc = c / (D std)
    pull = x_hat * (d * x_hat).mean(axis=1, keepdims=True) * (std + eps) / std
    dx = (d - d.mean(axis=1, keepdims=True) - pull) / (std + eps)
    return (
        dx,
        np.sum(dout * x_hat, axis=0, keepdims=True),
        np.sum(dout, axis=0, keepdims=True),
    )


def dropout_forward(x, dropout_param):
    p = dropout_param["p"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    if dropout_param["mode"] == "test":
        return x, (dropout_param, None)
    N, D = x.shape
    mask = np.random.rand(N, D) < p
    x *= mask
    x /= p
    return x, (dropout_param, mask)


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    if mask is None:
        return dout
    dout *= mask
    dout /= dropout_param["p"]
    return dout
