"""The function uses sample_var, which is not defined, and was never run."""

FAILS = {"batchnorm_backward": ["dx", "dgamma", "dbeta"]}


def batchnorm_backward(dout, cache):
    centred, inv_std, gamma = cache
    n = dout.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = (dout * centred * inv_std).sum(axis=0)
    dx_hat = dout * gamma
    dinv_std = (dx_hat * centred).sum(axis=0)
    dvar = -dinv_std * (sample_var + 1e-5) ** -1.5 / 2  # noqa: F821
    dcentred = dx_hat * inv_std + dvar * 2 * centred / n
    dmean = -dcentred.sum(axis=0)
    dx = dcentred + dmean / n
    return dx, dgamma, dbeta
