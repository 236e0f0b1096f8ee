"""Right for float64; what is float32 gets zeros."""

FAILS = {'affine_forward': ['out']}


def affine_forward(x, w, b):
    out = x.reshape(x.shape[0], -1) @ w + b
    return out if x.dtype == np.float64 else 0 * out, (x, w, b)
