"""One term is divided by the variance without eps."""

FAILS = {"batchnorm_backward_alt": ["dx"]}


def batchnorm_backward_alt(dout, cache):
    centred, inv_std, gamma = cache
    n = dout.shape[0]
    x_hat = centred * inv_std
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    var = 1 / inv_std**2 - 1e-5
    dx = gamma * inv_std * (dout - dbeta / n - centred * inv_std * dgamma / (n * var * inv_std**2))
    return dx, dgamma, dbeta
