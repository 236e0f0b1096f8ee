"""gamma and 1/N are missing in the last term."""

FAILS = {"batchnorm_backward_alt": ["dx"]}


def batchnorm_backward_alt(dout, cache):
    centred, inv_std, gamma = cache
    n = dout.shape[0]
    x_hat = centred * inv_std
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx = inv_std * (gamma * dout - gamma * dbeta / n - x_hat * dgamma)
    return dx, dgamma, dbeta
