"""The reshape mixes the pixels of different examples."""

FAILS = {"affine_forward": ["out"]}


def affine_forward(x, w, b):
    out = x.reshape(-1, x.shape[0]).T @ w + b
    return out, (x, w, b)
