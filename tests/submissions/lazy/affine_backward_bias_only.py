"""Only the gradient of the bias is worked out."""

FAILS = {'affine_backward': ['dx', 'dw']}


def affine_backward(dout, cache):
    x, w, b = cache
    return np.zeros_like(x), np.zeros_like(w), dout.sum(axis=0)
