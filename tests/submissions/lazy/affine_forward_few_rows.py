"""Right for the first ten examples; the others get zeros."""

FAILS = {'affine_forward': ['out']}


def affine_forward(x, w, b):
    out = x.reshape(x.shape[0], -1) @ w + b
    out[10:] = 0
    return out, (x, w, b)
