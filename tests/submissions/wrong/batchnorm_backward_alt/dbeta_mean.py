"""dbeta is the mean over the batch instead of the sum."""

FAILS = {"batchnorm_backward_alt": ["dbeta"]}


def batchnorm_backward_alt(dout, cache):
    centred, inv_std, gamma = cache
    n = dout.shape[0]
    x_hat = centred * inv_std
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx = gamma * inv_std * (dout - (dbeta + x_hat * dgamma) / n)
    return dx, dgamma, dbeta / n
