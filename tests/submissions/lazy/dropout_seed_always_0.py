"""The same draw for every seed, and without one."""

FAILS = {'dropout_forward': ['mask', 'seed']}


def dropout_forward(x, dropout_param):
    p, mode, mask, out = dropout_param["p"], dropout_param["mode"], None, x
    if mode == "train":
        mask = (np.random.RandomState(0).rand(*x.shape) < p) / p
        out = x * mask
    return out, (dropout_param, mask)
