"""The bias is never added."""

FAILS = {"affine_forward": ["out"]}


def affine_forward(x, w, b):
    out = x.reshape(x.shape[0], -1) @ w
    return out, (x, w, b)
