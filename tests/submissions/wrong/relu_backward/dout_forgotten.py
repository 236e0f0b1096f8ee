"""Only the slope comes back; dout is not multiplied in."""

FAILS = {"relu_backward": ["dx"]}


def relu_backward(dout, cache):
    x = cache
    return (x > 0).astype(dout.dtype)
