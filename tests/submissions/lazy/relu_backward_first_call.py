"""The mask is that of the first call of the shape."""

FAILS = {'relu_backward': ['dx']}


def relu_backward(dout, cache, known={}):
    return dout * known.setdefault(cache.shape, cache > 0)
