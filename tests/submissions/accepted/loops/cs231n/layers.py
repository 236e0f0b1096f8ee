"""Layers written number by number, the way one would do them with pencil and paper."""

import math

import numpy as np


def _rows(x):
    return [x[i].ravel() for i in range(len(x))]


def affine_forward(x, w, b):
    out = np.zeros((x.shape[0], w.shape[1]))
    for i, row in enumerate(_rows(x)):
        for j in range(w.shape[1]):
            total = b[j]
            for k in range(w.shape[0]):
                total = total + row[k] * w[k, j]
            out[i, j] = total
    return out, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    dx, dw, db = np.zeros((len(x), w.shape[0])), np.zeros(w.shape), np.zeros(len(b))
    for i, row in enumerate(_rows(x)):
        for j in range(w.shape[1]):
            db[j] += dout[i, j]
            for k in range(w.shape[0]):
                dx[i, k] += dout[i, j] * w[k, j]
                dw[k, j] += dout[i, j] * row[k]
    return dx.reshape(x.shape), dw, db


def relu_forward(x):
    out = np.zeros(x.shape)
    for at in np.ndindex(*x.shape):
        if x[at] > 0:
            out[at] = x[at]
    return out, x


def relu_backward(dout, cache):
    dx = np.zeros(cache.shape)
    for at in np.ndindex(*cache.shape):
        if cache[at] > 0:
            dx[at] = dout[at]
    return dx


def softmax_loss(x, y):
    loss, dx = 0.0, np.zeros(x.shape)
    for i in range(len(x)):
        top = max(x[i])
        powers = [math.exp(score - top) for score in x[i]]
        for j, power in enumerate(powers):
            dx[i, j] = power / sum(powers) / len(x)
        dx[i, y[i]] -= 1.0 / len(x)
        loss -= math.log(powers[y[i]] / sum(powers)) / len(x)
    return loss, dx


def _moments(numbers):
    mean = sum(numbers) / len(numbers)
    return mean, sum((number - mean) ** 2 for number in numbers) / len(numbers)


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    n, d = x.shape
    running_mean = bn_param.get("running_mean", np.zeros(d, dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(d, dtype=x.dtype))

    out, x_hat, std = np.zeros((n, d)), np.zeros((n, d)), np.zeros(d)
    new_mean, new_var = np.array(running_mean), np.array(running_var)
    for j in range(d):
        if mode == "train":
            mean, var = _moments(x[:, j])
            new_mean[j] = momentum * running_mean[j] + (1 - momentum) * mean
            new_var[j] = momentum * running_var[j] + (1 - momentum) * var
        elif mode == "test":
            mean, var = running_mean[j], running_var[j]
        else:
            raise ValueError(mode)
        std[j] = math.sqrt(var + eps)
        for i in range(n):
            x_hat[i, j] = (x[i, j] - mean) / std[j]
            out[i, j] = gamma[j] * x_hat[i, j] + beta[j]
    bn_param["running_mean"] = new_mean
    bn_param["running_var"] = new_var
    return out, (x_hat, std, gamma)


def batchnorm_backward(dout, cache):
    x_hat, std, gamma = cache
    n, d = dout.shape
    dx, dgamma, dbeta = np.zeros((n, d)), np.zeros(d), np.zeros(d)
    for j in range(d):
        for i in range(n):
            dbeta[j] += dout[i, j]
            dgamma[j] += dout[i, j] * x_hat[i, j]
        for i in range(n):
            # every other example k pulls on example i, through the mean and the variance
            for k in range(n):
                same = 1.0 if i == k else 0.0
                pull = same - 1.0 / n - x_hat[i, j] * x_hat[k, j] / n
                dx[i, j] += dout[k, j] * gamma[j] * pull / std[j]
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    x_hat, std, gamma = cache
    n, d = dout.shape
    dx, dgamma, dbeta = np.zeros((n, d)), np.zeros(d), np.zeros(d)
    for j in range(d):
        dbeta[j] = sum(dout[:, j])
        dgamma[j] = sum(dout[i, j] * x_hat[i, j] for i in range(n))
        for i in range(n):
            inner = n * dout[i, j] - dbeta[j] - x_hat[i, j] * dgamma[j]
            dx[i, j] = gamma[j] * inner / (n * std[j])
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get("eps", 1e-5)
    n, d = x.shape
    out, x_hat, std = np.zeros((n, d)), np.zeros((n, d)), np.zeros(n)
    for i in range(n):
        mean, var = _moments(x[i])
        std[i] = math.sqrt(var + eps)
        for j in range(d):
            x_hat[i, j] = (x[i, j] - mean) / std[i]
            out[i, j] = gamma[j] * x_hat[i, j] + beta[j]
    return out, (x_hat, std, gamma)


def layernorm_backward(dout, cache):
    x_hat, std, gamma = cache
    n, d = dout.shape
    dx, dgamma, dbeta = np.zeros((n, d)), np.zeros(d), np.zeros(d)
    for i in range(n):
        first = second = 0.0
        for j in range(d):
            dbeta[j] += dout[i, j]
            dgamma[j] += dout[i, j] * x_hat[i, j]
            first += dout[i, j] * gamma[j] / d
            second += dout[i, j] * gamma[j] * x_hat[i, j] / d
        for j in range(d):
            dx[i, j] = (dout[i, j] * gamma[j] - first - x_hat[i, j] * second) / std[i]
    return dx, dgamma, dbeta


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    if mode == "test":
        return x.copy(), (dropout_param, None)
    mask = np.zeros(x.shape)
    for at in np.ndindex(*x.shape):
        if np.random.random() < p:
            mask[at] = 1.0 / p
    out = np.zeros(x.shape)
    for at in np.ndindex(*x.shape):
        out[at] = x[at] * mask[at]
    return out, (dropout_param, mask)


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    dx = np.array(dout)
    if dropout_param["mode"] == "train":
        for at in np.ndindex(*dout.shape):
            dx[at] = dout[at] * mask[at]
    return dx
