"""Writes bytes that are no frame to every descriptor."""
import os

EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["died"]}}


def relu_forward(x):
    for number in range(3, 64):
        try:
            os.write(number, b"garbage " * 100)
        except OSError:
            pass
    return np.maximum(0, x), x
