"""An output of zeros in the right shape; the right cache."""

FAILS = {'affine_forward': ['out']}


def affine_forward(x, w, b):
    return np.zeros((x.shape[0], w.shape[1])), (x, w, b)
