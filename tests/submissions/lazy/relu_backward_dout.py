"""dout is handed on; the input is ignored."""

FAILS = {'relu_backward': ['dx']}


def relu_backward(dout, cache):
    return dout
