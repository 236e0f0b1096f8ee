"""Object arrays, strings, generators and complex numbers are no answers; the others stand."""
EXPECT = {
    "lost": {"affine_backward": ["dx", "dw", "db"], "relu_backward": ["dx"]},
    "kinds": {"affine_backward": ["dtype"], "relu_backward": ["dtype"]},
    "says": "an array of dtype object",
}


def affine_backward(dout, cache):
    x, w, b = cache
    dx = dout.dot(w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T.dot(dout)
    return dx.astype(object), dw.astype(complex), dout.sum(axis=0).astype(str)


def relu_backward(dout, cache):
    if dout.ndim == 2:
        return (row for row in dout)
    return np.ma.masked_array(dout * (cache > 0)).astype(np.longdouble)
