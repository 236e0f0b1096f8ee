"""The short formula forgets the sums over the batch."""

FAILS = {"batchnorm_backward_alt": ["dx"]}


def batchnorm_backward_alt(dout, cache):
    centred, inv_std, gamma = cache
    n = dout.shape[0]
    x_hat = centred * inv_std
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx = gamma * inv_std * (dout - (dout + x_hat * dout * x_hat) / n)
    return dx, dgamma, dbeta
