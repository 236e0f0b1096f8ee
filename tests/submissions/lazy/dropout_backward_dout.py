"""dout is handed on in both modes."""

FAILS = {'dropout_backward': ['train']}


def dropout_backward(dout, cache):
    return dout
