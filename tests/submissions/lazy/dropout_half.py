"""Half of the units are kept, whatever p is."""

FAILS = {'dropout_forward': ['keep_fraction']}


def dropout_forward(x, dropout_param):
    mode, mask, out = dropout_param["mode"], None, x
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    if mode == "train":
        mask = (np.random.rand(*x.shape) < 0.5) / 0.5
        out = x * mask
    return out, (dropout_param, mask)
