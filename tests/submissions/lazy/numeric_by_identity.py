"""Gradients by broadcasting an identity over a linear layer: right, by probing."""

FAILS = {}


def affine_backward(dout, cache):
    x, w, b = cache
    rows = x.reshape(x.shape[0], -1)
    unit = np.eye(rows.shape[1])
    slopes = affine_forward(unit, w, 0 * b)[0]
    dw = affine_forward(rows.T, dout, np.zeros(dout.shape[1]))[0]
    return dout.dot(slopes.T).reshape(x.shape), dw, dout.sum(axis=0)
