"""80 MB of float64 for a handful of numbers."""
EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["dtype", "shape"]},
          "says": "too large for an answer"}


def relu_forward(x):
    return np.zeros(10 * 1024**2), x
