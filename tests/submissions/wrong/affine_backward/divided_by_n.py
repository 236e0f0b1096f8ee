"""dw and db are divided by the batch size a second time; the loss has done that."""

FAILS = {"affine_backward": ["dw", "db"]}


def affine_backward(dout, cache):
    x, w, _ = cache
    rows = x.reshape(x.shape[0], -1)
    dx = (dout @ w.T).reshape(x.shape)
    dw = rows.T @ dout / x.shape[0]
    db = dout.sum(axis=0) / x.shape[0]
    return dx, dw, db
