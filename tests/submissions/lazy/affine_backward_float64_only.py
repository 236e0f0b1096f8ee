"""Right for float64; float32 gets zeros."""

FAILS = {'affine_backward': ['dx', 'dw', 'db']}


def affine_backward(dout, cache):
    x, w, b = cache
    k = 1.0 if dout.dtype == np.float64 else 0.0
    dx = k * dout.dot(w.T).reshape(x.shape)
    return dx, k * x.reshape(x.shape[0], -1).T.dot(dout), k * dout.sum(axis=0)
