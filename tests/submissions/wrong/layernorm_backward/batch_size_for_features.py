"""The averages divide by the batch size instead of the number of features."""

FAILS = {"layernorm_backward": ["dx"]}


def layernorm_backward(dout, cache):
    x_hat, inv_std, gamma = cache
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx_hat = dout * gamma
    along = (dx_hat * x_hat).sum(axis=1, keepdims=True) / len(dout)
    dx = inv_std * (dx_hat - dx_hat.sum(axis=1, keepdims=True) / len(dout) - x_hat * along)
    return dx, dgamma, dbeta
