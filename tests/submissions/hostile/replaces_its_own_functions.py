"""A right function to read, and another one that runs: by globals and by an attribute."""
EXPECT = {
    "lost": {"relu_forward": ["out"], "affine_forward": ["out"]},
    "flags": ["reaches_outside", "source_differs"],
}


def _identity(x):
    return x, x


def _zeros(x, w, b):
    return np.zeros((len(x), len(b))), (x, w, b)


globals()["relu_" + "forward"] = _identity
affine_forward = _zeros
