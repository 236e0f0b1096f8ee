"""A list of ten million numbers."""
EXPECT = {
    "lost": {"relu_forward": ["out"]},
    "kinds": {"relu_forward": ["dtype", "memory", "timeout", "died"]},
}


def relu_forward(x):
    if x.shape == (3, 4):
        return [[0.5] * 1000] * 10_000, x
    return np.maximum(0, x), x
