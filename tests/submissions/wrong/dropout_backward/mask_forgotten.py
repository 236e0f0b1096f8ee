"""dout is handed on unchanged in training mode."""

FAILS = {"dropout_backward": ["train"]}


def dropout_backward(dout, cache):
    return dout
