"""A fixed centred pattern and a hundredth of x, with the easy gradients of that."""

FAILS = {'batchnorm_forward': ['train', 'running', 'test', 'options'], 'batchnorm_backward': ['dx', 'dgamma'], 'batchnorm_backward_alt': ['dx', 'dgamma']}


def batchnorm_forward(x, gamma, beta, bn_param):
    bn_param["running_mean"] = bn_param["running_var"] = np.zeros(x.shape[1])
    pattern = np.where(np.arange(x.shape[0]) % 2, -1.0, 1.0)[:, None] * np.ones_like(x)
    pattern = pattern - pattern.mean(axis=0) + 0.01 * (x - x.mean(axis=0))
    return gamma * pattern + beta, (pattern, gamma)


def batchnorm_backward(dout, cache):
    pattern, gamma = cache
    d = 0.01 * dout * gamma
    return d - d.mean(axis=0), (dout * pattern).sum(axis=0), dout.sum(axis=0)


def batchnorm_backward_alt(dout, cache):
    return batchnorm_backward(dout, cache)
