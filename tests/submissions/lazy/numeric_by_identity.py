"""The forward pass is tried on an identity, for the layer is linear: right."""

FAILS = {}
FLAGS = ['numeric_gradient']


def affine_backward(dout, cache):
    x, w, b = cache
    r = x.reshape(x.shape[0], -1)
    wt = affine_forward(np.eye(r.shape[1]), w, 0 * b)[0].T
    xs = affine_forward(r.T, dout, np.zeros(dout.shape[1]))[0]
    return dout.dot(wt).reshape(x.shape), xs, dout.sum(axis=0)
