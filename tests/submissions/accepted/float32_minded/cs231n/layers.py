"""Layers by someone who trains on a small graphics card and minds every byte.

What is kept for later is kept in float32, whatever is made of it then: masks of 0 and 1 lose nothing
by it, and gradients are only ever used in training.
"""

import numpy as np

F = np.float32


def affine_forward(x, w, b):
    out = np.dot(x.reshape((x.shape[0], -1)), w) + b
    return out, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    dx = np.dot(dout, w.T).reshape(x.shape)
    dw = np.dot(x.reshape((x.shape[0], -1)).T, dout)
    db = np.sum(dout, axis=0)
    return dx, dw, db


def relu_forward(x):
    mask = (x > 0).astype(F)
    return x * mask, x


def relu_backward(dout, cache):
    return dout * (cache > 0).astype(F)


def softmax_loss(x, y):
    n = x.shape[0]
    probs = np.exp(x - np.max(x, axis=1, keepdims=True)).astype(F)
    probs /= np.sum(probs, axis=1, keepdims=True)
    loss = F(-np.mean(np.log(probs[np.arange(n), y])))
    probs[np.arange(n), y] -= 1
    return loss, probs / F(n)


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    running_mean = bn_param.get("running_mean", np.zeros(x.shape[1], dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(x.shape[1], dtype=x.dtype))
    if mode == "test":
        x_hat = (x - running_mean) / np.sqrt(running_var + eps)
        return (gamma * x_hat + beta).astype(x.dtype, copy=False), None
    mean, var = np.mean(x, axis=0), np.var(x, axis=0)
    std = np.sqrt(var + eps)
    x_hat = (x - mean) / std
    bn_param["running_mean"] = (momentum * running_mean + (1 - momentum) * mean).astype(x.dtype)
    bn_param["running_var"] = (momentum * running_var + (1 - momentum) * var).astype(x.dtype)
    out = (gamma * x_hat + beta).astype(x.dtype, copy=False)
    return out, (x_hat.astype(F), std.astype(F), gamma)


def batchnorm_backward(dout, cache):
    x_hat, std, gamma = cache
    dx_hat = dout * gamma
    # d(x_hat)/dx has three parts: x itself, the mean, the variance
    from_mean = np.mean(dx_hat, axis=0)
    from_var = x_hat * np.mean(dx_hat * x_hat, axis=0)
    dx = (dx_hat - from_mean - from_var) / std
    return dx, np.sum(dout * x_hat, axis=0), np.sum(dout, axis=0)


def batchnorm_backward_alt(dout, cache):
    x_hat, std, gamma = cache
    dgamma = np.sum(dout * x_hat, axis=0)
    dbeta = np.sum(dout, axis=0)
    dx = gamma / std * (dout - (dbeta + x_hat * dgamma) / dout.shape[0])
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get("eps", 1e-5)
    std = np.sqrt(np.var(x, axis=1, keepdims=True) + eps)
    x_hat = (x - np.mean(x, axis=1, keepdims=True)) / std
    out = (gamma * x_hat.astype(F) + beta).astype(x.dtype, copy=False)
    return out, (x_hat.astype(F), std, gamma)


def layernorm_backward(dout, cache):
    x_hat, std, gamma = cache
    dx_hat = dout * gamma
    dx_hat = dx_hat - np.mean(dx_hat, axis=1, keepdims=True)
    dx = (dx_hat - x_hat * np.mean(dx_hat * x_hat, axis=1, keepdims=True)) / std
    return dx, np.sum(dout * x_hat, axis=0), np.sum(dout, axis=0)


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    if mode != "train":
        return x, (dropout_param, None)
    mask = (np.random.random_sample(x.shape) < p).astype(F) / F(p)
    return (x * mask).astype(x.dtype, copy=False), (dropout_param, mask)


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    return dout * mask if dropout_param["mode"] == "train" else dout
