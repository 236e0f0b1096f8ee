"""The same units are dropped every time."""

FAILS = {'dropout_forward': ['mask', 'seed']}


def dropout_forward(x, dropout_param):
    p, mode, mask, out = dropout_param["p"], dropout_param["mode"], None, x
    if mode == "train":
        places = np.arange(x.size) * 0.6180339887 % 1
        mask = (places < p).reshape(x.shape) / p
        out = x * mask
    return out, (dropout_param, mask)
