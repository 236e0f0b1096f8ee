"""Writes 20 MB to descriptors 1 and 2 and to the original stdout, in a right function."""
import os
import sys

EXPECT = {"lost": {}}


def relu_forward(x):
    for _ in range(20):
        os.write(1, b"x" * 1_000_000)
        os.write(2, b"x" * 1_000_000)
    sys.__stdout__.write("x" * 1000)
    return np.maximum(0, x), x
