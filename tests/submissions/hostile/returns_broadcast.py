"""A scalar, an extra axis and one row: all would broadcast to the right shape."""
EXPECT = {
    "lost": {"relu_forward": ["out"], "affine_backward": ["db"], "affine_forward": ["out"]},
    "kinds": {"relu_forward": ["shape"], "affine_forward": ["shape"]},
}


def relu_forward(x):
    return 0.5, x


def affine_forward(x, w, b):
    out = x.reshape(x.shape[0], -1).dot(w) + b
    return out[:1] if len(out) > 1 else np.tile(out, (2, 1)), (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    dw = x.reshape(x.shape[0], -1).T.dot(dout)
    return dout.dot(w.T).reshape(x.shape), dw, np.sum(dout)
