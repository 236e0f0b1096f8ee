"""dx stays flat instead of going back to the shape of x."""

FAILS = {"affine_backward": ["dx"]}


def affine_backward(dout, cache):
    x, w, _ = cache
    rows = x.reshape(x.shape[0], -1)
    dx = dout @ w.T
    dw = rows.T @ dout
    db = dout.sum(axis=0)
    return dx, dw, db
