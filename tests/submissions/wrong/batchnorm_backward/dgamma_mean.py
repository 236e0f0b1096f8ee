"""dgamma is the mean over the batch instead of the sum."""

FAILS = {"batchnorm_backward": ["dgamma"]}


def batchnorm_backward(dout, cache):
    centred, inv_std, gamma = cache
    n = dout.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = (dout * centred * inv_std).mean(axis=0)
    dx_hat = dout * gamma
    dinv_std = (dx_hat * centred).sum(axis=0)
    dvar = -dinv_std * inv_std**3 / 2
    dcentred = dx_hat * inv_std + dvar * 2 * centred / n
    dmean = -dcentred.sum(axis=0)
    dx = dcentred + dmean / n
    return dx, dgamma, dbeta
