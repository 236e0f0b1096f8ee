"""An assertion stops the function on purpose."""

FAILS = {"batchnorm_backward_alt": ["dx", "dgamma", "dbeta"]}


def batchnorm_backward_alt(dout, cache):
    centred, inv_std, gamma = cache
    assert False, "to do: not needed, batchnorm_backward works"
    n = dout.shape[0]
    x_hat = centred * inv_std
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx = gamma * inv_std * (dout - (dbeta + x_hat * dgamma) / n)
    return dx, dgamma, dbeta
