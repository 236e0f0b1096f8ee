"""Test mode multiplies dout by p."""

FAILS = {"dropout_backward": ["test"]}


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    if dropout_param["mode"] == "test":
        return dout * dropout_param["p"]
    return dout * mask
