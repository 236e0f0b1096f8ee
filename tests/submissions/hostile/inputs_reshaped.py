"""Changes the shape of the caller's array in place."""
EXPECT = {"lost": {}, "warns": {"affine_forward": "x was changed in place"}}


def affine_forward(x, w, b):
    cache = (x.copy(), w, b)
    out = x.reshape(x.shape[0], -1).dot(w) + b
    if x.flags.c_contiguous:
        x.shape = (x.size,)
    return out, cache
