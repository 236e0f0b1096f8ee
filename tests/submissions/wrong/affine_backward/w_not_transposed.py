"""dout is multiplied by w instead of its transpose, which only runs for square w."""

FAILS = {"affine_backward": ["dx", "dw", "db"]}


def affine_backward(dout, cache):
    x, w, _ = cache
    rows = x.reshape(x.shape[0], -1)
    dx = (dout @ w).reshape(x.shape)
    dw = rows.T @ dout
    db = dout.sum(axis=0)
    return dx, dw, db
