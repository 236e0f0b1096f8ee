"""Layers in index notation: n examples, d features in, m features out, c classes."""

import numpy as np
from numpy import einsum


def affine_forward(x, w, b):
    rows = np.reshape(x, (len(x), len(w)))
    return einsum("nd,dm->nm", rows, w) + b, (x, w, b)


def affine_backward(dout, cache):
    x, w, _ = cache
    rows = np.reshape(x, (len(x), len(w)))
    dx = einsum("nm,dm->nd", dout, w).reshape(x.shape)
    return dx, einsum("nd,nm->dm", rows, dout), einsum("nm->m", dout)


def relu_forward(x):
    return (x + np.abs(x)) / 2, x


def relu_backward(dout, cache):
    return einsum("...,...->...", dout, np.heaviside(cache, 0))


def softmax_loss(x, y):
    hot = np.eye(x.shape[1])[y]
    z = x - x.max(axis=1, keepdims=True)
    log_sum = np.log(einsum("nc->n", np.exp(z)))
    loss = einsum("n->", log_sum - einsum("nc,nc->n", z, hot)) / len(x)
    return loss, (np.exp(z - log_sum[:, None]) - hot) / len(x)


def batchnorm_forward(x, gamma, beta, bn_param):
    n, d = x.shape
    momentum, eps = bn_param.get("momentum", 0.9), bn_param.get("eps", 1e-5)
    running_mean = bn_param.get("running_mean", np.zeros(d, dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(d, dtype=x.dtype))
    if bn_param["mode"] == "test":
        scale = gamma / np.sqrt(running_var + eps)
        return einsum("nd,d->nd", x - running_mean, scale) + beta, None
    mean = einsum("nd->d", x) / n
    centred = x - mean
    var = einsum("nd,nd->d", centred, centred) / n
    bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mean
    bn_param["running_var"] = momentum * running_var + (1 - momentum) * var
    inv = (var + eps) ** -0.5
    x_hat = einsum("nd,d->nd", centred, inv)
    return einsum("nd,d->nd", x_hat, gamma) + beta, (x_hat, inv, gamma)


def batchnorm_backward(dout, cache):
    """Contract dout with the whole Jacobian dx_hat[k]/dx[i] of each feature."""
    x_hat, inv, gamma = cache
    n = len(dout)
    jacobian = (np.eye(n)[:, :, None] - 1 / n - einsum("id,kd->ikd", x_hat, x_hat) / n) * inv
    dx = einsum("kd,d,ikd->id", dout, gamma, jacobian)
    return dx, einsum("nd,nd->d", dout, x_hat), einsum("nd->d", dout)


def batchnorm_backward_alt(dout, cache):
    x_hat, inv, gamma = cache
    dgamma, dbeta = einsum("nd,nd->d", dout, x_hat), einsum("nd->d", dout)
    flat = dout - dbeta / len(dout) - einsum("nd,d->nd", x_hat, dgamma) / len(dout)
    return einsum("nd,d,d->nd", flat, gamma, inv), dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    d = x.shape[1]
    centred = x - (einsum("nd->n", x) / d)[:, None]
    var = einsum("nd,nd->n", centred, centred) / d
    inv = (var + ln_param.get("eps", 1e-5)) ** -0.5
    x_hat = einsum("nd,n->nd", centred, inv)
    return einsum("nd,d->nd", x_hat, gamma) + beta, (x_hat, inv, gamma)


def layernorm_backward(dout, cache):
    x_hat, inv, gamma = cache
    d = dout.shape[1]
    jacobian = np.eye(d) - 1 / d - einsum("ni,nj->nij", x_hat, x_hat) / d
    dx = einsum("nj,j,nij,n->ni", dout, gamma, jacobian, inv)
    return dx, einsum("nd,nd->d", dout, x_hat), einsum("nd->d", dout)


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    mask = None
    out = x
    if mode == "train":
        mask = np.random.binomial(1, p, size=x.shape) / p
        out = einsum("...,...->...", x, mask)
    return out.astype(x.dtype, copy=False), (dropout_param, mask)


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    if dropout_param["mode"] == "train":
        return einsum("...,...->...", dout, mask)
    return dout
