"""Right values, but the caller's x is overwritten: a warning by the rubric, no point lost."""
EXPECT = {"lost": {}, "warns": {"relu_forward": "x was changed in place"}}


def relu_forward(x):
    cache = x.copy()
    np.maximum(0, x, out=x)
    return x, cache
