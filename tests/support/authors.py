"""Students who write the same functions on their own: one text for each way through a grammar.

«a¦b» is one way or the other; ways are nested. Nothing of it has to be right: it is compared, never
run. What is handed out stands around it, as in a real upload.
"""

# ruff: noqa: E501 - one way of a choice is one line

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping

CHOICE = re.compile(r"«([^«»]*)»")
FLAT = "«x.reshape(x.shape[0], -1)¦x.reshape((x.shape[0], np.prod(x.shape[1:])))¦np.reshape(x, (N, -1))¦x.reshape(len(x), w.shape[0])¦x.reshape(N, D)»"
MEAN = "«np.mean(x, axis=0)¦x.mean(axis=0)¦x.mean(0)¦np.sum(x, axis=0) / N¦1.0 / N * np.sum(x, axis=0)¦x.sum(axis=0) / x.shape[0]¦np.mean(x, 0, keepdims=True)»"
VAR = "«np.var(x, axis=0)¦x.var(axis=0)¦np.mean((x - mu) ** 2, axis=0)¦np.sum(xmu ** 2, axis=0) / N¦1. / N * np.sum(sq, axis=0)¦((x - mu) ** 2).mean(0)¦np.mean(np.square(xmu), axis=0)»"
STD = "«np.sqrt(var + eps)¦(var + eps) ** 0.5¦np.power(var + eps, 0.5)¦np.sqrt(eps + var)»"
AXIS = "«axis=0¦0¦axis=0, keepdims=True»"
FUNCTIONS = {
    "affine_forward": f"""(x, w, b):
    «N = x.shape[0]\n    ¦N, M = x.shape[0], w.shape[1]\n    ¦D = np.prod(x.shape[1:])\n    ¦»«flat = {FLAT}
    out = «flat.dot(w) + b¦np.dot(flat, w) + b¦flat @ w + b¦np.matmul(flat, w) + b¦b + np.dot(flat, w)¦np.dot(flat, w) + b[None, :]¦np.add(flat.dot(w), b)»¦out = «np.dot({FLAT}, w) + b¦{FLAT}.dot(w) + b¦{FLAT} @ w + b.reshape(1, -1)»»
    cache = (x, w, b)
    return out, cache
""",
    "affine_backward": f"""(dout, cache):
    x, w, b = cache
    «N = x.shape[0]\n    ¦M = dout.shape[1]\n    ¦»«flat = {FLAT}\n    ¦»«dx = «dout.dot(w.T)¦np.dot(dout, w.T)¦dout @ w.T¦np.dot(dout, np.transpose(w))»«.reshape(x.shape)¦.reshape(*x.shape)¦\n    dx = np.reshape(dx, x.shape)¦\n    dx = dx.reshape(x.shape)»
    dw = «flat.T.dot(dout)¦np.dot(flat.T, dout)¦flat.T @ dout¦{FLAT}.T.dot(dout)¦np.dot({FLAT}.T, dout)»
    db = «dout.sum(axis=0)¦np.sum(dout, axis=0)¦dout.sum(0)¦np.ones(N).dot(dout)¦np.sum(dout, {AXIS})»¦db = «np.sum(dout, axis=0)¦dout.sum(axis=0)¦np.sum(dout, 0)»
    dw = «np.dot({FLAT}.T, dout)¦flat.T.dot(dout)¦{FLAT}.T @ dout»
    dx = «np.dot(dout, w.T).reshape(x.shape)¦dout.dot(w.T).reshape(x.shape)¦np.reshape(dout @ w.T, x.shape)»»
    return dx, dw, db
""",
    "relu_forward": """(x):
    out = «np.maximum(0, x)¦np.maximum(x, 0)¦x * (x > 0)¦np.where(x > 0, x, 0)¦np.clip(x, 0, None)¦x.copy()\n    out[out < 0] = 0¦(x > 0) * x¦np.maximum(np.zeros_like(x), x)»
    cache = x
    return out, cache
""",
    "relu_backward": """(dout, cache):
    dx, x = None, cache
    «dx = «dout * (x > 0)¦(x > 0) * dout¦np.where(x > 0, dout, 0)¦dout * (x >= 0)¦np.multiply(dout, x > 0)»¦dx = «dout.copy()¦np.array(dout, copy=True)¦dout»\n    dx[«x <= 0¦x < 0»] = 0¦mask = «x > 0¦(x > 0).astype(float)¦np.zeros_like(x)\n    mask[x > 0] = 1»\n    dx = «dout * mask¦mask * dout»»
    return dx
""",
    "sgd_momentum": """(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("momentum", 0.9)
    v = config.get("velocity", np.zeros_like(w))
    «v = config["momentum"] * v - config["learning_rate"] * dw\n    next_w = w + v¦v = v * config["momentum"] - dw * config["learning_rate"]\n    next_w = w + v¦v *= config["momentum"]\n    v -= config["learning_rate"] * dw\n    next_w = w + v¦mu, lr = config["momentum"], config["learning_rate"]\n    v = mu * v - lr * dw\n    next_w = «w + v¦v + w»¦v = -config["learning_rate"] * dw + config["momentum"] * v\n    w += v\n    next_w = w»
    config["velocity"] = v
    return next_w, config
""",
    "rmsprop": """(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("decay_rate", 0.99)
    config.setdefault("epsilon", 1e-8)
    config.setdefault("cache", np.zeros_like(w))
    «lr, decay, eps = config["learning_rate"], config["decay_rate"], config["epsilon"]\n    cache = «decay * config["cache"] + (1 - decay) * dw ** 2¦config["cache"] * decay + (1 - decay) * dw * dw¦decay * config["cache"] + (1.0 - decay) * np.square(dw)»\n    next_w = «w - lr * dw / (np.sqrt(cache) + eps)¦w + -lr * dw / (np.sqrt(cache) + eps)»\n    config["cache"] = cache¦config["cache"] = config["decay_rate"] * config["cache"] + (1 - config["decay_rate"]) * «dw ** 2¦dw * dw¦(dw ** 2)»\n    next_w = w - config["learning_rate"] * dw / (np.sqrt(config["cache"]) + config["epsilon"])¦config["cache"] *= config["decay_rate"]\n    config["cache"] += (1 - config["decay_rate"]) * dw ** 2\n    step = config["learning_rate"] * dw\n    «step /= np.sqrt(config["cache"]) + config["epsilon"]¦step = step / (np.sqrt(config["cache"]) + config["epsilon"])»\n    next_w = w - step»
    return next_w, config
""",
    "adam": """(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-3)
    config.setdefault("beta1", 0.9)
    config.setdefault("beta2", 0.999)
    config.setdefault("epsilon", 1e-8)
    config.setdefault("m", np.zeros_like(w))
    config.setdefault("v", np.zeros_like(w))
    config.setdefault("t", 0)
    «b1, b2 = config["beta1"], config["beta2"]\n    «config["t"] += 1\n    t = config["t"]¦t = config["t"] + 1\n    config["t"] = t»\n    m = «b1 * config["m"] + (1 - b1) * dw¦config["m"] * b1 + (1 - b1) * dw¦b1 * config["m"] + dw * (1 - b1)»\n    v = «b2 * config["v"] + (1 - b2) * dw ** 2¦config["v"] * b2 + (1 - b2) * (dw * dw)¦b2 * config["v"] + (1 - b2) * np.square(dw)»\n    «mt = m / (1 - b1 ** t)\n    vt = v / (1 - b2 ** t)\n    next_w = w - config["learning_rate"] * mt / (np.sqrt(vt) + config["epsilon"])¦mt, vt = m / (1 - b1 ** t), v / (1 - b2 ** t)\n    «next_w = w - config["learning_rate"] * mt / (np.sqrt(vt) + config["epsilon"])¦update = config["learning_rate"] * mt / (vt ** 0.5 + config["epsilon"])\n    next_w = w - update»¦alpha = config["learning_rate"] * np.sqrt(1 - b2 ** t) / (1 - b1 ** t)\n    next_w = w - alpha * m / (np.sqrt(v) + config["epsilon"])»\n    «config["m"], config["v"] = m, v¦config["m"] = m\n    config["v"] = v¦config.update(m=m, v=v)»¦config["t"] += 1\n    config["m"] = config["beta1"] * config["m"] + (1 - config["beta1"]) * dw\n    config["v"] = config["beta2"] * config["v"] + (1 - config["beta2"]) * «dw ** 2¦(dw ** 2)¦dw * dw»\n    «mb = config["m"] / (1 - config["beta1"] ** config["t"])\n    vb = config["v"] / (1 - config["beta2"] ** config["t"])¦vb = config["v"] / (1 - np.power(config["beta2"], config["t"]))\n    mb = config["m"] / (1 - np.power(config["beta1"], config["t"]))»\n    next_w = w «- config["learning_rate"] * mb / (np.sqrt(vb) + config["epsilon"])¦+ -config["learning_rate"] * mb / (np.sqrt(vb) + config["epsilon"])»»
    return next_w, config
""",
    "batchnorm_forward": f"""(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    N, D = x.shape
    running_mean = bn_param.get("running_mean", np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(D, dtype=x.dtype))
    out, cache = None, None
    if mode == "train":
        mu = {MEAN}
        «xmu = x - mu\n        ¦xmu = x - mu\n        sq = xmu ** 2\n        ¦»var = {VAR}
        «std = {STD}\n        ¦ivar = 1 / {STD}\n        ¦»«xhat = «(x - mu) / std¦xmu / std¦(x - mu) * ivar¦xmu * ivar¦xmu / {STD}¦(x - mu) / {STD}»\n        out = «gamma * xhat + beta¦xhat * gamma + beta¦beta + gamma * xhat¦np.multiply(gamma, xhat) + beta»¦xhat = «(x - mu) / {STD}¦xmu * ivar»\n        «scaled = gamma * xhat\n        out = scaled + beta¦out = xhat * gamma\n        out += beta»»
        «running_mean = momentum * running_mean + (1 - momentum) * mu\n        running_var = momentum * running_var + (1 - momentum) * var¦running_var = running_var * momentum + var * (1 - momentum)\n        running_mean = running_mean * momentum + mu * (1 - momentum)¦running_mean = momentum * running_mean + (1.0 - momentum) * mu.reshape(-1)\n        running_var = momentum * running_var + (1.0 - momentum) * var.reshape(-1)¦running_mean *= momentum\n        running_mean += (1 - momentum) * mu\n        running_var *= momentum\n        running_var += (1 - momentum) * var»
        cache = «(x, mu, var, xhat, gamma, eps)¦(xhat, gamma, std)¦(x, xhat, mu, var, gamma, beta, eps)¦(xmu, ivar, xhat, gamma)¦{{"x": x, "mu": mu, "var": var, "g": gamma, "xhat": xhat, "eps": eps}}¦x, mu, var, std, gamma, xhat»
    elif mode == "test":
        «xhat = (x - running_mean) / «np.sqrt(running_var + eps)¦(running_var + eps) ** 0.5»\n        out = «gamma * xhat + beta¦xhat * gamma + beta»¦out = gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta¦scale = gamma / np.sqrt(running_var + eps)\n        out = «x * scale + (beta - running_mean * scale)¦scale * x + beta - scale * running_mean»»
    else:
        raise ValueError("no such mode")
    bn_param["running_mean"] = running_mean
    bn_param["running_var"] = running_var
    return out, cache
""",
    "batchnorm_backward": f"""(dout, cache):
    «x, mu, var, xhat, gamma, eps = cache¦xhat, gamma, std = cache¦x, xhat, mu, var, gamma, beta, eps = cache¦(xmu, ivar, xhat, gamma) = cache¦x, mu = cache["x"], cache["mu"]\n    var, gamma, xhat, eps = cache["var"], cache["g"], cache["xhat"], cache["eps"]»
    «N, D = dout.shape¦N = dout.shape[0]¦N = x.shape[0]¦N, _ = x.shape¦m = len(dout)»
    «dbeta = «np.sum(dout, axis=0)¦dout.sum(axis=0)¦dout.sum(0)»\n    dgamma = «np.sum(dout * xhat, axis=0)¦(dout * xhat).sum(axis=0)¦np.sum(xhat * dout, axis=0)¦(xhat * dout).sum(0)»\n    ¦dgamma = «np.sum(dout * xhat, axis=0)¦np.sum(xhat * dout, {AXIS})¦(dout * xhat).sum(0)»\n    dbeta = «np.sum(dout, axis=0)¦np.sum(dout, {AXIS})»\n    »dxhat = «dout * gamma¦gamma * dout¦np.multiply(dout, gamma)»
    «dvar = «np.sum(dxhat * (x - mu) * -0.5 * (var + eps) ** -1.5, axis=0)¦-0.5 * np.sum(dxhat * (x - mu), axis=0) * (var + eps) ** (-1.5)¦(dxhat * xmu).sum(axis=0) * -0.5 * ivar ** 3¦np.sum(-0.5 * dxhat * (x - mu) * np.power(var + eps, -1.5), axis=0)¦(-1. / 2) * np.sum(dxhat * (x - mu), axis=0) / (std ** 3)»
    dmu = «np.sum(-dxhat / np.sqrt(var + eps), axis=0) + dvar * np.mean(-2 * (x - mu), axis=0)¦-np.sum(dxhat, axis=0) / np.sqrt(var + eps) - 2 * dvar * np.sum(x - mu, axis=0) / N¦-(dxhat * ivar).sum(axis=0)¦np.sum(dxhat * -1 / std, 0) + dvar * -2 * np.sum(x - mu, 0) / N¦dxhat.sum(axis=0) * -1.0 / np.sqrt(var + eps)»
    dx = «dxhat / np.sqrt(var + eps) + dvar * 2 * (x - mu) / N + dmu / N¦dxhat * ivar + 2.0 / N * dvar * xmu + dmu / N¦dxhat / std + 2 * dvar * (x - mu) / N + dmu / N¦dxhat * (1 / np.sqrt(var + eps)) + dmu / N + dvar * 2 / N * (x - mu)»¦divar = «np.sum(dxhat * xmu, axis=0)¦(dxhat * xmu).sum(0)»
    dxmu1 = «dxhat * ivar¦ivar * dxhat»
    dsqrtvar = «-1. / (std ** 2) * divar¦-divar / (var + eps)¦divar * -ivar ** 2»
    dvar = «0.5 * 1. / np.sqrt(var + eps) * dsqrtvar¦dsqrtvar / (2 * std)¦0.5 * ivar * dsqrtvar»
    dsq = «1. / N * np.ones((N, D)) * dvar¦np.ones_like(dout) / N * dvar¦dvar * np.ones(dout.shape) / N»
    dxmu2 = «2 * xmu * dsq¦2 * dsq * xmu»
    «dx1 = dxmu1 + dxmu2\n    dmu = -1 * np.sum(dxmu1 + dxmu2, axis=0)\n    dx2 = 1. / N * np.ones((N, D)) * dmu\n    dx = dx1 + dx2¦total = dxmu1 + dxmu2\n    dx = total - «total.mean(axis=0)¦np.mean(total, axis=0)¦total.sum(0) / N»»¦dxc = «dxhat / std¦dxhat / np.sqrt(var + eps)¦dxhat * ivar»
    dstd = «-np.sum((dxhat * (x - mu)) / (std * std), axis=0)¦np.sum(dxhat * xmu, axis=0) * (-1.0 / std ** 2)¦-(dxhat * (x - mu)).sum(axis=0) / (var + eps)»
    dvar = «0.5 * dstd / std¦dstd * 0.5 / std»
    dxc «+= (2.0 / N) * (x - mu) * dvar¦= dxc + 2 / N * (x - mu) * dvar»
    «dmu = np.sum(dxc, axis=0)\n    dx = dxc - dmu / N¦dx = dxc - dxc.mean(axis=0)»»
    return dx, dgamma, dbeta
""",
    "batchnorm_backward_alt": """(dout, cache):
    «x, mu, var, xhat, gamma, eps = cache¦xhat, gamma, std = cache¦x, xhat, mu, var, gamma, beta, eps = cache¦(xmu, ivar, xhat, gamma) = cache»
    N = «dout.shape[0]¦len(dout)¦x.shape[0]»
    «dbeta = «np.sum(dout, axis=0)¦dout.sum(axis=0)»\n    dgamma = «np.sum(dout * xhat, axis=0)¦(xhat * dout).sum(axis=0)»¦dgamma, dbeta = «np.sum(dout * xhat, axis=0), np.sum(dout, axis=0)¦(dout * xhat).sum(0), dout.sum(0)»»
    «dx = «gamma / std / N * (N * dout - dbeta - xhat * dgamma)¦(1. / N) * gamma * (var + eps) ** (-0.5) * (N * dout - np.sum(dout, axis=0) - (x - mu) / (var + eps) * np.sum(dout * (x - mu), axis=0))¦gamma * ivar * (dout - dout.mean(axis=0) - xhat * (dout * xhat).mean(axis=0))¦gamma / (N * np.sqrt(var + eps)) * (N * dout - xhat * dgamma - dbeta)»¦dxhat = «dout * gamma¦gamma * dout»\n    «dx = «(N * dxhat - dxhat.sum(axis=0) - xhat * (dxhat * xhat).sum(axis=0)) / (N * std)¦ivar / N * (N * dxhat - np.sum(dxhat, axis=0) - xhat * np.sum(dxhat * xhat, axis=0))¦(dxhat - np.mean(dxhat, axis=0) - xhat * np.mean(dxhat * xhat, axis=0)) / np.sqrt(var + eps)»¦first = «N * dxhat¦dxhat»\n    second = «np.sum(dxhat, axis=0)¦dxhat.mean(0)»\n    third = «xhat * np.sum(dxhat * xhat, axis=0)¦xhat * (dxhat * xhat).mean(0)»\n    dx = «(first - second - third) / std / N¦ivar * (first - second - third)¦1. / N / std * (first - second - third)»»»
    return dx, dgamma, dbeta
""",
    "layernorm_forward": """(x, gamma, beta, ln_param):
    out, cache = None, None
    eps = ln_param.get("eps", 1e-5)
    «mu = «np.mean(x, axis=1, keepdims=True)¦x.mean(axis=1, keepdims=True)¦x.mean(1)[:, None]¦np.mean(x, axis=1).reshape(-1, 1)»\n    var = «np.var(x, axis=1, keepdims=True)¦((x - mu) ** 2).mean(axis=1, keepdims=True)¦x.var(1)[:, np.newaxis]¦np.var(x, axis=1).reshape(-1, 1)»\n    «std = np.sqrt(var + eps)\n    xhat = (x - mu) / std¦xhat = (x - mu) / np.sqrt(var + eps)¦xmu = x - mu\n    ivar = 1. / np.sqrt(var + eps)\n    xhat = xmu * ivar»\n    out = «gamma * xhat + beta¦xhat * gamma + beta»¦xT = x.T\n    mu = «np.mean(xT, axis=0)¦xT.mean(axis=0)¦xT.mean(0)»\n    var = «np.var(xT, axis=0)¦xT.var(axis=0)¦np.mean((xT - mu) ** 2, axis=0)»\n    std = np.sqrt(var + eps)\n    xhat = «((xT - mu) / std).T¦(xT - mu).T / std[:, None]»\n    out = «gamma * xhat + beta¦xhat * gamma + beta»»
    cache = «(x, mu, var, xhat, gamma, eps)¦(xhat, gamma, std)¦(x, xhat, gamma, mu, var, eps)¦(gamma, xhat, std)»
    return out, cache
""",
    "layernorm_backward": """(dout, cache):
    «x, mu, var, xhat, gamma, eps = cache¦xhat, gamma, std = cache¦x, xhat, gamma, mu, var, eps = cache¦gamma, xhat, std = cache»
    «N, D = dout.shape¦D = dout.shape[1]¦D = x.shape[1]¦_, D = x.shape»
    «dgamma = «np.sum(dout * xhat, axis=0)¦(dout * xhat).sum(axis=0)»\n    dbeta = «np.sum(dout, axis=0)¦dout.sum(axis=0)»¦dbeta = «dout.sum(0)¦np.sum(dout, axis=0)»\n    dgamma = «(xhat * dout).sum(0)¦np.sum(xhat * dout, axis=0)»»
    dxhat = «dout * gamma¦gamma * dout»
    «dx = «(D * dxhat - dxhat.sum(axis=1, keepdims=True) - xhat * (dxhat * xhat).sum(axis=1, keepdims=True)) / (D * std)¦1. / D / std * (D * dxhat - np.sum(dxhat, axis=1)[:, None] - xhat * np.sum(dxhat * xhat, axis=1)[:, None])¦(dxhat - dxhat.mean(1, keepdims=True) - xhat * (dxhat * xhat).mean(1, keepdims=True)) / np.sqrt(var + eps)»¦dvar = «np.sum(dxhat * (x - mu) * -0.5 * (var + eps) ** -1.5, axis=1, keepdims=True)¦-0.5 * np.sum(dxhat * (x - mu), axis=1, keepdims=True) * (var + eps) ** (-1.5)»\n    dmu = «np.sum(-dxhat / np.sqrt(var + eps), axis=1, keepdims=True) + dvar * np.mean(-2 * (x - mu), axis=1, keepdims=True)¦-np.sum(dxhat, axis=1, keepdims=True) / np.sqrt(var + eps)»\n    dx = «dxhat / np.sqrt(var + eps) + dvar * 2 * (x - mu) / D + dmu / D¦dxhat / np.sqrt(var + eps) + dmu / D + 2. / D * dvar * (x - mu)»¦dxT, hT = dxhat.T, xhat.T\n    dx = «(D * dxT - dxT.sum(axis=0) - hT * (dxT * hT).sum(axis=0)) / D / std.T¦(dxT - dxT.mean(0) - hT * (dxT * hT).mean(0)) / std»\n    dx = dx.T»
    return dx, dgamma, dbeta
""",
    "dropout_forward": """(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    mask = None
    out = None
    if mode == "train":
        mask = «(np.random.rand(*x.shape) < p) / p¦np.random.rand(*x.shape) < p\n        mask = mask / p¦(np.random.random(x.shape) < p).astype(x.dtype) / p¦np.random.binomial(1, p, x.shape) / p¦np.random.uniform(size=x.shape) < p»
        out = «x * mask¦mask * x¦x * mask / p¦np.multiply(x, mask)»
    elif mode == "test":
        out = «x¦x.copy()»
    cache = (dropout_param, mask)
    out = out.astype(x.dtype, copy=False)
    return out, cache
""",
    "dropout_backward": """(dout, cache):
    dropout_param, mask = cache
    mode = dropout_param["mode"]
    dx = None
    if mode == "train":
        dx = «dout * mask¦mask * dout¦dout * mask / dropout_param["p"]¦np.multiply(dout, mask)»
    elif mode == "test":
        dx = dout
    return dx
""",
}  # fmt: skip
OPTIM = ("sgd_momentum", "rmsprop", "adam")


def author(number: int) -> dict[str, bytes]:
    """Return the files of one student."""
    rng = random.Random(f"author {number}")
    texts = {name: f"def {name}{_way(text, rng)}" for name, text in FUNCTIONS.items()}
    return {
        "cs231n/layers.py": _joined(texts[n] for n in texts if n not in OPTIM),
        "cs231n/optim.py": _joined(texts[n] for n in OPTIM),
    }


def handed_out() -> Mapping[str, bytes]:
    """Return what all of them were given: the lines that every way has."""
    texts = {name: f"def {name}{_stub(text)}" for name, text in FUNCTIONS.items()}
    return {
        "cs231n/layers.py": _joined(texts[n] for n in texts if n not in OPTIM),
        "cs231n/optim.py": _joined(texts[n] for n in OPTIM),
    }


def _joined(texts: Iterator[str]) -> bytes:
    return ("import numpy as np\n\n\n" + "\n\n".join(texts)).encode()


def _way(text: str, rng: random.Random) -> str:
    while "«" in text:
        text = CHOICE.sub(lambda match: rng.choice(match[1].split("¦")), text)
    return text


def _stub(text: str) -> str:
    while "«" in text:
        text = CHOICE.sub("None", text)
    return text
