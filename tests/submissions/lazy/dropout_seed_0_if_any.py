"""The same draw for every seed."""

FAILS = {'dropout_forward': ['seed']}


def dropout_forward(x, dropout_param):
    p, mode, mask, out = dropout_param["p"], dropout_param["mode"], None, x
    if "seed" in dropout_param:
        np.random.seed(0)
    if mode == "train":
        mask = (np.random.rand(*x.shape) < p) / p
        out = x * mask
    return out, (dropout_param, mask)
