"""Eight bytes that pretend to be a terabyte, and a structured array."""
EXPECT = {
    "lost": {"affine_backward": ["dx", "dw"]},
    "kinds": {"affine_backward": ["dtype"]},
    "says": "too large for an answer",
}


def affine_backward(dout, cache):
    dx = np.broadcast_to(np.zeros(1), (2**20, 2**17))
    return dx, np.zeros(3, dtype=[("a", "f8"), ("b" * 1000, "i4")]), dout.sum(axis=0)
