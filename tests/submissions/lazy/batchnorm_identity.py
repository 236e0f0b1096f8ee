"""Nothing is normalized: gamma x + beta, and its gradients."""

FAILS = {'batchnorm_forward': ['train', 'running', 'test', 'options'], 'batchnorm_backward': ['dx', 'dgamma'], 'batchnorm_backward_alt': ['dx', 'dgamma']}


def batchnorm_forward(x, gamma, beta, bn_param):
    bn_param["running_mean"] = bn_param["running_var"] = np.zeros(x.shape[1])
    return gamma * x + beta, (x, gamma)


def batchnorm_backward(dout, cache):
    x, gamma = cache
    return dout * gamma, (dout * x).sum(axis=0), dout.sum(axis=0)


def batchnorm_backward_alt(dout, cache):
    return batchnorm_backward(dout, cache)
