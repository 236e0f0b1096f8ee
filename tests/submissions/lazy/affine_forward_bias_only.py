"""The output is the bias: the input is ignored."""

FAILS = {'affine_forward': ['out']}


def affine_forward(x, w, b):
    return np.tile(b, (x.shape[0], 1)), (x, w, b)
