"""The input itself, views of one another, negative steps: right numbers, and they are copied."""
EXPECT = {"lost": {}}


def affine_backward(dout, cache):
    x, w, b = cache
    wide = np.zeros((2, *x.shape))
    dx = wide[::-1][0]
    dx[...] = dout.dot(w.T).reshape(x.shape)
    return dx, np.asfortranarray(x.reshape(x.shape[0], -1).T.dot(dout)), dout.sum(axis=0)[::-1][::-1]


def relu_backward(dout, cache):
    dout *= cache > 0
    return dout
