"""Every intermediate value has a name, and every name gets a gradient."""

import warnings

import numpy as np

print("layers.py of the graph people is loaded")


def affine_forward(x, w, b):
    num_train = x.shape[0]
    dims = 1
    for size in x.shape[1:]:
        dims *= size
    x_rows = x.reshape((num_train, dims))
    product = x_rows.dot(w)
    out = product + b
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    x, w, b = cache
    num_train = x.shape[0]
    x_rows = x.reshape((num_train, -1))
    # node: out = product + b
    dproduct = dout
    db = np.sum(dout, axis=0)
    # node: product = x_rows . w
    dx_rows = dproduct.dot(w.T)
    dw = x_rows.T.dot(dproduct)
    # node: x_rows = reshape(x)
    dx = dx_rows.reshape(x.shape)
    return dx, dw, db


def relu_forward(x):
    cache = x
    out = x.copy()
    out[out < 0] = 0
    return out, cache


def relu_backward(dout, cache):
    x = cache
    dout[x <= 0] = 0
    dx = dout
    return dx


def softmax_loss(x, y):
    N = x.shape[0]
    x -= np.max(x, axis=1, keepdims=True)
    unnormalized = np.exp(x)
    total = np.sum(unnormalized, axis=1, keepdims=True)
    probs = unnormalized / total
    correct = probs[range(N), y]
    if np.any(correct == 0):
        warnings.warn("a probability of exactly zero: the loss will be infinite")
    loss = -np.sum(np.log(correct)) / N
    dx = probs
    dx[range(N), y] -= 1
    dx /= N
    return loss, dx


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)

    N, D = x.shape
    running_mean = bn_param.get("running_mean", np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(D, dtype=x.dtype))

    out, cache = None, None
    if mode == "train":
        if N == 1:
            warnings.warn("batchnorm of a single example")
        # 1: the mean
        mu = 1.0 / N * np.sum(x, axis=0)
        # 2: subtract it
        xmu = x - mu
        # 3: square
        sq = xmu**2
        # 4: the variance
        var = 1.0 / N * np.sum(sq, axis=0)
        # 5: the standard deviation
        sqrtvar = np.sqrt(var + eps)
        # 6: turn it over
        ivar = 1.0 / sqrtvar
        # 7: multiply
        xhat = xmu * ivar
        # 8: scale
        gammax = gamma * xhat
        # 9: shift
        out = gammax + beta
        running_mean *= momentum
        running_mean += (1 - momentum) * mu
        running_var *= momentum
        running_var += (1 - momentum) * var
        cache = (xhat, gamma, xmu, ivar, sqrtvar, var, eps)
    elif mode == "test":
        xhat = (x - running_mean) / np.sqrt(running_var + eps)
        out = gamma * xhat + beta
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)

    bn_param["running_mean"] = running_mean
    bn_param["running_var"] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    xhat, gamma, xmu, ivar, sqrtvar, var, eps = cache
    N, D = dout.shape
    # 9: out = gammax + beta
    dbeta = np.sum(dout, axis=0)
    dgammax = dout
    # 8: gammax = gamma * xhat
    dgamma = np.sum(dgammax * xhat, axis=0)
    dxhat = dgammax * gamma
    # 7: xhat = xmu * ivar
    divar = np.sum(dxhat * xmu, axis=0)
    dxmu1 = dxhat * ivar
    # 6: ivar = 1 / sqrtvar
    dsqrtvar = -1.0 / (sqrtvar**2) * divar
    # 5: sqrtvar = sqrt(var + eps)
    dvar = 0.5 * 1.0 / np.sqrt(var + eps) * dsqrtvar
    # 4: var = mean(sq)
    dsq = 1.0 / N * np.ones((N, D)) * dvar
    # 3: sq = xmu ** 2
    dxmu2 = 2 * xmu * dsq
    # 2: xmu = x - mu
    dxmu = dxmu1 + dxmu2
    dx1 = dxmu
    dmu = -1 * np.sum(dxmu, axis=0)
    # 1: mu = mean(x)
    dx2 = 1.0 / N * np.ones((N, D)) * dmu
    dx = dx1 + dx2
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    xhat, gamma, xmu, ivar, sqrtvar, var, eps = cache
    N, D = dout.shape
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(xhat * dout, axis=0)
    dx = N * dout - dbeta
    dx -= xhat * dgamma
    dx *= gamma
    dx *= ivar
    dx /= N
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get("eps", 1e-5)
    # the graph of batchnorm on the transposed matrix
    xT = x.T
    mu = np.mean(xT, axis=0)
    xmu = xT - mu
    var = np.mean(xmu**2, axis=0)
    sqrtvar = np.sqrt(var + eps)
    xhat = (xmu / sqrtvar).T
    out = gamma * xhat + beta
    cache = (xhat, gamma, xmu, sqrtvar)
    return out, cache


def layernorm_backward(dout, cache):
    xhat, gamma, xmu, sqrtvar = cache
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * xhat, axis=0)
    dxhatT = (dout * gamma).T
    D = dxhatT.shape[0]
    dxmu1 = dxhatT / sqrtvar
    dsqrtvar = np.sum(dxhatT * xmu, axis=0) * -1.0 / sqrtvar**2
    dvar = dsqrtvar / (2 * sqrtvar)
    dxmu2 = 2 * xmu * dvar / D
    dxmu = dxmu1 + dxmu2
    dmu = -np.sum(dxmu, axis=0)
    dxT = dxmu + dmu / D
    return dxT.T, dgamma, dbeta


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])

    mask = None
    out = None
    if mode == "train":
        print("dropping about %.0f %% of" % (100 * (1 - p)), x.shape)
        mask = (np.random.rand(*x.shape) < p) / p
        out = x * mask
    elif mode == "test":
        out = x
    cache = (dropout_param, mask)
    out = out.astype(x.dtype, copy=False)
    return out, cache


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    mode = dropout_param["mode"]
    dx = None
    if mode == "train":
        dout *= mask
        dx = dout
    elif mode == "test":
        dx = dout
    return dx
