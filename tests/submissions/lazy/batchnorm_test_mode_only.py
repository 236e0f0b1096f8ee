"""Test mode is right; training returns its input."""

FAILS = {'batchnorm_forward': ['train', 'running', 'options'], 'batchnorm_backward': ['dx', 'dgamma', 'dbeta'], 'batchnorm_backward_alt': ['dx', 'dgamma', 'dbeta']}


def batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get("eps", 1e-5)
    if bn_param["mode"] == "test":
        std = np.sqrt(bn_param["running_var"] + eps)
        return gamma * (x - bn_param["running_mean"]) / std + beta, None
    return x, None


def batchnorm_backward(dout, cache):
    return dout, np.zeros(dout.shape[1]), np.zeros(dout.shape[1])


def batchnorm_backward_alt(dout, cache):
    return dout, np.zeros(dout.shape[1]), np.zeros(dout.shape[1])
