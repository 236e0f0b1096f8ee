"""Allocates 4 GB."""
EXPECT = {
    "lost": {"relu_forward": ["out"]},
    "kinds": {"relu_forward": ["memory"]},
    "says": "relu_forward ran out of memory (2 GB)",
}


def relu_forward(x):
    return np.maximum(0, x), np.ones(4 * 1024**3 // 8)
