"""Gradients of the first 20 columns; the others get zeros."""

FAILS = {'affine_backward': ['dx', 'dw']}


def affine_backward(dout, cache):
    x, w, b = cache
    dx = dout.dot(w.T)
    dx[:, 20:] = 0
    dw = x.reshape(x.shape[0], -1).T.dot(dout)
    dw[20:] = 0
    return dx.reshape(x.shape), dw, dout.sum(axis=0)
