"""A warning for each of 5,000 numbers, written by every road that leads to stderr."""
import sys
import warnings

EXPECT = {"lost": {}}


def relu_forward(x):
    if x.shape == (9,):
        warnings.simplefilter("always")
        for number in range(5_000):
            warnings.warn(f"careful with {number}")
            print("careful", file=sys.__stderr__)
            np.array([number]) / 0
    return np.maximum(0, x), x
