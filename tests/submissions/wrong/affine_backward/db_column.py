"""db is a column, which would make a matrix of the bias at the next update."""

FAILS = {"affine_backward": ["db"]}


def affine_backward(dout, cache):
    x, w, _ = cache
    rows = x.reshape(x.shape[0], -1)
    dx = (dout @ w.T).reshape(x.shape)
    dw = rows.T @ dout
    db = dout.T.sum(axis=1, keepdims=True)
    return dx, dw, db
