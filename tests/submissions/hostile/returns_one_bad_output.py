"""One output of three is of nine dimensions; the other two are right and keep their points."""
EXPECT = {
    "lost": {"affine_backward": ["dx"]},
    "kinds": {"affine_backward": ["dtype", "shape"]},
}


def affine_backward(dout, cache):
    x, w, b = cache
    dw = x.reshape(x.shape[0], -1).T.dot(dout)
    return np.ones((2,) * 12), dw, dout.sum(axis=0)
