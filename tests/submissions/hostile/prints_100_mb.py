"""Prints 100 MB in a right function."""
EXPECT = {"lost": {}}


def relu_forward(x):
    line = "x" * 1_000_000
    for _ in range(25):
        print(line)
    return np.maximum(0, x), x
