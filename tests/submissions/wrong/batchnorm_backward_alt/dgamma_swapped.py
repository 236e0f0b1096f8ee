"""dgamma sums dout times the output of the layer instead of the normalized x."""

FAILS = {"batchnorm_backward_alt": ["dgamma"]}


def batchnorm_backward_alt(dout, cache):
    centred, inv_std, gamma = cache
    n = dout.shape[0]
    x_hat = centred * inv_std
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx = gamma * inv_std * (dout - (dbeta + x_hat * dgamma) / n)
    return dx, (dout * gamma * x_hat).sum(axis=0), dbeta
