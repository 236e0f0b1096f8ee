import numpy as np


def affine_forward(x, w, b): return x.reshape(len(x), -1).dot(w) + b, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    return dout.dot(w.T).reshape(x.shape), x.reshape(len(x), -1).T.dot(dout), dout.sum(0)


def relu_forward(x): return x * (x > 0), x


def relu_backward(dout, cache): return dout * (cache > 0)


def softmax_loss(x, y):
    p = np.exp(x - x.max(1)[:, None])
    p /= p.sum(1)[:, None]
    i = np.arange(len(x))
    loss = -np.log(p[i, y]).mean()
    p[i, y] -= 1
    return loss, p / len(x)


def _norm(x, gamma, beta, mu, var, eps):
    s = np.sqrt(var + eps)
    return gamma * (x - mu) / s + beta, ((x - mu) / s, s, gamma)


def batchnorm_forward(x, gamma, beta, bn_param):
    g, z = bn_param.get, np.zeros(x.shape[1], x.dtype)
    m, r = g("momentum", 0.9), (g("running_mean", z), g("running_var", z))
    now = (x.mean(0), x.var(0)) if bn_param["mode"] == "train" else r
    if bn_param["mode"] == "train": r = [m * old + (1 - m) * new for old, new in zip(r, now)]
    bn_param["running_mean"], bn_param["running_var"] = r
    return _norm(x, gamma, beta, *now, g("eps", 1e-5))


def _norm_backward(dout, cache, axis):
    h, s, gamma = cache
    g, mean = dout * gamma, lambda a: a.mean(axis, keepdims=True)
    return (g - mean(g) - h * mean(g * h)) / s, (dout * h).sum(0), dout.sum(0)


def batchnorm_backward(dout, cache): return _norm_backward(dout, cache, 0)


batchnorm_backward_alt = batchnorm_backward


def layernorm_forward(x, gamma, beta, ln_param):
    return _norm(x, gamma, beta, x.mean(1, keepdims=True), x.var(1, keepdims=True),
                 ln_param.get("eps", 1e-5))


def layernorm_backward(dout, cache): return _norm_backward(dout, cache, 1)


def dropout_forward(x, dropout_param):
    if "seed" in dropout_param: np.random.seed(dropout_param["seed"])
    p, train = dropout_param["p"], dropout_param["mode"] == "train"
    mask = (np.random.rand(*x.shape) < p) / p if train else 1.0
    return (x * mask).astype(x.dtype, copy=False), (dropout_param, mask)


def dropout_backward(dout, cache): return dout * cache[1]
