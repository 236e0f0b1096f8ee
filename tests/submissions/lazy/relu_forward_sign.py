"""1 where the input is positive."""

FAILS = {'relu_forward': ['out']}


def relu_forward(x):
    return (x > 0).astype(x.dtype), x
