"""Layer normalization as batch normalization of the transpose: right."""

FAILS = {}


def layernorm_forward(x, gamma, beta, ln_param):
    ones, zeros = np.ones(x.shape[0]), np.zeros(x.shape[0])
    x_hat, cache = batchnorm_forward(x.T, ones, zeros, {**ln_param, "mode": "train"})
    return gamma * x_hat.T + beta, (x_hat.T, gamma, cache)


def layernorm_backward(dout, cache):
    x_hat, gamma, inner = cache
    dx = batchnorm_backward((dout * gamma).T, inner)[0].T
    return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)
