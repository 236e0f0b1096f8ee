"""Remembers its first answer for each shape."""

FAILS = {'relu_forward': ['out']}


def relu_forward(x, known={}):
    return known.setdefault(x.shape, np.maximum(x, 0)).copy(), x
