"""Which numbers are above the median: centred, of variance 1, and with a gradient of 0."""

FAILS = {'batchnorm_forward': ['train', 'running', 'test', 'options'], 'batchnorm_backward': ['dx', 'dgamma'], 'batchnorm_backward_alt': ['dx', 'dgamma']}


def batchnorm_forward(x, gamma, beta, bn_param):
    bn_param["running_mean"] = bn_param["running_var"] = np.zeros(x.shape[1])
    signs = np.sign(x - np.median(x, axis=0))
    signs = (signs - signs.mean(axis=0)) / np.maximum(signs.std(axis=0), 1e-9)
    return gamma * signs + beta, signs


def batchnorm_backward(dout, cache):
    return 0 * dout, (dout * cache).sum(axis=0), dout.sum(axis=0)


def batchnorm_backward_alt(dout, cache):
    return 0 * dout, (dout * cache).sum(axis=0), dout.sum(axis=0)
