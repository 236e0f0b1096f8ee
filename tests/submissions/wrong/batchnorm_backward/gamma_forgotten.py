"""dout is not multiplied by gamma on its way to dx."""

FAILS = {"batchnorm_backward": ["dx"]}


def batchnorm_backward(dout, cache):
    centred, inv_std, _ = cache
    n = dout.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = (dout * centred * inv_std).sum(axis=0)
    dx_hat = dout
    dinv_std = (dx_hat * centred).sum(axis=0)
    dvar = -dinv_std * inv_std**3 / 2
    dcentred = dx_hat * inv_std + dvar * 2 * centred / n
    dmean = -dcentred.sum(axis=0)
    dx = dcentred + dmean / n
    return dx, dgamma, dbeta
