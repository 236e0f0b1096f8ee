"""Remembers its first answer for each shape, and gives it for ever."""

FAILS = {'affine_forward': ['out']}


def affine_forward(x, w, b, known={}):
    key = (x.shape, w.shape)
    if key not in known:
        known[key] = x.reshape(x.shape[0], -1) @ w + b
    return known[key].copy(), (x, w, b)
