"""Closes every descriptor."""
import os

EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["died"]}}


def relu_forward(x):
    os.closerange(0, 1024)
    return np.maximum(0, x), x
