"""The gradient through the variance is missing from dx."""

FAILS = {"batchnorm_backward": ["dx"]}


def batchnorm_backward(dout, cache):
    centred, inv_std, gamma = cache
    n = dout.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = (dout * centred * inv_std).sum(axis=0)
    dx_hat = dout * gamma
    dcentred = dx_hat * inv_std
    dmean = -dcentred.sum(axis=0)
    dx = dcentred + dmean / n
    return dx, dgamma, dbeta
