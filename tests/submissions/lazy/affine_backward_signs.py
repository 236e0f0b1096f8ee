"""The signs of the right gradients."""

FAILS = {'affine_backward': ['dx', 'dw', 'db']}


def affine_backward(dout, cache):
    x, w, b = cache
    dx = dout.dot(w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T.dot(dout)
    return np.sign(dx), np.sign(dw), np.sign(dout.sum(axis=0))
