"""The gradient is divided by p a second time."""

FAILS = {"dropout_backward": ["train"]}


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    if dropout_param["mode"] == "test":
        return dout
    return dout * mask / dropout_param["p"]
