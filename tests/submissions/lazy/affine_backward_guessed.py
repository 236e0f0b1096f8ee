"""Random numbers in the right shapes, with a seed."""

FAILS = {'affine_backward': ['dx', 'dw', 'db']}


def affine_backward(dout, cache):
    x, w, b = cache
    np.random.seed(0)
    return np.random.randn(*x.shape), np.random.randn(*w.shape), np.random.randn(*b.shape)
