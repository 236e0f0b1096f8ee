"""dgamma and dbeta are right, dx is 0."""

FAILS = {'batchnorm_backward': ['dx'], 'batchnorm_backward_alt': ['dx']}


def batchnorm_forward(x, gamma, beta, bn_param):
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    mean, var = bn_param.get("running_mean", 0 * x[0]), bn_param.get("running_var", 0 * x[0])
    if bn_param["mode"] == "train":
        bn_param["running_mean"] = momentum * mean + (1 - momentum) * x.mean(axis=0)
        bn_param["running_var"] = momentum * var + (1 - momentum) * x.var(axis=0)
        mean, var = x.mean(axis=0), x.var(axis=0)
    x_hat = (x - mean) / np.sqrt(var + eps)
    return gamma * x_hat + beta, x_hat


def batchnorm_backward(dout, cache):
    return 0 * dout, (dout * cache).sum(axis=0), dout.sum(axis=0)


def batchnorm_backward_alt(dout, cache):
    return 0 * dout, (dout * cache).sum(axis=0), dout.sum(axis=0)
