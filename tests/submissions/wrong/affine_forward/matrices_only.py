"""Images are not flattened, so that only matrices can go in."""

FAILS = {"affine_forward": ["out"]}


def affine_forward(x, w, b):
    out = x @ w + b
    return out, (x, w, b)
