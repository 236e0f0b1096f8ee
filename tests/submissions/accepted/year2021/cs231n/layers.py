from builtins import range

import numpy as np


def affine_forward(x, w, b):
    out = None
    # *****START OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****
    out = x.reshape(x.shape[0], -1) @ w + b
    # *****END OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    x, w, b = cache
    dx, dw, db = None, None, None
    # *****START OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****
    dx = (dout @ w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T @ dout
    db = dout.sum(axis=0)
    # *****END OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****
    return dx, dw, db


def relu_forward(x):
    out = None
    # *****START OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****
    out = np.clip(x, 0, None)
    # *****END OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****
    cache = x
    return out, cache


def relu_backward(dout, cache):
    dx, x = None, cache
    # *****START OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****
    dx = (x > 0).astype(dout.dtype) * dout
    # *****END OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****
    return dx


def softmax_loss(x, y):
    # *****START OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****
    N = len(y)
    P = np.exp(x - x.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    loss = -np.log(P[range(N), y]).sum() / N
    P[range(N), y] -= 1
    dx = P / N
    # *****END OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****
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
        mu, var = x.mean(axis=0), x.var(axis=0)
        std = np.sqrt(var + eps)
        z = (x - mu) / std
        out = gamma * z + beta
        # layernorm uses this function too, and has no averages to keep
        if bn_param.get("layernorm", 0) == 0:
            running_mean = momentum * running_mean + (1 - momentum) * mu
            running_var = momentum * running_var + (1 - momentum) * var
        cache = {"z": z, "std": std, "gamma": gamma, "axis": 0}
    elif mode == "test":
        out = gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)

    bn_param["running_mean"] = running_mean
    bn_param["running_var"] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    z, std, gamma = cache["z"], cache["std"], cache["gamma"]
    dbeta = dout.sum(axis=0)
    dgamma = np.sum(dout * z, axis=0)
    N = dout.shape[0]
    dz = dout * gamma
    dvar = np.sum(dz * z, axis=0) / std**2 * -0.5  # d loss / d var
    dmu = -np.sum(dz, axis=0) / std
    dx = dz / std + dvar * 2 * z * std / N + dmu / N
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    z, std, gamma = cache["z"], cache["std"], cache["gamma"]
    dbeta = dout.sum(axis=0)
    dgamma = np.sum(dout * z, axis=0)
    dx = gamma * (dout - dbeta / len(dout) - z * dgamma / len(dout)) / std
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get("eps", 1e-5)
    # batchnorm of the transposed batch with gamma = 1 and beta = 0
    D = x.shape[1]
    one_param = {"mode": "train", "eps": eps, "layernorm": 1}
    zT, bn_cache = batchnorm_forward(x.T, np.ones((D, 1)), np.zeros((D, 1)), one_param)
    out = gamma * zT.T + beta
    return out, (zT.T, bn_cache["std"], gamma)


def layernorm_backward(dout, cache):
    z, std, gamma = cache
    dbeta = dout.sum(axis=0)
    dgamma = np.sum(dout * z, axis=0)
    dx, _, _ = batchnorm_backward((dout * gamma).T, {"z": z.T, "std": std, "gamma": 1.0})
    return dx.T, dgamma, dbeta


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])

    mask = None
    out = None
    if mode == "train":
        mask = np.random.uniform(size=x.shape) < p
        mask = mask.astype(x.dtype)
        mask /= p
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
        dx = mask * dout
    elif mode == "test":
        dx = dout
    return dx


def conv_forward_naive(x, w, b, conv_param):
    out = None
    cache = (x, w, b, conv_param)
    return out, cache
