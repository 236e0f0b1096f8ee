"""Whole numbers that wrap around at 32 bits, and sums in single precision."""
EXPECT = {
    "lost": {"relu_forward": ["out"], "affine_forward": ["out"]},
    "kinds": {"relu_forward": ["value"], "affine_forward": ["value"]},
}


def relu_forward(x):
    return (np.maximum(0, x) * 2**40).astype(np.int64).astype(np.int32) / 2**40, x


def affine_forward(x, w, b):
    out = np.zeros((x.shape[0], w.shape[1]), dtype=np.float32)
    for column, row in zip(x.reshape(x.shape[0], -1).T, w):
        out += np.float32(1e6) + np.outer(column, row).astype(np.float32) - np.float32(1e6)
    return (out + b).astype(np.float64), (x, w, b)
