"""Nothing is ever dropped."""

FAILS = {'dropout_forward': ['mask', 'keep_fraction', 'scale']}


def dropout_forward(x, dropout_param):
    mask = np.ones_like(x)
    return x * mask, (dropout_param, mask)
