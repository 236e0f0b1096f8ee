"""A helper that both passes call, number by number: right, and nothing to look at."""

FAILS = {}


def dot(u, v):
    s = 0.0
    for p, q in zip(u, v):
        s += p * q
    return s
def affine_forward(x, w, b):
    r = x.reshape(x.shape[0], -1)
    return np.array([[dot(r[i], w[:, j]) + b[j] for j in range(w.shape[1])] for i in range(r.shape[0])]), (x, w, b)
def affine_backward(dout, cache):
    x, w, b = cache
    r = x.reshape(x.shape[0], -1)
    dx = np.array([[dot(dout[i], w[j]) for j in range(w.shape[0])] for i in range(r.shape[0])]).reshape(x.shape)
    dw = np.array([[dot(r[:, i], dout[:, j]) for j in range(w.shape[1])] for i in range(w.shape[0])])
    return dx, dw, dout.sum(axis=0)
