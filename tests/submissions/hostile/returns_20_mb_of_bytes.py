"""20 MB of uint8, which are 160 MB of int64; the other outputs stand."""
EXPECT = {
    "lost": {"affine_backward": ["dx"]},
    "kinds": {"affine_backward": ["dtype", "shape"]},
}


def affine_backward(dout, cache):
    x, w, b = cache
    dw = x.reshape(x.shape[0], -1).T.dot(dout)
    return np.zeros(20 * 1024**2, np.uint8), dw, dout.sum(axis=0)
