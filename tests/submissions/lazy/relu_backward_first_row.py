"""Right for the first ten rows."""

FAILS = {'relu_backward': ['dx']}


def relu_backward(dout, cache):
    dx = dout * (cache > 0)
    dx[10:] = dout[10:]
    return dx
