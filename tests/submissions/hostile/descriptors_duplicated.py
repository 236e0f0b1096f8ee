"""Duplicates every descriptor over every other one, in a right function."""
import os

EXPECT = {"lost": {"relu_forward": ["out"]}, "kinds": {"relu_forward": ["died", "timeout"]}}


def relu_forward(x):
    for number in range(3, 60):
        try:
            os.dup2(0, number)
        except OSError:
            pass
    return np.maximum(0, x), x
