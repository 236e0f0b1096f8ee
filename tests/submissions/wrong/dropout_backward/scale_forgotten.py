"""The gradient goes through the zeros of the mask but not through its scale."""

FAILS = {"dropout_backward": ["train"]}


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    if dropout_param["mode"] == "test":
        return dout
    return dout * (mask > 0)
